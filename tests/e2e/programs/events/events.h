/* SPDX-License-Identifier: MIT */
/* A loop that tells of its clients by a callback, as libraries with an event loop do. */
#ifndef EVENTS_H
#define EVENTS_H

struct loop;
struct client;
typedef void (*client_created)(void *user, struct client *client);

struct loop *loop_new(void);
void loop_on_client(struct loop *loop, client_created created, void *user);
int loop_dispatch(struct loop *loop);                    /* 0, whatever became of a client */
int loop_take(struct loop *loop, struct client **taken); /* the same, and gives it */
int loop_each(struct loop *loop, client_created each, void *user);
char client_letter(const struct client *client);
void loop_send(struct loop *loop);  /* a request, which is kept until it can be written */
int loop_flush(struct loop *loop);  /* the requests that were written; -1: one was lost */
void loop_wait(struct loop *loop);  /* for the answers */
int loop_turn(struct loop *loop);   /* the first time, one that begins; then, for an answer */
void loop_close(struct loop *loop); /* the same, first */

#endif
