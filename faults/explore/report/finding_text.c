/* SPDX-License-Identifier: MIT */
#include "finding_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../judge/verdict.h"
#include "../text/json_values.h"
#include "../text/memory.h"
#include "../text/memory_stream.h"
#include "../text/printable.h"
#include "document.h"
#include "excerpt.h"
#include "stack_text.h"
#include "terminal.h"

/* So many threads of a hang have a line each, beside the one that is shown in full. --json has them all. */
#define THREADS_SHOWN 8
/* The call that failed, the one that was not checked, who freed first, where it ended. */
#define MARKS_MAX 4
/* So many frames of one stack are shown without -v. */
#define FRAMES_SHOWN 12
/* So many names stand in a line. */
#define NAMES_SHOWN 5
/* A line to paste that is longer, or longer than so many lines of the terminal, is not printed where a short one does
 * the same on this machine. */
#define REPRODUCE_BYTES 300
#define REPRODUCE_LINES 3

/* A finding that is being printed. */
struct finding_text {
  const json_t *finding;
  bool is_verbose;
  FILE *out;
  const char *verdict;
  struct nomem__shown_stack fault, blow_up;
  struct nomem__mark marks[MARKS_MAX];
  size_t mark_count;
  const char *fault_words, *end_words; /* of their marks; NULL: they have none */
  size_t shared;                       /* so many outer entries are the same in the stacks of the fault and the end */
};

void nomem__print_names(const json_t *names, FILE *out) {
  size_t count = json_array_size(names);
  for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
    fprintf(out, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(names, i)));
  if (count > NAMES_SHOWN) fprintf(out, " and %zu more", count - NAMES_SHOWN);
}

static bool is_verdict(const struct finding_text *text, enum nomem__verdict verdict) {
  return strcmp(text->verdict, nomem__verdicts[verdict].name) == 0;
}

static bool has_blow_up(const struct finding_text *text) {
  return json_array_size(text->blow_up.entries) > 0;
}

/* Whether it ended at a place, whose stack is shown. */
static bool has_location(const struct finding_text *text) {
  for (unsigned v = 0; v <= NOMEM_VERDICT_HANG; v++)
    if (is_verdict(text, (enum nomem__verdict)v)) return true;
  return false;
}

static const char *innermost_offset(const struct nomem__shown_stack *stack) {
  return nomem__json_string(json_array_get(stack->entries, 0), "offset");
}

/* Whether a leak was lost by the realloc that failed: both stacks begin with the same call. */
static bool was_refused(const struct finding_text *text) {
  const char *function = nomem__json_string(json_object_get(text->finding, "fault"), "function");
  bool is_leak = is_verdict(text, NOMEM_VERDICT_LEAK) && json_object_get(text->finding, "origin") != NULL;
  return is_leak && has_blow_up(text) && json_array_size(text->fault.entries) > 0 &&
         strcmp(innermost_offset(&text->blow_up), innermost_offset(&text->fault)) == 0 &&
         strncmp(function, "realloc", strlen("realloc")) == 0;
}

static bool was_handed_over(const struct finding_text *text) {
  return json_is_true(json_object_get(text->finding, "handed_over"));
}

static const char *find_title(const struct finding_text *text) {
  if (is_verdict(text, NOMEM_VERDICT_HANG)) return "where it hangs";
  if (was_handed_over(text)) return "what had been handed over is lost here";
  if (was_refused(text)) return "what was leaked, reallocated here";
  if (is_verdict(text, NOMEM_VERDICT_LEAK)) return "what was leaked, allocated here";
  if (!has_location(text)) return "what came of it";
  if (is_verdict(text, NOMEM_VERDICT_CORRUPTION) && json_object_get(text->finding, "signal") == NULL)
    return "what was done";
  return "where it blew up";
}

static bool is_shown(const struct finding_text *text, const char *words) {
  for (size_t i = 0; i < text->mark_count && words != NULL; i++)
    if (text->marks[i].text == words) return text->marks[i].is_shown;
  return false;
}

static void print_call(FILE *out, const json_t *call) {
  bool is_persistent = json_is_true(json_object_get(call, "persistent"));
  const char *function = nomem__json_string(call, "function");
  uint64_t calls = nomem__json_count(call, "calls");
  fprintf(out, "%s of %" PRIu64 " bytes %s%s", function, nomem__json_count(call, "bytes"), nomem__document_effect(call),
          is_persistent ? ", and so did all later calls" : "");
  if (calls > 1) fprintf(out, ", and so did %" PRIu64 " more", calls - 1);
  fprintf(out, " (%sallocation %" PRIu64 ")", strcmp(function, "free") == 0 ? "after " : "",
          nomem__json_count(call, "allocation"));
}

