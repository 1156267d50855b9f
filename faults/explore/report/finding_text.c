/* SPDX-License-Identifier: MIT */
#include "finding_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../text/memory.h"
#include "../text/memory_stream.h"
#include "../text/printable.h"
#include "../text/words.h"
#include "excerpt.h"
#include "reproduction.h"
#include "terminal.h"

/* So many threads of a hang have a line each, beside the one that is shown in full. --json has them all. */
#define THREADS_SHOWN 8
/* The call that failed, the one that was not checked, who freed first, where it ended. */
#define MARKS_MAX 4
/* So many frames of one stack are shown without -v. */
#define FRAMES_SHOWN 12

/* A finding that is being printed. */
struct finding_text {
  const struct nomem__campaign *campaign;
  const struct nomem__finding *finding;
  struct nomem__symbols *symbols;
  FILE *out;
  struct nomem__mark marks[MARKS_MAX];
  size_t mark_count;
  const char *fault_words, *end_words; /* of their marks; NULL: they have none */
  unsigned shared;                     /* so many outer frames are the same in the stacks of the fault and the end */
};

/* Prints a line for each thread that is not shown in full. */
static void print_threads(const struct nomem__finding *finding, struct nomem__symbols *symbols, FILE *out) {
  size_t shown = 0, all = finding->thread_count + finding->threads_left_out;
  bool has_processes = finding->thread_count > 0 && finding->threads[finding->thread_count - 1].process > 1;
  for (size_t i = 0; i < finding->thread_count && shown < THREADS_SHOWN; i++) {
    const struct nomem__waiter *thread = &finding->threads[i];
    if (i == finding->shown_thread) continue;
    fprintf(out, "  thread %u (", thread->number);
    nomem__print_safe(out, thread->name);
    if (has_processes) fprintf(out, ", process %u", thread->process);
    fputs(") ", out);
    nomem__print_safe(out, thread->what);
    if (thread->trace.depth > 0) {
      fputs(", in ", out);
      nomem__trace_print_culprit(out, &thread->trace, symbols);
    }
    fputc('\n', out);
    shown++;
  }
  if (all > shown + 1) fprintf(out, "  and %zu more threads\n", all - shown - 1);
}

/* Whether it ended at a place, whose stack is shown. */
static bool has_location(const struct nomem__finding *finding) {
  return finding->verdict <= NOMEM_VERDICT_HANG;
}

/* Whether a leak was lost by the realloc that failed: both stacks begin with the same call. */
static bool was_refused(const struct nomem__finding *finding) {
  const struct nomem__trace *lost = &finding->blow_up, *failed = &finding->fault;
  bool is_leak = finding->verdict == NOMEM_VERDICT_LEAK && finding->block.depth > 0;
  return is_leak && lost->depth > 0 && failed->depth > 0 && lost->frame[0].offset == failed->frame[0].offset &&
         (finding->fn == NOMEM_FN_REALLOC || finding->fn == NOMEM_FN_REALLOCARRAY);
}

static const char *find_title(const struct nomem__finding *finding) {
  if (finding->verdict == NOMEM_VERDICT_HANG) return "where it hangs";
  if (was_refused(finding)) return "what was leaked, reallocated here";
  if (finding->verdict == NOMEM_VERDICT_LEAK) return "what was leaked, allocated here";
  if (!has_location(finding)) return "what came of it";
  if (finding->verdict == NOMEM_VERDICT_CORRUPTION && finding->signal == 0) return "what was done";
  return "where it blew up";
}

/* Prints ", in libx.so" after code that is not the program's own, unless its location says so already. */
static void print_code_owner(const struct nomem__campaign *campaign, const struct nomem__trace_frame *frame,
                             FILE *out) {
  char buffer[NOMEM_OWNER_NAME_BYTES];
  struct nomem__source_frame source = {0};
  const char *owner = frame != NULL ? nomem__name_owner(&campaign->code_owners, frame, buffer) : "";
  if (*owner == '\0') return;
  nomem__symbols_resolve(campaign->session->symbols, frame->path, frame->offset, frame->is_return_address, &source, 1);
  if (owner == buffer && source.file == NULL) return;
  fputs(", in ", out);
  nomem__print_safe(out, owner);
}

