/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "verdict.h"

#include <signal.h>
#include <string.h>

#include "../../plan.h"

const struct nomem__verdict_text nomem__verdicts[NOMEM_VERDICT_COUNT] = {
#define X(upper, lower, text, weight) [NOMEM_VERDICT_##upper] = {#lower, text, NOMEM_WEIGHT_##weight},
    NOMEM_VERDICT_MAP(X)
#undef X
};

bool nomem__verdict_is_shown(enum nomem__verdict verdict) {
  return nomem__verdicts[verdict].weight != NOMEM_WEIGHT_NONE;
}

bool nomem__verdict_counts(enum nomem__verdict verdict, bool strict) {
  return nomem__verdicts[verdict].weight >= (strict ? NOMEM_WEIGHT_ADVISORY : NOMEM_WEIGHT_FINDING);
}

bool nomem__verdict_is_of_hostile(const char *name) {
  return strcmp(name, nomem__verdicts[NOMEM_VERDICT_HOSTILE].name) == 0 ||
         strcmp(name, nomem__verdicts[NOMEM_VERDICT_VARIED].name) == 0;
}

bool nomem__verdict_is_of_result(enum nomem__verdict verdict) {
  return verdict == NOMEM_VERDICT_WRONG || verdict == NOMEM_VERDICT_SILENT || verdict == NOMEM_VERDICT_UNTOLD ||
         verdict == NOMEM_VERDICT_MISREPORTED;
}

/* Whether a line is what glibc 2.35 says of an assertion in its malloc: "PROGRAM: malloc.c:2617: sysmalloc: Assertion
 * `...' failed." A program may have a malloc.c of its own, but hardly functions with these names in it. */
static bool is_assertion_of_malloc(const char *line) {
  static const char *const functions[] = {"sysmalloc: Assertion `", "_int_malloc: Assertion `",
                                          "_int_free: Assertion `", "_int_realloc: Assertion `",
                                          "_int_memalign: Assertion `"};
  static const char file[] = "malloc.c:";
  size_t length = strcspn(line, "\n");
  const char *place = memmem(line, length, file, strlen(file));
  if (place == NULL) return false;
  place += strlen(file);
  place += strspn(place, "0123456789");
  if (strncmp(place, ": ", 2) != 0) return false;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strncmp(place + 2, functions[i], strlen(functions[i])) == 0) return true;
  return false;
}