static bool is_hostile(const struct finding_text *text) {
  return json_object_get(text->finding, "hostile") != NULL;
}

static char *describe_fault(const struct finding_text *text) {
  struct nomem__memory_stream stream;
  print_call(nomem__memory_stream_open(&stream), json_object_get(text->finding, "fault"));
  return nomem__memory_stream_close(&stream);
}

static char *describe_end(const struct finding_text *text) {
  const char *end = nomem__json_string(text->finding, "end");
  return has_location(text) ? nomem__strdup(end) : nomem__format("%s: %s", find_title(text), end);
}

/* Whether something is known to have happened at an entry's line. */
static bool has_line(const json_t *entry) {
  return json_object_get(entry, "file") != NULL && nomem__json_count(entry, "line") != 0;
}

/* Adds a mark, whose text is the mark's from now on. Returns the text. */
static const char *add_mark(struct finding_text *text, const json_t *entry, char *words) {
  text->marks[text->mark_count++] = (struct nomem__mark){.file = nomem__json_string(entry, "file"),
                                                         .line = (unsigned)nomem__json_count(entry, "line"),
                                                         .column = (unsigned)nomem__json_count(entry, "column"),
                                                         .source = json_object_get(entry, "source"),
                                                         .text = words};
  return words;
}

/* Whether the mark would be at a place that has one already. */
static bool is_marked(const struct finding_text *text, const json_t *entry) {
  for (size_t i = 0; i < text->mark_count; i++)
    if (text->marks[i].line == nomem__json_count(entry, "line") &&
        strcmp(text->marks[i].file, nomem__json_string(entry, "file")) == 0)
      return true;
  return false;
}

static const char *unchecked_words(const json_t *unchecked) {
  if (json_is_true(json_object_get(unchecked, "is_unset"))) return "not set yet";
  return json_is_true(json_object_get(unchecked, "was_checked")) ? "left NULL" : "not checked";
}

static const json_t *culprit_of(const struct nomem__shown_stack *stack) {
  return json_array_get(stack->entries, stack->culprit);
}

static void mark_places(struct finding_text *text) {
  const json_t *unchecked = json_object_get(text->finding, "unchecked");
  const json_t *freed = json_object_get(text->finding, "freed");
  const struct nomem__shown_stack freed_stack = nomem__shown_stack_of(freed);
  if (has_line(culprit_of(&text->fault)))
    text->fault_words = add_mark(text, culprit_of(&text->fault), describe_fault(text));
  if (has_line(unchecked) && !is_marked(text, unchecked))
    add_mark(text, unchecked, nomem__strdup(unchecked_words(unchecked)));
  if (has_line(culprit_of(&freed_stack))) add_mark(text, culprit_of(&freed_stack), nomem__strdup("freed first"));
  if (has_line(culprit_of(&text->blow_up)))
    text->end_words = add_mark(text, culprit_of(&text->blow_up), describe_end(text));
}

static void print_owner(FILE *out, const char *owner) {
  if (*owner != '\0') fprintf(out, ", in %s", owner);
}

static void print_unchecked(const struct finding_text *text) {
  const json_t *unchecked = json_object_get(text->finding, "unchecked");
  if (unchecked == NULL) return;
  fprintf(text->out, "  %s: ", unchecked_words(unchecked));
  nomem__entry_print(text->out, unchecked);
  print_owner(text->out, nomem__json_string(unchecked, "owner"));
  fputc('\n', text->out);
}

/* Prints who freed a block that was used later. */
static void print_first_free(const struct finding_text *text) {
  const char *location = nomem__json_string(json_object_get(text->finding, "freed"), "location");
  if (*location != '\0') fprintf(text->out, "  freed first: %s\n", location);
}

static void print_excerpt(struct finding_text *text) {
  const json_t *named = culprit_of(has_blow_up(text) ? &text->blow_up : &text->fault);
  nomem__excerpt_print(text->out, text->marks, text->mark_count,
                       has_line(named) ? nomem__json_string(named, "file") : NULL);
}

/* Where the shared entries of a stack begin. */
static size_t count_own(const struct finding_text *text, const struct nomem__shown_stack *stack) {
  return stack->shown > text->shared ? stack->shown - text->shared : 0;
}

/* Whether the source shows all that the stack's own frames would. */
static bool is_covered(const struct finding_text *text, const struct nomem__shown_stack *stack, const char *words) {
  return !text->is_verbose && is_shown(text, words) &&
         nomem__shown_frame_end(stack, stack->culprit) == count_own(text, stack);
}

