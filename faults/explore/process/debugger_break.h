/* SPDX-License-Identifier: MIT */
/* Breakpoints that are in a program for a debugger: for ptrace_events.c only.
 *
 * A test framework such as doctest looks whether it is traced, and then executes a breakpoint at each assertion that
 * fails, so that a debugger shows it. Without a tracer it goes on, and so it does here: a tracer that is no debugger
 * passes over the breakpoint.
 */
#ifndef NOMEM_DEBUGGER_BREAK_H
#define NOMEM_DEBUGGER_BREAK_H

#include <stdbool.h>
#include <sys/types.h>

struct nomem__tree;

/* Whether the thread, which has stopped at SIGTRAP, has come to one: its module looks whether it is traced, nothing
 * catches the signal, and the tree's callback says that it is nobody's bug. */
bool nomem__is_debugger_break(const struct nomem__tree *tree, pid_t tid);

#endif