/* Whether a line begins as glibc's reports of a corrupted heap or stack do. */
static bool is_complaint(const char *line) {
  static const char *const beginnings[] = {"free(): invalid ",
                                           "free(): double free detected ",
                                           "free(): corrupted ",
                                           "free(): unaligned ",
                                           "free(): too many chunks ",
                                           "malloc(): corrupted ",
                                           "malloc(): memory corruption",
                                           "malloc(): invalid ",
                                           "malloc(): unaligned ",
                                           "malloc(): smallbin ",
                                           "malloc(): largebin ",
                                           "malloc(): unsorted ",
                                           "malloc(): mismatching ",
                                           "malloc_consolidate(): ",
                                           "realloc(): invalid ",
                                           "munmap_chunk(): invalid ",
                                           "mremap_chunk(): invalid ",
                                           "double free or corruption (",
                                           "corrupted size vs. prev_size",
                                           "corrupted double-linked list",
                                           "invalid fastbin entry (free)",
                                           "tcache_thread_shutdown(): unaligned ",
                                           "Fatal glibc error: malloc",
                                           "*** stack smashing detected ***",
                                           "*** buffer overflow detected ***"};
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

bool nomem__is_corruption_text(const char *output) {
  while (output != NULL && *output != '\0') {
    if (is_complaint(output) || is_assertion_of_malloc(output)) return true;
    output = strchr(output, '\n');
    if (output != NULL) output++;
  }
  return false;
}

/* Whether a sanitizer's report is the verdict: not when a crash follows, which says more; and a leak only where the
 * program ended as the baseline did. */
static bool is_sanitizer_finding(const struct nomem__evidence *evidence, bool has_died) {
  if (!evidence->has_report || (has_died && evidence->fatal_signal != SIGABRT)) return false;
  if (evidence->is_leak_of_test) return false;
  return !evidence->is_leak || (!evidence->timed_out && evidence->root_status == evidence->baseline_status);
}

enum nomem__verdict nomem__judge(const struct nomem__evidence *evidence) {
  if (!evidence->fault_reached) return NOMEM_VERDICT_UNREACHED;
  if (evidence->is_flooded) return NOMEM_VERDICT_FLOOD;
  bool has_died = evidence->was_caught || evidence->fatal_deaths > evidence->baseline_fatal_deaths;
  if (has_died && evidence->fatal_signal == SIGABRT && evidence->is_corrupt) return NOMEM_VERDICT_CORRUPTION;
  if (is_sanitizer_finding(evidence, has_died)) return NOMEM_VERDICT_SANITIZER;
  if (evidence->was_misused) return NOMEM_VERDICT_CORRUPTION;
  /* A test that says so, and then aborts, has said why. */
  if (evidence->is_wrong && has_died && evidence->fatal_signal == SIGABRT) return NOMEM_VERDICT_WRONG;
  bool has_reported = has_died && evidence->fatal_signal == SIGABRT && evidence->raised_by_test;
  if (has_died && !has_reported) return evidence->fatal_signal == SIGABRT ? NOMEM_VERDICT_ABORT : NOMEM_VERDICT_CRASH;
  /* A process of the test's has reported it, and died of that; what waits for it is the rest of the test. */
  bool is_bereft = has_reported && !evidence->was_caught;
  if (evidence->timed_out) return is_bereft ? NOMEM_VERDICT_REPORTED : NOMEM_VERDICT_HANG;
  if (evidence->has_internal_error) return NOMEM_VERDICT_INTERNAL;
  if (evidence->is_wrong) return NOMEM_VERDICT_WRONG;
  if (has_reported) return NOMEM_VERDICT_REPORTED;
  bool gave_up = evidence->root_status != evidence->baseline_status;
  if (evidence->has_leaked && !(gave_up && evidence->has_left_file)) return NOMEM_VERDICT_LEAK;
  if (evidence->is_mute && !gave_up && !evidence->is_skipped) return NOMEM_VERDICT_MUTE;
  if (evidence->has_leftover) return NOMEM_VERDICT_LEFTOVER;
  if (evidence->is_skipped) return NOMEM_VERDICT_HANDLED;
  if (gave_up) return evidence->says_success ? NOMEM_VERDICT_MISREPORTED : NOMEM_VERDICT_REPORTED;
  return evidence->has_swallowed ? NOMEM_VERDICT_SWALLOWED : NOMEM_VERDICT_HANDLED;
}

/* Which of them change where blocks lie: a block of 0 bytes that is none leaves its place to the next. */
#define MOVING_WAYS ((uint32_t)(NOMEM_HOSTILE_MOVES | NOMEM_HOSTILE_ZERO | NOMEM_HOSTILE_ALIGN))

enum nomem__verdict nomem__judge_hostile(const struct nomem__hostile_evidence *evidence) {
  enum nomem__verdict other = (evidence->ways & MOVING_WAYS) != 0 ? NOMEM_VERDICT_VARIED : NOMEM_VERDICT_HOSTILE;
  switch (evidence->verdict) {
    case NOMEM_VERDICT_UNREACHED:
      return NOMEM_VERDICT_UNREACHED;
    case NOMEM_VERDICT_HANDLED:
      return evidence->has_other_output ? other : NOMEM_VERDICT_HANDLED;
    case NOMEM_VERDICT_SWALLOWED:
      return other;
    case NOMEM_VERDICT_LEFTOVER:
      return NOMEM_VERDICT_VARIED;
    default:
      return NOMEM_VERDICT_HOSTILE;
  }
}