static void say_left_out(const struct finding_text *text, size_t count) {
  if (count > 0) fprintf(text->out, "    and %zu more (-v shows all)\n", count);
}

/* Returns where the frames end that are shown of these entries. */
static size_t find_fitting(const struct finding_text *text, const struct nomem__shown_stack *stack, size_t from,
                           size_t to, size_t *left_out) {
  return nomem__shown_frames_end(stack, from, to, text->is_verbose ? to : FRAMES_SHOWN, left_out);
}

static void print_stack(const struct finding_text *text, const struct nomem__shown_stack *stack, size_t from,
                        size_t to) {
  size_t left_out, end = find_fitting(text, stack, from, to, &left_out);
  nomem__shown_stack_print(text->out, stack, from, end);
  say_left_out(text, left_out);
}

static void print_whole_stack(const struct finding_text *text, const char *title, const char *key) {
  const struct nomem__shown_stack stack = nomem__shown_stack_of(json_object_get(text->finding, key));
  if (json_array_size(stack.entries) == 0) return;
  fprintf(text->out, "  %s:\n", title);
  print_stack(text, &stack, 0, stack.shown);
}

static void print_fault_stack(const struct finding_text *text) {
  if (is_covered(text, &text->fault, text->fault_words)) return;
  fputs(is_hostile(text) ? "  the call: " : "  the fault: ", text->out);
  print_call(text->out, json_object_get(text->finding, "fault"));
  fputc('\n', text->out);
  print_stack(text, &text->fault, 0, count_own(text, &text->fault));
}

/* Prints the call that was failed while the program dealt with the first failure. */
static void print_second_fault(const struct finding_text *text) {
  const json_t *second = json_object_get(text->finding, "second_fault");
  const struct nomem__shown_stack stack = nomem__shown_stack_of(second);
  if (second == NULL) return;
  fputs("  and then, on the recovery path: ", text->out);
  print_call(text->out, second);
  fputc('\n', text->out);
  print_stack(text, &stack, 0, stack.shown);
}

/* How many of the innermost entries are the C library's and say no more than the signal does: abort, raise and below.
 */
static size_t count_raising(const struct finding_text *text) {
  bool is_folded = is_verdict(text, NOMEM_VERDICT_ABORT) && !text->is_verbose;
  return is_folded ? nomem__shown_frame_begin(&text->blow_up, text->blow_up.culprit) : 0;
}

static void print_end_stack(const struct finding_text *text) {
  if (has_blow_up(text) && is_covered(text, &text->blow_up, text->end_words)) return;
  fprintf(text->out, "  %s: %s\n", find_title(text), nomem__json_string(text->finding, "end"));
  if (has_blow_up(text))
    print_stack(text, &text->blow_up, count_raising(text), count_own(text, &text->blow_up));
  else if (has_location(text))
    fputs(is_verdict(text, NOMEM_VERDICT_SANITIZER) ? "    (no stack that names modules)\n"
                                                    : "    (no stack: it needs ptrace)\n",
          text->out);
}

static void print_shared(const struct finding_text *text) {
  size_t from = count_own(text, &text->fault), left_out;
  size_t end = find_fitting(text, &text->fault, from, from + text->shared, &left_out);
  for (size_t i = from; i < end; i++) {
    const json_t *entry = json_array_get(text->fault.entries, i);
    fputs(i == from ? "  called from " : "         from ", text->out);
    nomem__entry_print(text->out, entry);
    fputs(json_is_true(json_object_get(entry, "inlined")) ? " [inlined]\n" : "\n", text->out);
  }
  say_left_out(text, left_out);
}

/* Prints where the block or the file came from that the finding is about. */
static void print_origin(const struct finding_text *text) {
  bool may_be_file = is_verdict(text, NOMEM_VERDICT_LEFTOVER) || is_verdict(text, NOMEM_VERDICT_LEAK);
  bool is_file = may_be_file && !was_refused(text) && !was_handed_over(text);
  bool is_descriptor = strstr(nomem__json_string(text->finding, "end"), "descriptor ") != NULL;
  print_whole_stack(text,
                    !is_file        ? "the block was allocated here"
                    : is_descriptor ? "it was opened here"
                                    : "it was created here",
                    "origin");
  print_whole_stack(text, "and freed before here", "freed");
}

