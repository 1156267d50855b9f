/* SPDX-License-Identifier: MIT */
/* The statements that the filters of system calls are made of. */
#ifndef NOMEM_FILTER_WORDS_H
#define NOMEM_FILTER_WORDS_H

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, member))
#define RETURN(value) BPF_STMT(BPF_RET | BPF_K, value)

#endif
