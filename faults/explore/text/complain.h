/* SPDX-License-Identifier: MIT */
/* How the command says what is wrong: one line on standard error. */
#ifndef NOMEM_COMPLAIN_H
#define NOMEM_COMPLAIN_H

/* Prints "nomem: ", the message and a line end to standard error. Text of the user's goes in through nomem__quote. */
__attribute__((format(printf, 1, 2))) void nomem__complain(const char *format, ...);

#endif
