/* What a process still has when it comes to its end: as many numbers as tell one end from another. */
#ifndef NOMEM_ENDING_H
#define NOMEM_ENDING_H

#include "injector.h"

/* Writes to the channel how many descriptors are open and threads run, and whether there are child processes that
 * nobody has waited for. For the process whose end the command looks at; others do nothing. */
NOMEM_HIDDEN void nomem__note_end(void);

#endif
