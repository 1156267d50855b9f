/* SPDX-License-Identifier: MIT */
/* CTest calls a memory checker as it calls valgrind: the name of the log comes first, then options, then the test. */
#ifndef NOMEM_MEMORY_CHECKER_H
#define NOMEM_MEMORY_CHECKER_H

/* If nomem was called so, returns the command line that means the same to nomem, ended by NULL, with *argc words: a
 * list of the caller's, whose words are argv's. In any other case returns NULL. Of valgrind's own options those that
 * nomem has, too, are kept, and all others left out. A command that is named after the log ("explore") is taken at its
 * word. */
char **nomem__memory_checker_words(int *argc, char **argv);

#endif
