/* program_note: the note of an ELF program that says which package it is of, found while the
 * program goes by. */
#pragma once
#include "eco/program.h"

/* Bytes of a segment of notes that are looked at: real ones have 500. */
#define PROGRAM_NOTE_LEN 4096U

struct program_note {
	struct program_part segments[PROGRAM_NOTES_MAX];
	uint8_t v[PROGRAM_NOTES_MAX][PROGRAM_NOTE_LEN];
	size_t len[PROGRAM_NOTES_MAX];
	size_t count;
	bool is_cut; /* there are more */
	bool big;    /* the program's byte order */
};
/* Of a program whose headers were read. */
void program_note_init(struct program_note *n, const struct program *p);
/* The bytes of the file from off on, which follow those before. */
void program_note_feed(struct program_note *n, struct bytes b, uint64_t off);
/* What the note says, JSON; empty: there is none. Borrows from n. */
struct bytes program_note_find(const struct program_note *n, bool *ret_is_cut);
