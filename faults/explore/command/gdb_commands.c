/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "gdb_commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* nomem_fault is called some frames below the call that fails, and that may be one that a function of the C library
 * makes. A gdb without Python stays in nomem_fault, with a line that it has none. */
static const char commands[] =
    "set breakpoint pending on\n"
    "break nomem_fault\n"
    "python\n"
    "import os\n"
    "nomem_calls = ('malloc', 'calloc', 'realloc', 'reallocarray', 'memalign', 'aligned_alloc', 'posix_memalign',\n"
    "               'valloc', 'pvalloc', 'free')\n"
    "nomem_libraries = ('libnomem', 'libc.so', 'libc-', 'libstdc++', 'libc++', 'libgcc_s', 'ld-linux')\n"
    "def nomem_is_below(frame):\n"
    "  name = frame.name() or ''\n"
    "  table = frame.find_sal().symtab\n"
    "  return (os.path.basename(gdb.solib_name(frame.pc()) or '').startswith(nomem_libraries)\n"
    "          or (table is not None and '/faults/inject/' in '/' + table.filename)\n"
    "          or name.startswith(('nomem', 'operator new')) or name in nomem_calls)\n"
    "def nomem_show_call():\n"
    "  frame = gdb.newest_frame()\n"
    "  while frame is not None and nomem_is_below(frame):\n"
    "    frame = frame.older()\n"
    "  if frame is not None:\n"
    "    frame.select()\n"
    "  print('nomem: the call is made here (continue: what comes of it)')\n"
    "  gdb.execute('frame')\n"
    "end\n"
    "commands\n"
    "  silent\n"
    "  python nomem_show_call()\n"
    "end\n";

int nomem__gdb_commands_make(char path[NOMEM_GDB_COMMANDS_PATH_BYTES]) {
  int fd = memfd_create("nomem-gdb-commands", 0);
  if (fd < 0) return -errno;
  snprintf(path, NOMEM_GDB_COMMANDS_PATH_BYTES, "/proc/%d/fd/%d", (int)getpid(), fd);
  return write(fd, commands, strlen(commands)) == (ssize_t)strlen(commands) ? 0 : -EIO;
}