const struct nomem__trace *nomem__naming_trace(const struct nomem__finding *finding) {
  return finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault;
}

/* The function at the frame that is to blame, as the heading names it. False: there is none with a line. */
static bool find_place(const struct nomem__trace *trace, struct nomem__symbols *symbols,
                       struct nomem__source_frame *place) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  const struct nomem__trace_frame *frame = nomem__trace_culprit(trace);
  if (frame == NULL) return false;
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  if (count == 0) return false;
  *place = sources[nomem__trace_shown_function(trace, sources, count)];
  return place->file != NULL && place->line != 0;
}

/* Adds a mark, whose text is the mark's from now on. */
static const char *add_mark(struct finding_text *text, const struct nomem__source_frame *place, char *words) {
  text->marks[text->mark_count++] =
      (struct nomem__mark){.file = place->file, .line = place->line, .column = place->column, .text = words};
  return words;
}

static bool is_shown(const struct finding_text *text, const char *words) {
  for (size_t i = 0; i < text->mark_count && words != NULL; i++)
    if (text->marks[i].text == words) return text->marks[i].is_shown;
  return false;
}

static void print_fault(const struct nomem__finding *finding, FILE *out) {
  fprintf(out, "%s of %" PRIu64 " bytes %s%s (allocation %" PRIu64 ")", nomem_fn_name(finding->fn), finding->size_bytes,
          nomem_fn_failed(finding->fn), finding->point.persistent ? ", and so did all later calls" : "", finding->nth);
}

static char *describe_fault(const struct nomem__finding *finding) {
  struct nomem__memory_stream stream;
  print_fault(finding, nomem__memory_stream_open(&stream));
  return nomem__memory_stream_close(&stream);
}

static char *describe_end(const struct nomem__finding *finding) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  if (!has_location(finding)) fprintf(out, "%s: ", find_title(finding));
  nomem__print_end(out, finding);
  return nomem__memory_stream_close(&stream);
}

/* Whether the mark would be at a place that has one already. */
static bool is_marked(const struct finding_text *text, const struct nomem__source_frame *place) {
  for (size_t i = 0; i < text->mark_count; i++)
    if (text->marks[i].line == place->line && strcmp(text->marks[i].file, place->file) == 0) return true;
  return false;
}

static const char *unchecked_words(const struct nomem__finding *finding) {
  return finding->unchecked.cause == NOMEM_CAUSE_LEFT ? "left NULL" : "not checked";
}

static void mark_places(struct finding_text *text) {
  const struct nomem__finding *finding = text->finding;
  struct nomem__source_frame place;
  if (find_place(&finding->fault, text->symbols, &place))
    text->fault_words = add_mark(text, &place, describe_fault(finding));
  if (nomem__unchecked_source(&finding->unchecked, text->symbols, &place) && place.file != NULL && place.line != 0 &&
      !is_marked(text, &place))
    add_mark(text, &place, nomem__strdup(unchecked_words(finding)));
  if (find_place(&finding->freed, text->symbols, &place)) add_mark(text, &place, nomem__strdup("freed first"));
  if (find_place(&finding->blow_up, text->symbols, &place))
    text->end_words = add_mark(text, &place, describe_end(finding));
}

static void print_unchecked(const struct finding_text *text) {
  const struct nomem__finding *finding = text->finding;
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(&finding->unchecked, text->symbols, &source)) return;
  const struct nomem__trace_frame *frame = &finding->unchecked.where.frame[0];
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(&finding->blow_up);
  fprintf(text->out, "  %s: ", unchecked_words(finding));
  nomem__trace_print_source(text->out, frame, &source);
  if (culprit == NULL || !nomem__trace_is_same_file(culprit->path, frame->path))
    print_code_owner(text->campaign, frame, text->out);
  fputc('\n', text->out);
}

/* Prints who freed a block that was used later. */
static void print_first_free(const struct finding_text *text) {
  if (nomem__trace_culprit(&text->finding->freed) == NULL) return;
  fputs("  freed first: ", text->out);
  nomem__trace_print_culprit(text->out, &text->finding->freed, text->symbols);
  fputc('\n', text->out);
}

