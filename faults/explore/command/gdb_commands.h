/* SPDX-License-Identifier: MIT */
/* What a debugger is to do before its user types anything. */
#ifndef NOMEM_GDB_COMMANDS_H
#define NOMEM_GDB_COMMANDS_H

#define NOMEM_GDB_COMMANDS_PATH_BYTES 48

/* Makes a file of gdb commands that have gdb stop wherever a call is about to fail, in the frame of the code that makes
 * it. The file is open in this process and in whatever it becomes, and has no name but this path. Returns 0 or a
 * negative error code. */
int nomem__gdb_commands_make(char path[NOMEM_GDB_COMMANDS_PATH_BYTES]);

#endif
