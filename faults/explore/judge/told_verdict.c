/* SPDX-License-Identifier: MIT */
#include "told_verdict.h"

#include <stdlib.h>

#include "../text/memory.h"
#include "return_verdict.h"

/* No pointer of a program is below. */
#define LEAST_POINTER 65536

const struct nomem__told_event *nomem__told_failed_call(const struct nomem__told_events *events) {
  for (size_t i = 0; i < events->count; i++)
    if (events->list[i].is_failed_call) return &events->list[i];
  return NULL;
}

static bool are_pointers(uint64_t one, uint64_t other) {
  return one >= LEAST_POINTER && other >= LEAST_POINTER;
}

/* Whether it says the same: two objects may lie at different addresses. Of a type that is not known, what looks like a
 * pointer is one. */
static bool is_same(const struct nomem__told_event *event, const struct nomem__told_event *usual) {
  const struct nomem__debug_result *type = &event->type;
  if (type->kind == NOMEM_RESULT_NONE) return true;
  if (type->kind == NOMEM_RESULT_POINTER) return (event->value == 0) == (usual->value == 0);
  if (type->kind == NOMEM_RESULT_UNKNOWN || type->bytes == 0)
    return event->value == usual->value || are_pointers(event->value, usual->value);
  return nomem__returned_number(type, event->value) == nomem__returned_number(type, usual->value);
}

static bool has_same_arguments(const struct nomem__told_event *event, const struct nomem__told_event *usual) {
  for (size_t i = 0; i < NOMEM_TOLD_ARGUMENTS; i++) {
    uint64_t one = event->arguments[i], other = usual->arguments[i];
    if (one != other && !are_pointers(one, other)) return false;
  }
  return true;
}

/* Whether a call returned a smaller number than usual: it counts what it has done, which may be how it tells that it
 * could not do all. */
static bool is_shorter_count(const struct nomem__told_event *event, const struct nomem__told_event *usual) {
  const struct nomem__debug_result *type = &event->type;
  bool is_number = type->kind == NOMEM_RESULT_SIGNED || type->kind == NOMEM_RESULT_UNSIGNED;
  if (!is_number || type->bytes == 0 || event->is_status) return false;
  int64_t value = nomem__returned_number(type, event->value), usually = nomem__returned_number(type, usual->value);
  return value > 0 && value < usually;
}

/* Whether a call that gives something back returned 0 or NULL, and test code did not look at it: it says that nothing
 * is left of it, which is no error. */
static bool says_nothing_is_left(const struct nomem__told_event *event) {
  const struct nomem__debug_result *type = &event->type;
  if (event->kind != NOMEM_TOLD_RESULT || !event->is_clean_up || event->is_used || event->is_failed_call) return false;
  if (type->kind == NOMEM_RESULT_NONE || type->kind == NOMEM_RESULT_UNKNOWN || type->bytes == 0) return false;
  return nomem__returned_number(type, event->value) == 0;
}

/* Whether an event says that something has failed, which it does not without the fault. *is_unclear: it may. */
static bool says_no(const struct nomem__told_event *event, const struct nomem__told_event *usual, bool *is_unclear) {
  const struct nomem__debug_result *type = &event->type;
  switch (event->kind) {
    case NOMEM_TOLD_CALLBACK:
      return !has_same_arguments(event, usual);
    case NOMEM_TOLD_STATUS:
      return event->value != usual->value;
    case NOMEM_TOLD_DATA:
      return false;
    case NOMEM_TOLD_RESULT:
      break;
  }
  if (says_nothing_is_left(event)) return false;
  if (event->is_failed_call) {
    bool is_short = is_shorter_count(event, usual);
    *is_unclear |= is_short;
    return !is_short && !is_same(event, usual);
  }
  if (type->kind == NOMEM_RESULT_UNKNOWN || type->bytes == 0) {
    *is_unclear |= !is_same(event, usual);
    return false;
  }
  return nomem__returned_error(type, nomem__returned_number(type, event->value),
                               nomem__returned_number(type, usual->value));
}

static bool is_alike(const struct nomem__told_event *event, const struct nomem__told_event *other) {
  return event->kind == NOMEM_TOLD_CALLBACK ? event->place == other->place
                                            : event->callee != 0 && event->callee == other->callee;
}

