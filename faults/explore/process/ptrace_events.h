/* SPDX-License-Identifier: MIT */
/* What is done when a process or thread of a tree stops, dies or appears: for process_tree.c only. */
#ifndef NOMEM_PTRACE_EVENTS_H
#define NOMEM_PTRACE_EVENTS_H

#include <sys/resource.h>

#include "tree_state.h"

/* A thread has changed its state, as wait4 says. */
void nomem__ptrace_handle(struct nomem__trees *trees, pid_t tid, int status, const struct rusage *usage);

/* Makes a new thread or process a tracee of the tree, and lets it run if it has stopped before. */
void nomem__ptrace_claim(struct nomem__tree *tree, pid_t tid);

/* Lets a process begin that is stopped because it has just executed a program. */
void nomem__ptrace_begin(struct nomem__tree *tree, pid_t pid);

/* Stops the threads whose stacks are sampled next; kills the tree when there are none, or when they do not stop. */
void nomem__ptrace_sample(struct nomem__tree *tree);

#endif
