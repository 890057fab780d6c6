/* program: a compiled program's own headers: which parts of its file are what. ELF, PE, Mach-O of
 * one architecture. Inside eco only. */
#pragma once
#include "base/bytes.h"
#include "base/cursor.h"
#include "pkg/program_format.h"

/* Bytes from its start that hold all headers but ELF's sections. */
#define PROGRAM_PREFIX_LEN 8192U
#define PROGRAM_PARTS_MAX 96U /* real ones have under 40; the rest is not looked at */
#define PROGRAM_NOTES_MAX 4U  /* segments of notes of ELF: real ones have up to three */

struct program_part {
	struct bytes name; /* of a section of PE or Mach-O; borrows from the file */
	uint64_t addr;	   /* in memory */
	uint64_t off, len; /* in the file */
	bool is_section;   /* lies in a part that is no section */
	bool is_executable;
	bool is_writable; /* of ELF's */
};

struct program {
	enum program_format format;
	struct bytes file;
	bool big, is_64;
	uint64_t section_off; /* ELF: the table of sections */
	unsigned section_count, section_len, names;
	struct program_part parts[PROGRAM_PARTS_MAX];
	size_t part_count;
	struct program_part notes[PROGRAM_NOTES_MAX]; /* ELF */
	size_t note_count;
	bool has_more_notes;
	uint64_t loaded_end; /* ELF: where what is loaded ends in the file; names of sections lie
				behind it */
};

/* The headers in file, which may be a prefix of one: of ELF the segments, of PE the sections, of
 * Mach-O segments and sections. False: it is no program, or its headers are not all there. */
bool program_open(struct bytes file, struct program *ret);
/* Where what is loaded ends in the file, by the segments or sections that are known. */
uint64_t program_end(const struct program *p);
/* Where the first part begins that the program may write to; where none does, program_end. */
uint64_t program_data(const struct program *p);
/* Where ELF's table of sections ends, which nearly always is the last of the file; else 0. */
uint64_t program_sections_end(const struct program *p);
/* What len bytes at an address are in the file; empty: not all of them are. */
struct bytes program_at(const struct program *p, uint64_t addr, uint64_t len);
/* The section of that name, in a whole file; empty: there is none. */
struct bytes program_section(const struct program *p, const char *name);
/* Is this the string at off of a table of strings, each ended by a zero? However long the rest is,
 * no more than name is looked at: there may be a million symbols. */
bool program_is_named(struct bytes table, uint64_t off, const char *name);
/* An unsigned number of 2, 4 or 8 bytes in the program's byte order. */
uint64_t program_number(const struct program *p, struct cursor *c, unsigned len);
