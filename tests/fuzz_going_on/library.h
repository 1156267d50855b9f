/* SPDX-License-Identifier: MIT */
#ifndef LIBRARY_H
#define LIBRARY_H

#include <stddef.h>
#include <stdint.h>

struct collector;

struct collector *collector_new(void);                                            /* NULL: no memory */
int collector_add(struct collector *collector, const uint8_t *data, size_t size); /* 0, or -1 when there is no memory */
char *collector_name(const struct collector *collector);                          /* the caller's; NULL: no memory */
void collector_delete(struct collector *collector);
void collector_forget(void); /* what is kept of the last one */

#endif
