/* ballast: a file that holds bytes of the disk for the day it is full. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

/* Make the file, its bytes allocated, unless it is there. Nothing half done on failure. */
int ballast_keep(const char *path, uint64_t size, struct err *e);
/* Give the bytes back: true = there were some. */
bool ballast_drop(const char *path);
