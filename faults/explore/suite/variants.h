/* SPDX-License-Identifier: MIT */
/* The environments that one command was started in. A suite may test a program several times by the same words, and say
 * by a variable what is tested: these are tests of their own. Most of what differs from one start to the next says
 * nothing of the kind: the name of a temporary folder, a port, the number of the test. Pure. */
#ifndef NOMEM_VARIANTS_H
#define NOMEM_VARIANTS_H

#include "suite_cases.h"

/* Whether two starts of the same command are the same test, by their variables. */
bool nomem__variants_are_same(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other);

/* Whether two starts have the same command, folder and input but for the names of temporary files in them; and, if the
 * folder of the first is gone, but for numbers and hashes in the names of the folder. */
bool nomem__variants_are_similar(const struct nomem__recorded_image *one, const struct nomem__recorded_image *other,
                                 bool is_gone);

/* What tells a case from those of so many that have the same command: "NAME=value" of each variable in which any two of
 * them differ, by name, as words of a shell; "without NAME" where it was taken away; of what may be a secret the name
 * alone. Absolute paths are shortened as seen from the folder. The caller's; "": it has none of these variables; NULL:
 * no other has the same command. */
char *nomem__variant_describe(const struct nomem__suite_case *cases, size_t count, size_t number, const char *folder);

#endif