static void print_excerpt(struct finding_text *text) {
  struct nomem__source_frame place;
  const struct nomem__trace *named = nomem__naming_trace(text->finding);
  nomem__excerpt_print(text->out, text->marks, text->mark_count,
                       find_place(named, text->symbols, &place) ? place.file : NULL);
}

/* Where the shared frames of a stack begin. */
static unsigned count_own(const struct finding_text *text, const struct nomem__trace *trace) {
  return nomem__trace_depth_shown(trace, text->symbols) - text->shared;
}

/* Whether the source shows all that the stack's own frames would. */
static bool is_covered(const struct finding_text *text, const struct nomem__trace *trace, const char *words) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(trace);
  if (text->campaign->session->options->verbose || !is_shown(text, words)) return false;
  return culprit == &trace->frame[count_own(text, trace) - 1];
}

/* Of so many frames of one stack, how many are shown. */
static unsigned count_fitting(const struct finding_text *text, unsigned count) {
  return text->campaign->session->options->verbose || count < FRAMES_SHOWN ? count : FRAMES_SHOWN;
}

static void say_left_out(const struct finding_text *text, unsigned count) {
  if (count > 0) fprintf(text->out, "    and %u more (-v shows all)\n", count);
}

static void print_stack(const struct finding_text *text, const struct nomem__trace *trace, unsigned from, unsigned to) {
  unsigned shown = count_fitting(text, to - from);
  nomem__trace_print(text->out, trace, text->symbols, from, from + shown, 4);
  say_left_out(text, to - from - shown);
}

static void print_whole_stack(const struct finding_text *text, const char *title, const struct nomem__trace *trace) {
  if (trace->depth == 0) return;
  fprintf(text->out, "  %s:\n", title);
  print_stack(text, trace, 0, nomem__trace_depth_shown(trace, text->symbols));
}

static void print_fault_stack(const struct finding_text *text) {
  const struct nomem__trace *fault = &text->finding->fault;
  if (is_covered(text, fault, text->fault_words)) return;
  fputs("  the fault: ", text->out);
  print_fault(text->finding, text->out);
  fputc('\n', text->out);
  print_stack(text, fault, 0, count_own(text, fault));
}

/* Prints the call that was failed while the program dealt with the first failure. */
static void print_second_fault(const struct finding_text *text) {
  const struct nomem__second_call *second = &text->finding->second;
  if (second->stack.depth == 0) return;
  fprintf(text->out, "  and then, on the recovery path: %s of %" PRIu64 " bytes %s (allocation %" PRIu64 ")\n",
          nomem_fn_name(second->fn), second->size_bytes, nomem_fn_failed(second->fn), second->nth);
  print_stack(text, &second->stack, 0, nomem__trace_depth_shown(&second->stack, text->symbols));
}

/* How many of the innermost frames are the C library's and say no more than the signal does: abort, raise and below. */
static unsigned count_raising(const struct finding_text *text) {
  const struct nomem__trace *blow_up = &text->finding->blow_up;
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(blow_up);
  bool is_folded = text->finding->verdict == NOMEM_VERDICT_ABORT && !text->campaign->session->options->verbose;
  return is_folded && culprit != NULL ? (unsigned)(culprit - blow_up->frame) : 0;
}

static void print_end_stack(const struct finding_text *text) {
  const struct nomem__finding *finding = text->finding;
  const struct nomem__trace *blow_up = &finding->blow_up;
  if (blow_up->depth > 0 && is_covered(text, blow_up, text->end_words)) return;
  fprintf(text->out, "  %s: ", find_title(finding));
  nomem__print_end(text->out, finding);
  fputc('\n', text->out);
  if (blow_up->depth > 0)
    print_stack(text, blow_up, count_raising(text), count_own(text, blow_up));
  else if (has_location(finding))
    fputs(finding->verdict == NOMEM_VERDICT_SANITIZER ? "    (no stack that names modules)\n"
                                                      : "    (no stack: it needs ptrace)\n",
          text->out);
}

static void print_callers(const struct finding_text *text, const struct nomem__trace_frame *frame, bool is_first) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  size_t count = nomem__symbols_resolve(text->symbols, frame->path, frame->offset, frame->is_return_address, sources,
                                        NOMEM_INLINED_MAX);
  for (size_t i = 0; i < count; i++) {
    fputs(is_first && i == 0 ? "  called from " : "         from ", text->out);
    nomem__trace_print_source(text->out, frame, &sources[i]);
    fputs(sources[i].inlined ? " [inlined]\n" : "\n", text->out);
  }
}