/* The same for what has no counterpart at its place: any call of the same function, or callback, stands in for it. */
static bool says_no_alone(const struct nomem__told_event *event, const struct nomem__told_events *usual,
                          bool *is_unclear) {
  /* Through a pointer from a library, such as a method's, whose result is not looked at. */
  bool is_ignored = event->kind == NOMEM_TOLD_RESULT && event->callee == 0 && !event->is_used;
  bool has_counterpart = false, is_silent = is_ignored || says_nothing_is_left(event) ||
                                            event->kind == NOMEM_TOLD_DATA ||
                                            (event->kind == NOMEM_TOLD_RESULT && event->type.kind == NOMEM_RESULT_NONE);
  if (is_silent) return false;
  for (size_t i = 0; i < usual->count; i++) {
    if (!is_alike(event, &usual->list[i])) continue;
    bool is_this_unclear = false;
    has_counterpart = true;
    if (!says_no(event, &usual->list[i], &is_this_unclear) && !is_this_unclear) return false;
  }
  if (has_counterpart || event->kind == NOMEM_TOLD_CALLBACK) return true;
  *is_unclear = true;
  return false;
}

static bool is_counterpart(const struct nomem__told_event *event, const struct nomem__told_event *usual) {
  return event->place == usual->place && (event->kind != NOMEM_TOLD_CALLBACK || has_same_arguments(event, usual));
}

/* How many of the usual events, from a callback on, do not come before this event: it was not called, and what it does
 * was not done. 0: the event has no counterpart up to the return of the failed call. */
static size_t count_missed(const struct nomem__told_event *event, const struct nomem__told_events *usual, size_t from) {
  for (size_t i = from; i < usual->count; i++) {
    if (is_counterpart(event, &usual->list[i])) return i - from;
    if (usual->list[i].is_failed_call) return 0;
  }
  return 0;
}

/* Copies the usual events to list, which has room for them, without the callbacks that the failed call does not make
 * this time: nobody is told anything by a call that does not come. */
static struct nomem__told_events leave_out_missed(const struct nomem__told_events *events,
                                                  const struct nomem__told_events *usual,
                                                  struct nomem__told_event *list) {
  size_t kept = 0;
  bool is_within = true; /* the failed call has not returned yet, and both runs are at the same place */
  for (size_t i = 0; i < usual->count; i++) {
    if (is_within && usual->list[i].kind == NOMEM_TOLD_CALLBACK && kept < events->count)
      i += count_missed(&events->list[kept], usual, i);
    list[kept] = usual->list[i];
    is_within =
        is_within && !list[kept].is_failed_call && kept < events->count && events->list[kept].place == list[kept].place;
    kept++;
  }
  return (struct nomem__told_events){list, kept, usual->is_whole};
}

/* How many events two runs have in common, from the first one on. */
static size_t count_common(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  size_t count = 0;
  while (count < events->count && count < usual->count && events->list[count].place == usual->list[count].place)
    count++;
  return count;
}

/* Whether it is seen what test code has noticed: a value that it looked at is another one than without the fault. Where
 * it then took another way, or ended, that is the last value before; where it did not, it is any. */
static bool is_cause_seen(const struct nomem__told_events *events, const struct nomem__told_events *usual,
                          size_t common) {
  bool has_turned = common < events->count || common < usual->count;
  if (common < usual->count && usual->list[common].is_comparison) return true; /* it did not return this time */
  for (size_t i = common; i-- > 0;) {
    const struct nomem__told_event *event = &events->list[i];
    bool differs = event->kind != NOMEM_TOLD_CALLBACK && !is_same(event, &usual->list[i]);
    if (differs && event->is_used) return true;
    if (has_turned) return false;
  }
  return false;
}

