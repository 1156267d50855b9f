/* SPDX-License-Identifier: MIT */
/* The standard input that tests have when they begin. What a pipe has is gone when the test has read it, and a file may
 * be written anew for the next test, so both are copied, before the test reads anything. */
#ifndef NOMEM_RECORDED_INPUT_H
#define NOMEM_RECORDED_INPUT_H

#include <stdbool.h>
#include <sys/types.h>

#include "recording.h"

/* Notes the input of a process that is stopped before its first instruction. Returns -1; or a descriptor of the
 * caller's, from which nomem__input_take is to take what the pipe has. */
int nomem__input_note(struct nomem__recording *recording, struct nomem__recorded_image *image, pid_t pid);

/* The same of the command's own input. */
int nomem__input_note_own(struct nomem__recording *recording, struct nomem__recorded_image *image);

/* Copies what the pipe has, once nobody writes to it any more. Returns whether that is settled: it is copied, or is too
 * much. */
bool nomem__input_take(struct nomem__recording *recording, struct nomem__recorded_image *image, int pipe);

/* When the runner has ended: where a file is not as it was when the test read it, the test is to have the copy. */
void nomem__inputs_settle(struct nomem__recording *recording);

/* Whether two images that have the same program and words read the same. */
bool nomem__input_is_same(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other);

/* Where copies are kept: beside the store, of which this is the absolute path; NULL: there is none, so they are in a
 * folder that is made where temporary files are. The caller's path. */
char *nomem__inputs_choose(const char *store, bool *is_temporary);

/* Writes a copy to a file of the folder, which is made if it is not there. Returns the caller's path of the file; NULL:
 * errno says why there is none. */
char *nomem__input_write(const struct nomem__input_text *text, const char *folder);

/* Removes the folder with all copies in it. */
void nomem__inputs_remove(const char *folder);

#endif
