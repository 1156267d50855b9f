/* SPDX-License-Identifier: MIT */
/* How the command says what is wrong: one line on standard error. */
#ifndef NOMEM_COMPLAIN_H
#define NOMEM_COMPLAIN_H

/* Prints "nomem: ", the message and a line end to standard error. Whatever text has come
 * into the message, it stays one line, and drives no terminal; a name that may have blanks goes in by nomem__quote. */
__attribute__((format(printf, 1, 2))) void nomem__complain(const char *format, ...);

#endif
