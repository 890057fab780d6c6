/* program_scan: what a compiled program states, found while its bytes go by once, front to back.
 * Memory does not depend on the program's size. docs/decisions/programs.md */
#pragma once
#include "base/buf.h"
#include "eco/bundle.h"
#include "eco/go_names.h"
#include "eco/program.h"
#include "eco/program_note.h"
#include "eco/word.h"

struct program_scan {
	uint8_t prefix[PROGRAM_PREFIX_LEN];
	size_t prefix_len;
	bool started; /* the prefix was looked at */
	struct program program;
	bool whole;		 /* its headers are not understood: all of it is looked at */
	uint64_t off;		 /* of the next byte */
	bool gathering, is_sure; /* what is gathered is what it is taken for */
	struct buf excerpt;	 /* Go's build information, from its magic on */
	uint64_t need;		 /* bytes of it, as far as is known */
	struct go_names names;
	struct program_note note;
	struct bundle bundle;
	struct eco_word rust, svm_front, svm_end;
	/* results, after program_scan_end */
	bool has_excerpt;  /* what Go 1.18 and later write is in excerpt, all of it */
	bool has_pointers; /* what Go 1.13 to 1.17 write: the whole file is needed */
	bool has_svm;	   /* perhaps a bill of materials of GraalVM's: the whole file is needed */
	bool has_rust;	   /* a section of cargo-auditable's: the whole file is needed */
	bool is_cut;	   /* Go's build information is not all there, or too large */
};

void program_scan_init(struct program_scan *s);
void program_scan_free(struct program_scan *s);
void program_scan_feed(struct program_scan *s, struct bytes b);
/* The program's end. False: out of memory. */
bool program_scan_end(struct program_scan *s);
