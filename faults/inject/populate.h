/* SPDX-License-Identifier: MIT */
/* Pages of the injector's own, given by the kernel many at a time. */
#ifndef NOMEM_POPULATE_H
#define NOMEM_POPULATE_H

#include <stddef.h>

#include "injector.h"

/* Has the kernel provide the pages of a mapping that is private and writable, as if each had been written to. A page
 * fault takes as long as ten pages and more, in a virtual machine above all. Where the kernel cannot (before Linux
 * 5.14), pages come one by one as ever. errno stays as it was. Any thread. */
NOMEM_HIDDEN void nomem__populate(const void *from, size_t bytes);

#endif
