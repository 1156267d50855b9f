/* Processes of a run that is not traced, once their parents are gone. */
#ifndef NOMEM_STRAYS_H
#define NOMEM_STRAYS_H

#include <sys/types.h>

/* Kills the process group of root, and every process that was started with this entry in its environment (NULL: none
 * was) and has become the command's own child, which as a subreaper it does. */
void nomem__kill_strays(pid_t root, const char *channel_entry);

#endif
