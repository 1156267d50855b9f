/* SPDX-License-Identifier: MIT */
/* Three bugs are planted in parts.c, each behind an IF_CLEAN. CLEAN: none is. */
#ifndef PLANTED_H
#define PLANTED_H

#ifdef CLEAN
#define IF_CLEAN(statement) statement
#else
#define IF_CLEAN(statement)
#endif

#endif
