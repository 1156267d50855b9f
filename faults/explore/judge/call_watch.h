/* SPDX-License-Identifier: MIT */
/* The call watch notes, from a fault on, what the calls return that test code makes, and which of its functions code
 * under test calls: told_verdict.h decides from two of its runs whether test code was told of the failure.
 *
 * The injector stops at the fault. Behind each call in the functions of test code that lead there, and in those that
 * they call, and at the beginning of each function of test code, the watch puts a breakpoint into the code of the
 * process. So the run is for looking only: how it ends is not judged. Only the thread of the fault counts; where
 * another one comes by, what was noted is not whole.
 */
#ifndef NOMEM_CALL_WATCH_H
#define NOMEM_CALL_WATCH_H

#include "../process/code_breakpoints.h"
#include "../process/stop_watcher.h"
#include "../stack/memory_map.h"
#include "call_places.h"
#include "code_owner.h"
#include "look_verdict.h"
#include "test_variable.h"
#include "told_verdict.h"

/* More events are not noted. */
#define NOMEM_CALL_EVENTS 4096
#define NOMEM_CALL_LOOKS 8192

/* What is looked at: what the call returns in which the allocation fails, and no more; all calls from there on; or all
 * calls from there on in a run in which that allocation does not fail. */
enum nomem__call_watch_kind { NOMEM_WATCH_FAILED_CALL, NOMEM_WATCH_WITH_FAULT, NOMEM_WATCH_WITHOUT_FAULT };

struct nomem__call_watch {
  struct nomem__stop_watcher watcher;
  const struct nomem__code_owners *code_owners;
  enum nomem__call_watch_kind kind;
  const struct nomem_channel *pages; /* of the run that goes on */
  bool has_begun;                    /* the fault has come */
  bool is_cut;                       /* not all was noted */
  bool is_over;                      /* nothing more is */
  pid_t tid;
  struct nomem__memory_map map;
  uint64_t failed_address, failed_sp;     /* where the call returns in which the allocation failed */
  const struct nomem__call_place *failed; /* the place there, once it has returned; NULL: it has not */
  struct nomem__call_places places;
  struct nomem__told_event *events; /* owned */
  size_t event_count, event_room;
  size_t failed_event; /* the number of the event of that call, once it has returned */
  /* What test code compares, from a number of events after that one on. */
  struct {
    bool are_on, are_cut;
    size_t after;
    struct nomem__look *list; /* owned */
    size_t count, room;
  } looks;
  struct nomem__breakpoint_steppers steppers;
  /* Which function of the test's, called by code under test, has given a value to a variable that held NULL. */
  const struct nomem__test_variable *variable; /* NULL: none is asked for */
  uint64_t variable_address;
  struct {
    uint64_t address, sp; /* where it returns to; 0: none is watched */
    const struct nomem__call_place *place;
    unsigned char byte;
  } callback;
  const struct nomem__call_place *setter; /* where it begins; NULL: none has */
};

/* Makes it ready for a run. Returns the watcher for the run's request; it belongs to watch. code_owners must outlive
 * it. What it noted before is forgotten. */
struct nomem__stop_watcher *nomem__call_watch_prepare(struct nomem__call_watch *watch,
                                                      const struct nomem__code_owners *code_owners,
                                                      enum nomem__call_watch_kind kind);

/* The same, for one that also notes what test code compares once so many events have come after the return of the call
 * in which the allocation failed. */
struct nomem__stop_watcher *nomem__call_watch_prepare_looks(struct nomem__call_watch *watch,
                                                            const struct nomem__code_owners *code_owners,
                                                            enum nomem__call_watch_kind kind, size_t after);

/* What was noted, as long as the watch is not prepared anew. */
struct nomem__told_events nomem__call_watch_events(const struct nomem__call_watch *watch);
struct nomem__looks nomem__call_watch_looks(const struct nomem__call_watch *watch);

/* The function whose call is noted in an event of it. False: it is not known. */
bool nomem__call_watch_find_callee(const struct nomem__call_watch *watch, const struct nomem__told_event *event,
                                   struct nomem__trace_frame *callee);

void nomem__call_watch_free(struct nomem__call_watch *watch);

#endif