static void print_shared(const struct finding_text *text) {
  const struct nomem__trace *fault = &text->finding->fault;
  unsigned from = count_own(text, fault), shown = count_fitting(text, text->shared);
  for (unsigned i = 0; i < shown; i++) print_callers(text, &fault->frame[from + i], i == 0);
  say_left_out(text, text->shared - shown);
}

/* Prints where the block or the file came from that the finding is about. */
static void print_origin(const struct finding_text *text) {
  const struct nomem__finding *finding = text->finding;
  bool may_be_file = finding->verdict == NOMEM_VERDICT_LEFTOVER || finding->verdict == NOMEM_VERDICT_LEAK;
  bool is_file = may_be_file && !was_refused(finding);
  print_whole_stack(text, is_file ? "it was created here" : "the block was allocated here", &finding->block);
  print_whole_stack(text, "and freed before here", &finding->freed);
}

static unsigned count_outside(const struct nomem__trace *trace, struct nomem__symbols *symbols) {
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(trace);
  unsigned depth = nomem__trace_depth_shown(trace, symbols);
  unsigned inside = culprit != NULL ? (unsigned)(culprit - trace->frame) + 1 : depth;
  return depth > inside ? depth - inside : 0;
}

/* Counts the outer frames that the stacks of the fault and the end have in common, without their culprits; of a finding
 * without an end, all outside the culprit. */
static unsigned count_shared(const struct nomem__finding *finding, struct nomem__symbols *symbols) {
  const struct nomem__trace *fault = &finding->fault, *end = &finding->blow_up;
  unsigned most = count_outside(fault, symbols), shared = 0;
  if (end->depth == 0) return most;
  unsigned end_most = count_outside(end, symbols);
  unsigned depth = nomem__trace_depth_shown(fault, symbols), end_depth = nomem__trace_depth_shown(end, symbols);
  while (shared < most && shared < end_most &&
         nomem__trace_is_same_from(fault, depth - shared - 1, end, end_depth - shared - 1))
    shared++;
  return shared;
}

static void print_heading(const struct finding_text *text) {
  const struct nomem__finding *finding = text->finding;
  const struct nomem__trace *place = nomem__naming_trace(finding);
  nomem__colour_begin(text->out, NOMEM_COLOUR_VERDICT);
  fputs(nomem__verdicts[finding->verdict].name, text->out);
  nomem__colour_end(text->out);
  fputs(" in ", text->out);
  nomem__colour_begin(text->out, NOMEM_COLOUR_PLACE);
  nomem__trace_print_culprit(text->out, place, text->symbols);
  nomem__colour_end(text->out);
  print_code_owner(text->campaign, nomem__trace_culprit(place), text->out);
  fprintf(text->out, ": %s, %" PRIu64 " run%s\n", nomem__finding_meaning(finding), finding->runs,
          finding->runs == 1 ? "" : "s");
}

void nomem__print_ways_back(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out) {
  fputs("  reproduce: ", out);
  nomem__print_reproduction(out, campaign->session->options, finding->plan,
                            finding->needs_timeout ? campaign->timeout_ms : 0, finding->needs_block_table,
                            finding->guarded_from);
  if (campaign->journal == NULL) return;
  fputs("  debug: ", out);
  nomem__print_change_of_folder(out, campaign->session->options);
  fprintf(out, "nomem replay --gdb %s", finding->id);
  if (campaign->session->options->store != NULL) {
    fputs(" --store ", out);
    nomem__print_word(out, campaign->session->options->store);
  }
  fputc('\n', out);
}

void nomem__print_finding(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out) {
  struct nomem__symbols *symbols = campaign->session->symbols;
  struct finding_text text = {.campaign = campaign,
                              .finding = finding,
                              .symbols = symbols,
                              .out = out,
                              .shared = count_shared(finding, symbols)};
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
  print_threads(finding, symbols, out);
  nomem__print_ways_back(campaign, finding, out);
  for (size_t i = 0; i < text.mark_count; i++) free(text.marks[i].text);
}
