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
void op_system(struct fuzz_step step);

/* ops_process.c */
void op_spawn(struct fuzz_step step);
void op_self(struct fuzz_step step);
void op_title(struct fuzz_step step);
void ops_allow_spawns(void);

/* ops_thread.c */
void op_threads(struct fuzz_step step);
void op_once(struct fuzz_step step);

/* ops_handle.c */
void op_handle(struct fuzz_step step);
void op_request(struct fuzz_step step);
void op_timer(struct fuzz_step step);
void op_timers(struct fuzz_step step);
void op_loop(struct fuzz_step step);
void op_configure(struct fuzz_step step);
void op_default_loop(struct fuzz_step step);

/* ops_names.c */
void op_name(struct fuzz_step step);
void op_host(struct fuzz_step step);
void op_text_of_address(struct fuzz_step step);
void op_error(struct fuzz_step step);

/* ops_poll.c */
void op_poll(struct fuzz_step step);
void op_tty(struct fuzz_step step);

/* ops_tcp.c */
void op_tcp(struct fuzz_step step);
void op_tcp_alone(struct fuzz_step step);

/* ops_udp.c */
void op_datagrams(struct fuzz_step step);
void op_udp_options(struct fuzz_step step);

/* ops_pipe.c */
void op_pipe_name(struct fuzz_step step);
void op_pipe(struct fuzz_step step);

/* ops_work.c */
void op_cancel(struct fuzz_step step);
void op_random(struct fuzz_step step);
void op_signal(struct fuzz_step step);
void op_library(struct fuzz_step step);
void op_figures(struct fuzz_step step);

/* ops_recent.c */
void op_recent(struct fuzz_step step);

#endif
