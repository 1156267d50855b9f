/* SPDX-License-Identifier: MIT */
/* The documents of the cases that are explored are put aside, as text in a file in memory, until the report is made:
 * what the command has in memory of its own is copied for each of the thousands of processes that are forked. */
#ifndef NOMEM_SET_ASIDE_H
#define NOMEM_SET_ASIDE_H

#include <stddef.h>

#include "case_process.h"

/* Where in the text a document is. No bytes: it was not put aside. */
struct nomem__set_aside_piece {
  size_t at, bytes;
};

struct nomem__set_aside {
  int fd; /* -1: there is no such file, and documents stay where they are */
  size_t bytes;
  struct nomem__set_aside_piece *pieces; /* one of each case */
};

void nomem__set_aside_open(struct nomem__set_aside *aside, size_t cases);

/* Frees the document of a case whose text could be written; keeps any other. */
void nomem__set_aside_put(struct nomem__set_aside *aside, size_t number, struct nomem__case_result *result);

/* Brings back the documents of so many cases, and closes the file. What cannot be read again counts as broken. */
void nomem__set_aside_take_all(struct nomem__set_aside *aside, struct nomem__case_result *results, size_t count);

#endif
