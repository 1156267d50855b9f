/* SPDX-License-Identifier: MIT */
/* A library and its test, in the ways in which the two can share the blame. */
#ifndef THING_H
#define THING_H

#include <pthread.h>
#include <stdbool.h>

struct thing {
  int value;
  char *name;
};

struct thing *thing_new(void);                             /* NULL: no memory */
int thing_value(const struct thing *thing);                /* not NULL */
struct thing *thing_clone(const struct thing *thing);      /* bug: does not check */
int thing_set_name(struct thing *thing, const char *name); /* bug: says 0 though there is no name */
int thing_name_length(const struct thing *thing);          /* of one that has a name */
struct thing *thing_need(void);                            /* bug: aborts when there is no memory */
int thing_inner(void);                                     /* bug: gives itself NULL */
int thing_option(const int *option);                       /* bug: does not check; option may be NULL */
int thing_places(void);                                    /* bug: one call unchecked, which blows up in two places */
int thing_two(void);                                       /* bug: two calls unchecked, which blow up in one place */
int thing_field(void);                               /* bug: a member is not checked, wherever the helper is called */
int thing_again(void);                               /* bug: a later failure than the first is not checked */
extern void *(*thing_allocator)(unsigned long size); /* in place of malloc, in thing_hooked */
int thing_hooked(void);                              /* 0, or 1: no memory */
void thing_copy(struct thing *to, const struct thing *from); /* neither NULL */
int thing_start(struct thing *thing);                        /* 0, or -1: no memory */
struct thing *thing_begin(struct thing *thing);              /* the same, or NULL: no memory */
bool thing_fill(struct thing *thing);                        /* false: no memory */
void thing_init(struct thing *thing);                        /* bug: does not say that there is no memory */
int thing_try(struct thing *thing);                          /* as thing_start, and takes its time */
int thing_ruin(struct thing **made);                         /* bug: leaves a pointer to what it has freed */
int thing_make(struct thing **made);                         /* -1: no memory, and nothing is made */
/* bug: as thing_start, but then it has released the name, which is the caller's, with free or as it is told */
int thing_take(struct thing *thing, char *name, void (*release)(void *name));
int thing_list(struct thing *thing); /* bug: as thing_start, and thing_end is then not to be called */
void thing_end(void);                /* of all that were listed */
/* NULL: none. bug: -1 as from thing_start, but then what it had before is freed once more. */
int thing_format(const char *format);
int thing_hold(struct thing *thing); /* bug: as thing_start, but then nothing can be held any more */
int thing_look(struct thing *thing); /* at one that has a name, by a thread */
int thing_watch(struct thing *thing, pthread_t *thread); /* bug: as thing_start, but leaves a thread that uses it */
void thing_watched(pthread_t thread);                    /* lets that thread go on, and waits for it */
int thing_with(struct thing *thing, void (*told)(struct thing *thing));
int thing_relay(struct thing *thing, int (*hook)(struct thing *thing));        /* what the hook says */
int thing_overhear(struct thing *thing, int (*hook)(struct thing *thing));     /* bug: 0, whatever it says */
int thing_with_length(struct thing *thing, void (*told)(struct thing *thing)); /* bug: uses what may have no name */
void thing_wait(const struct thing *thing);                                    /* for one that has been started */
int thing_stall(void);                                                         /* bug: waits for what was not started */
int thing_locked(void); /* bug: leaves its lock held when there is no memory */
void thing_free(struct thing *thing);

#endif
