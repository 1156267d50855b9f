/* SPDX-License-Identifier: MIT */
/* Names that a program makes up anew in each run: with the number of a process or the time in them, hashes of those, or
 * the letters that mkstemp puts in. Pure. */
#ifndef NOMEM_VARYING_NAMES_H
#define NOMEM_VARYING_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for the path of a file that a program creates; a longer one is not compared with others. */
#define NOMEM__CREATED_PATH_BYTES 1024

/* Whether a program may have given both paths to the same file, in two runs: numbers in them, and letters that mkstemp
 * makes, may differ. */
bool nomem__names_are_similar(const char *one, const char *two);

/* Writes path with an asterisk in place of each part that differs in other, the name of the same file in a second run.
 * Where other is NULL or not similar, or the pattern does not fit, it is path itself, cut to what fits. */
void nomem__names_pattern(const char *path, const char *other, char *pattern, size_t pattern_bytes);

/* The same for all names that one program gives the file; other as above. Never 0. */
uint64_t nomem__names_hash(const char *path, const char *other);

#endif