/* Prints a line for each thread that is not shown in full. */
static void print_threads(const struct finding_text *text) {
  const json_t *threads = json_object_get(text->finding, "threads");
  size_t count = json_array_size(threads), shown = 0;
  size_t all = count + nomem__json_count(text->finding, "threads_left_out");
  bool has_processes = nomem__json_count(json_array_get(threads, count - 1), "process") > 1;
  for (size_t i = 0; i < count && shown < THREADS_SHOWN; i++) {
    const json_t *thread = json_array_get(threads, i);
    const char *location = nomem__json_string(thread, "location");
    if (json_is_true(json_object_get(thread, "is_shown"))) continue;
    fprintf(text->out, "  thread %" PRIu64 " (%s", nomem__json_count(thread, "number"),
            nomem__json_string(thread, "name"));
    if (has_processes) fprintf(text->out, ", process %" PRIu64, nomem__json_count(thread, "process"));
    fprintf(text->out, ") %s%s%s\n", nomem__json_string(thread, "state"), *location != '\0' ? ", in " : "", location);
    shown++;
  }
  if (all > shown + 1) fprintf(text->out, "  and %zu more threads\n", all - shown - 1);
}

/* Of a suite, how many of its tests show it. */
static void print_runs(const struct finding_text *text) {
  const json_t *cases = json_object_get(text->finding, "cases");
  uint64_t runs = nomem__json_count(text->finding, "runs"), count = json_array_size(cases);
  if (cases != NULL)
    fprintf(text->out, "%" PRIu64 " test%s show%s it in ", count, nomem__plural(count), count == 1 ? "s" : "");
  fprintf(text->out, "%" PRIu64 " run%s\n", runs, nomem__plural(runs));
  if (cases == NULL) return;
  fputs("  shown by: ", text->out);
  nomem__print_names(cases, text->out);
  fputc('\n', text->out);
}

static void print_heading(const struct finding_text *text) {
  const json_t *finding = text->finding;
  nomem__colour_begin(text->out, NOMEM_COLOUR_VERDICT);
  fputs(text->verdict, text->out);
  nomem__colour_end(text->out);
  fputs(" in ", text->out);
  nomem__colour_begin(text->out, NOMEM_COLOUR_PLACE);
  fputs(nomem__json_string(finding, "location"), text->out);
  nomem__colour_end(text->out);
  print_owner(text->out, nomem__json_string(finding, "location_owner"));
  fprintf(text->out, ": %s, ", nomem__json_string(finding, "meaning"));
  print_runs(text);
}

static void print_command(FILE *out, const char *what, const char *command) {
  fprintf(out, "  %s: ", what);
  nomem__screen_command(out);
  fprintf(out, "%s\n", command);
}

char *nomem__finding_command(const json_t *finding, const char *command) {
  static const char debugger[] = "nomem replay --gdb";
  const char *debug = nomem__json_string(finding, "debug"), *found = strstr(debug, debugger);
  if (found == NULL) return NULL;
  return nomem__format("%.*s%s%s", (int)(found - debug), debug, command, found + strlen(debugger));
}

void nomem__print_ways_back(const json_t *finding, bool is_verbose, FILE *out) {
  const char *debug = nomem__json_string(finding, "debug"), *needs = nomem__json_string(finding, "needs");
  const char *reproduce = nomem__json_string(finding, "reproduce");
  size_t most = (size_t)REPRODUCE_LINES * nomem__terminal_columns(out);
  if (most == 0 || most > REPRODUCE_BYTES) most = REPRODUCE_BYTES;
  bool is_short = is_verbose || strlen(reproduce) <= most;
  char *replay = is_short ? NULL : nomem__finding_command(finding, "nomem replay");
  print_command(out, "reproduce", replay != NULL ? replay : reproduce);
  free(replay);
  if (*needs != '\0') fprintf(out, "  needs: %s\n", needs);
  if (*debug != '\0') print_command(out, "debug", debug);
}

void nomem__print_finding(const json_t *finding, bool is_verbose, FILE *out) {
  struct finding_text text = {.finding = finding,
                              .is_verbose = is_verbose,
                              .out = out,
                              .verdict = nomem__json_string(finding, "verdict"),
                              .fault = nomem__shown_stack_of(json_object_get(finding, "fault")),
                              .blow_up = nomem__shown_stack_of(json_object_get(finding, "blow_up"))};
  text.shared = has_blow_up(&text) ? nomem__shown_stacks_common(&text.fault, &text.blow_up)
                                   : nomem__shown_stack_outside(&text.fault);
  mark_places(&text);
  print_heading(&text);
  print_unchecked(&text);
  print_first_free(&text);
  print_excerpt(&text);
  print_fault_stack(&text);
  print_second_fault(&text);
  print_end_stack(&text);
  print_shared(&text);
  print_origin(&text);
  print_threads(&text);
  nomem__print_ways_back(finding, is_verbose, out);
  for (size_t i = 0; i < text.mark_count; i++) free(text.marks[i].text);
}
