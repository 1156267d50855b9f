/* SPDX-License-Identifier: MIT */
/* A library whose own relocation needs the resolver of early_lib.c: it is relocated after that one and before whatever
 * is preloaded. */
int early_answer(void);
extern int (*const early_table)(void);
int (*const early_table)(void) = early_answer;
