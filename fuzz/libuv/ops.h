/* SPDX-License-Identifier: MIT */
/* The steps. Each closes everything it has opened before it returns, except for the handles in slots. */
#ifndef NOMEM_FUZZ_LIBUV_OPS_H
#define NOMEM_FUZZ_LIBUV_OPS_H

#include "libuv/world.h"

/* ops_loop.c: handles that live on from step to step. */
void op_slot_init(struct fuzz_step step);
void op_slot_start(struct fuzz_step step);
void op_slot_stop(struct fuzz_step step);
void op_slot_close(struct fuzz_step step);
void op_run(struct fuzz_step step);
void op_walk(struct fuzz_step step);
void op_extra_loop(struct fuzz_step step);
void ops_close_slots(void);

/* ops_fs.c */
void op_fs(struct fuzz_step step);
void op_fs_batch(struct fuzz_step step);
void op_directory(struct fuzz_step step);

/* ops_watch.c */
void op_fs_poll(struct fuzz_step step);
void op_fs_event(struct fuzz_step step);

/* ops_net.c */
void op_stream(struct fuzz_step step);
void op_udp(struct fuzz_step step);
void op_ipc(struct fuzz_step step);

/* ops_system.c */
void op_address(struct fuzz_step step);
void op_spawn(struct fuzz_step step);
void op_system(struct fuzz_step step);
void op_threads(struct fuzz_step step);
void ops_allow_spawns(void);

#endif