static enum nomem__told decide(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  const struct nomem__told_event *failed = nomem__told_failed_call(events);
  size_t common = count_common(events, usual);
  bool is_unclear = false;
  if (failed == NULL || failed >= events->list + common) return NOMEM_TOLD;
  for (size_t i = 0; i < common; i++)
    if (says_no(&events->list[i], &usual->list[i], &is_unclear)) return NOMEM_TOLD;
  for (size_t i = common; i < events->count; i++)
    if (says_no_alone(&events->list[i], usual, &is_unclear)) return NOMEM_TOLD;
  bool is_seen = is_cause_seen(events, usual, common);
  /* It may have ended within a call of code under test, which has its own way to say so. */
  bool has_stopped = common == events->count && common < usual->count;
  bool is_whole = events->is_whole && usual->is_whole && !is_unclear;
  if (has_stopped && !is_seen && usual->list[common].kind != NOMEM_TOLD_DATA)
    return is_whole ? NOMEM_TOLD_STOPPED : NOMEM_TOLD;
  if (!is_whole) return NOMEM_TOLD_UNSEEN;
  return is_seen ? NOMEM_TOLD_NOTHING : NOMEM_TOLD_LOOKED;
}

enum nomem__told nomem__told_decide(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  struct nomem__told_event *list = nomem__calloc(usual->count + 1, sizeof *list);
  const struct nomem__told_events compared = leave_out_missed(events, usual, list);
  enum nomem__told told = decide(events, &compared);
  free(list);
  return told;
}

size_t nomem__told_common(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  const struct nomem__told_event *failed = nomem__told_failed_call(events);
  const struct nomem__told_event *other = nomem__told_failed_call(usual);
  if (failed == NULL || other == NULL) return 0;
  size_t from = (size_t)(failed - events->list), usual_from = (size_t)(other - usual->list);
  const struct nomem__told_events after = {failed, events->count - from, events->is_whole};
  const struct nomem__told_events usual_after = {other, usual->count - usual_from, usual->is_whole};
  size_t common = count_common(&after, &usual_after);
  bool differ = common < after.count || common < usual_after.count;
  return differ && common > 0 ? common - 1 : 0;
}

/* Returns the number of the event; events->count: there is none. */
static size_t find_later_error(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  const struct nomem__told_event *failed = nomem__told_failed_call(events);
  size_t common = count_common(events, usual);
  bool is_unclear = false;
  if (failed == NULL) return events->count;
  for (size_t i = (size_t)(failed - events->list) + 1; i < common; i++)
    if (events->list[i].kind == NOMEM_TOLD_RESULT && says_no(&events->list[i], &usual->list[i], &is_unclear)) return i;
  return events->count;
}

/* As find_later_error. */
static size_t find_late_report(const struct nomem__told_events *events, const struct nomem__told_events *usual) {
  const struct nomem__told_event *failed = nomem__told_failed_call(events);
  size_t common = count_common(events, usual);
  bool is_unclear = false;
  if (failed == NULL || failed >= events->list + common) return events->count;
  size_t first = (size_t)(failed - events->list);
  if (says_no(failed, &usual->list[first], &is_unclear) || is_unclear) return events->count;
  for (size_t i = first + 1; i < events->count; i++) {
    const struct nomem__told_event *event = &events->list[i];
    bool says_so = i < common ? says_no(event, &usual->list[i], &is_unclear) : says_no_alone(event, usual, &is_unclear);
    if (says_so) return event->kind == NOMEM_TOLD_RESULT ? i : events->count;
  }
  return events->count;
}

typedef size_t finder(const struct nomem__told_events *events, const struct nomem__told_events *usual);

/* One of the events, by one of the two above; NULL: none. */
static const struct nomem__told_event *find_by(finder *find, const struct nomem__told_events *events,
                                               const struct nomem__told_events *usual) {
  struct nomem__told_event *list = nomem__calloc(usual->count + 1, sizeof *list);
  const struct nomem__told_events compared = leave_out_missed(events, usual, list);
  size_t found = find(events, &compared);
  free(list);
  return found < events->count ? &events->list[found] : NULL;
}

const struct nomem__told_event *nomem__told_later_error(const struct nomem__told_events *events,
                                                        const struct nomem__told_events *usual) {
  return find_by(find_later_error, events, usual);
}

const struct nomem__told_event *nomem__told_late_report(const struct nomem__told_events *events,
                                                        const struct nomem__told_events *usual) {
  return find_by(find_late_report, events, usual);
}

bool nomem__told_has_place(const struct nomem__told_events *events, uint64_t place) {
  for (size_t i = 0; i < events->count; i++)
    if (events->list[i].place == place) return true;
  return false;
}
