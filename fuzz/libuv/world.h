/* SPDX-License-Identifier: MIT */
/* What an input's steps share: the loop, the private directory, and the one way to make a call of libuv. */
#ifndef NOMEM_FUZZ_LIBUV_WORLD_H
#define NOMEM_FUZZ_LIBUV_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/fuzz.h"

enum { WORLD_PATH_BYTES = 128, WORLD_FILE_BYTES = 64, WORLD_BUFS_MAX = 8 };

/* Where each input's directory is made. Called once; removed at exit. */
void world_prepare(void);

/* The directory of this input holds: f (WORLD_FILE_BYTES of the pattern of seed 1), l (a link to f), d (with a, b, c).
 * The environment is the same on every machine. */
void world_begin(const char *plan);

/* Drains and closes the loop. Fails the input when something keeps it alive, or a descriptor or a block leaked. */
void world_end(void);

extern uv_loop_t world_loop;

/* Writes the path of name in this input's directory; "" is the directory. */
void world_path(char path[WORLD_PATH_BYTES], const char *name);

/* A call on libuv, from start to end: it waits for what it started and closes what it opened, whatever happens. Returns
 * 0 or libuv's error. */
typedef int (*world_call)(void *argument);

/* Makes the call, which must return wanted; or, when a fault was injected during it, UV_ENOMEM, and then wanted when it
 * is made again with enough memory. */
void world_try(const char *what, world_call call, void *argument, int wanted);

/* The same judgement for a call that was made already: true when it must be made again. before is memory_faults() from
 * before the call. */
bool world_judge(const char *what, int result, int wanted, uint64_t before);

/* Runs the loop until *done. Fails the input when that does not come about. */
void world_wait(const char *what, const bool *done);

/* Waits until the pool has done, and the loop has heard of, all that was asked of it before. */
void world_settle(void);

/* Closes an initialised handle and waits until it is closed; the handle's data is not kept. */
void world_close(void *handle);

#endif
