/* program_format (program_): which files are compiled programs, by what they begin with. */
#pragma once
#include "base/bytes.h"

#define PROGRAM_HEAD_LEN 64U /* bytes that decide; a shorter file is none */

enum program_format { PROGRAM_NONE, PROGRAM_ELF, PROGRAM_PE, PROGRAM_MACH, PROGRAM_FAT };
enum program_format program_format_of(struct bytes head);
