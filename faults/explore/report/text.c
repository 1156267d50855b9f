/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../campaign/coverage.h"
#include "../text/json_values.h"
#include "../text/printable.h"
#include "../text/words.h"
#include "report.h"
#include "reproduction.h"
#include "source_lines.h"

/* So many threads of a hang have a line each, beside the one that is shown in full. --json has them all. */
#define THREADS_SHOWN 8
/* So many programs that were not injected have a line each. */
#define PROGRAMS_SHOWN 8

bool nomem__is_coloured(FILE *out) {
  const char *no_color = getenv("NO_COLOR");
  return isatty(fileno(out)) && (no_color == NULL || *no_color == '\0');
}

static void print_reproduction(const struct nomem__campaign *campaign, const struct nomem__finding *finding,
                               FILE *out) {
  fputs("  reproduce: ", out);
  nomem__print_reproduction(out, campaign->session->options, finding->plan,
                            finding->needs_timeout ? campaign->timeout_ms : 0, finding->needs_block_table);
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

static void print_blow_up(const struct nomem__finding *finding, struct nomem__symbols *symbols, FILE *out) {
  fprintf(out, "  %s: ", find_title(finding));
  nomem__print_end(out, finding);
  fputc('\n', out);
  if (finding->blow_up.depth > 0)
    nomem__trace_print(out, &finding->blow_up, symbols, 4);
  else if (has_location(finding))
    fputs(finding->verdict == NOMEM_VERDICT_SANITIZER ? "    (no stack that names modules)\n"
                                                      : "    (no stack: it needs ptrace)\n",
          out);
  bool may_be_file = finding->verdict == NOMEM_VERDICT_LEFTOVER || finding->verdict == NOMEM_VERDICT_LEAK;
  bool is_file = may_be_file && !was_refused(finding);
  if (finding->block.depth > 0) fputs(is_file ? "  it was created here:\n" : "  the block was allocated here:\n", out);
  nomem__trace_print(out, &finding->block, symbols, 4);
  if (finding->freed.depth > 0) fputs("  and freed before here:\n", out);
  nomem__trace_print(out, &finding->freed, symbols, 4);
  print_threads(finding, symbols, out);
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

/* Prints a line of source with the one before and the one after it, when the file is there. */
static void print_source(const char *file, unsigned line, FILE *out) {
  struct nomem__json json = {0}; /* when memory is short, the text does without source */
  json_t *source = file != NULL ? nomem__read_source_lines(&json, file, line) : NULL, *text;
  unsigned first = (unsigned)nomem__json_count(source, "first");
  size_t i;
  json_array_foreach(json_object_get(source, "lines"), i, text) {
    unsigned number = first + (unsigned)i;
    if (number + 1 < line || number > line + 1) continue;
    fprintf(out, "    %c%5u | %s\n", number == line ? '>' : ' ', number, json_string_value(text));
  }
  json_decref(source);
}

static void print_unchecked(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out) {
  struct nomem__source_frame source;
  if (!nomem__unchecked_source(&finding->unchecked, campaign->session->symbols, &source)) return;
  const struct nomem__trace_frame *frame = &finding->unchecked.where.frame[0];
  const struct nomem__trace_frame *culprit = nomem__trace_culprit(&finding->blow_up);
  fputs(finding->unchecked.cause == NOMEM_CAUSE_LEFT ? "  left NULL: " : "  not checked: ", out);
  nomem__trace_print_source(out, frame, &source);
  if (culprit == NULL || !nomem__trace_is_same_file(culprit->path, frame->path)) print_code_owner(campaign, frame, out);
  fputc('\n', out);
  print_source(source.file, source.line, out);
}

/* Prints who freed a block that was used later. */
static void print_first_free(const struct nomem__finding *finding, struct nomem__symbols *symbols, FILE *out) {
  const struct nomem__trace_frame *frame = nomem__trace_culprit(&finding->freed);
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  if (finding->freed.depth == 0 || frame == NULL) return;
  fputs("  freed first: ", out);
  nomem__trace_print_culprit(out, &finding->freed, symbols);
  fputc('\n', out);
  size_t count =
      nomem__symbols_resolve(symbols, frame->path, frame->offset, frame->is_return_address, sources, NOMEM_INLINED_MAX);
  size_t shown = nomem__trace_shown_function(&finding->freed, sources, count);
  print_source(sources[shown].file, sources[shown].line, out);
}

/* Prints the call that was failed while the program dealt with the first failure. */
static void print_second_fault(const struct nomem__finding *finding, struct nomem__symbols *symbols, FILE *out) {
  const struct nomem__second_call *second = &finding->second;
  if (second->stack.depth == 0) return;
  fprintf(out, "  and then, on the recovery path: %s of %" PRIu64 " bytes %s (allocation %" PRIu64 ")\n",
          nomem_fn_name(second->fn), second->size_bytes, nomem_fn_failed(second->fn), second->nth);
  nomem__trace_print(out, &second->stack, symbols, 4);
}

static void print_finding(const struct nomem__campaign *campaign, const struct nomem__finding *finding, FILE *out) {
  bool coloured = nomem__is_coloured(out);
  struct nomem__symbols *symbols = campaign->session->symbols;
  fprintf(out, "%s%s%s in ", coloured ? "\033[1;31m" : "", nomem__verdicts[finding->verdict].name,
          coloured ? "\033[0m" : "");
  const struct nomem__trace *place = finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault;
  nomem__trace_print_culprit(out, place, symbols);
  print_code_owner(campaign, nomem__trace_culprit(place), out);
  fprintf(out, ": %s, %" PRIu64 " run%s\n",
          nomem__finding_is_use_after_free(finding) ? "use after free" : nomem__verdicts[finding->verdict].meaning,
          finding->runs, finding->runs == 1 ? "" : "s");
  print_unchecked(campaign, finding, out);
  print_first_free(finding, symbols, out);
  fprintf(out, "  the fault: %s of %" PRIu64 " bytes %s%s (allocation %" PRIu64 ")\n", nomem_fn_name(finding->fn),
          finding->size_bytes, nomem_fn_failed(finding->fn),
          finding->point.persistent ? ", and so did all later calls" : "", finding->nth);
  nomem__trace_print(out, &finding->fault, symbols, 4);
  print_second_fault(finding, symbols, out);
  print_blow_up(finding, symbols, out);
  print_reproduction(campaign, finding, out);
}

/* In which part of the text a finding stands. Those that count come first and in full, the others in short. */
enum listing { COUNTED, FLAKY, ADVISORY, EXCLUDED, LISTINGS };

static enum listing listing_of(const struct nomem__finding *finding) {
  if (finding->exclusion != NOMEM_EXCLUSION_NO && finding->exclusion != NOMEM_EXCLUSION_ADVISORY) return EXCLUDED;
  if (finding->is_flaky) return FLAKY;
  return finding->exclusion == NOMEM_EXCLUSION_ADVISORY ? ADVISORY : COUNTED;
}

/* So many of each part are shown in short. */
#define SHORT_MAX 10

static const char *const listing_names[] = {[FLAKY] = "flaky", [ADVISORY] = "advisory", [EXCLUDED] = "not counted"};

static const struct nomem__trace *naming_trace(const struct nomem__finding *finding) {
  return finding->blow_up.depth > 0 ? &finding->blow_up : &finding->fault;
}

/* Whether two findings that were set aside would have the same line, but for their runs. */
static bool has_same_line(const struct nomem__campaign *campaign, const struct nomem__finding *finding,
                          const struct nomem__finding *other) {
  struct nomem__symbols *symbols = campaign->session->symbols;
  return listing_of(finding) == EXCLUDED && listing_of(other) == EXCLUDED && finding->verdict == other->verdict &&
         strcmp(finding->exclusion_reason, other->exclusion_reason) == 0 &&
         nomem__trace_hash(naming_trace(finding), symbols, NOMEM_SAME_LINE) ==
             nomem__trace_hash(naming_trace(other), symbols, NOMEM_SAME_LINE);
}

/* The finding in the list, from a number on, that has the same line as this one; count: there is none. */
static size_t find_same_line(const struct nomem__campaign *campaign, const struct nomem__findings *findings,
                             const struct nomem__finding *finding, size_t from) {
  while (from < findings->count && !has_same_line(campaign, finding, &findings->list[from])) from++;
  return from;
}

/* Prints one of the list in a line; of those that were set aside, with all that have the same line. */
static void print_short(const struct nomem__campaign *campaign, const struct nomem__findings *findings, size_t number,
                        FILE *out) {
  const struct nomem__finding *finding = &findings->list[number];
  enum listing listing = listing_of(finding);
  uint64_t runs = finding->runs;
  unsigned alike = 1;
  for (size_t i = number; (i = find_same_line(campaign, findings, finding, i + 1)) < findings->count; alike++)
    runs += findings->list[i].runs;
  fprintf(out, "%s: %s in ", listing_names[listing], nomem__verdicts[finding->verdict].name);
  nomem__trace_print_culprit(out, naming_trace(finding), campaign->session->symbols);
  fprintf(out, ", %" PRIu64 " run%s", runs, runs == 1 ? "" : "s");
  if (alike > 1) fprintf(out, " in %u findings", alike);
  fputs(": ", out);
  nomem__print_safe(out, listing == FLAKY      ? "not when it was tried again"
                         : listing == ADVISORY ? nomem__verdicts[finding->verdict].meaning
                                               : finding->exclusion_reason);
  fputc('\n', out);
  if (listing == EXCLUDED) return;
  fputs("  what came of it: ", out);
  nomem__print_end(out, finding);
  fputc('\n', out);
  print_reproduction(campaign, finding, out);
}

/* Prints the findings of a list that stand in this part, and counts them, and the lines of those in short. */
static void print_listed(const struct nomem__campaign *campaign, const struct nomem__findings *findings,
                         enum listing listing, size_t counts[LISTINGS], size_t *lines, FILE *out) {
  bool is_quiet = campaign->session->options->quiet;
  for (size_t i = 0; i < findings->count; i++) {
    const struct nomem__finding *finding = &findings->list[i];
    if (listing_of(finding) != listing) continue;
    if (listing == COUNTED && (counts[COUNTED] > 0 || !is_quiet)) fputc('\n', out);
    counts[listing]++;
    if (listing == COUNTED)
      print_finding(campaign, finding, out);
    else if (!is_quiet && find_same_line(campaign, findings, finding, 0) >= i && (*lines)++ < SHORT_MAX)
      print_short(campaign, findings, i, out);
  }
}

/* Ends the line with the number of findings, which says little where much was not reached. */
static void print_time(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  fprintf(out, " (%.1f s", (double)(campaign->ended_ns - campaign->started_ns) / 1e9);
  if (nomem__coverage_is_partial(&coverage))
    fprintf(out, "; but %" PRIu64 " of the %" PRIu64 " calls that were to fail were not reached again",
            coverage.untried[NOMEM_UNTRIED_UNREACHED], coverage.calls_due);
  fputs(")\n", out);
}

static void print_verdicts(const struct nomem__campaign *campaign, const size_t counts[LISTINGS], FILE *out) {
  uint64_t runs = 0;
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) runs += campaign->verdicts[v];
  fprintf(out, "%" PRIu64 " run%s%s", runs, runs == 1 ? "" : "s", runs > 0 ? ":" : "");
  const char *separator = " ";
  for (unsigned v = 0; v < NOMEM_VERDICT_COUNT; v++) {
    if (campaign->verdicts[v] == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, campaign->verdicts[v], nomem__verdicts[v].name);
    separator = ", ";
  }
  fprintf(out, "; %zu finding%s", counts[COUNTED], counts[COUNTED] == 1 ? "" : "s");
  if (counts[FLAKY] > 0) fprintf(out, ", %zu flaky", counts[FLAKY]);
  if (counts[ADVISORY] > 0) fprintf(out, ", %zu advisory", counts[ADVISORY]);
  if (counts[EXCLUDED] > 0) fprintf(out, ", %zu not counted", counts[EXCLUDED]);
  print_time(campaign, out);
}

static void print_engines(const struct nomem__campaign *campaign, FILE *out) {
  fputs("engines:", out);
  const char *separator = " ";
  for (unsigned i = NOMEM__ENGINES; i-- > 0;) {
    if (campaign->engines[i] == 0) continue;
    fprintf(out, "%s%" PRIu64 " runs by %s", separator, campaign->engines[i], nomem__engine_names[i]);
    separator = ", ";
  }
  if (campaign->heap.looked_at > 0) fprintf(out, "%s%zu more for heap errors", separator, campaign->heap.looked_at);
  bool all_by_snapshot = campaign->engines[NOMEM_ENGINE_EXEC] + campaign->engines[NOMEM_ENGINE_SERVER] == 0;
  if (*campaign->engine_reason != '\0' && !all_by_snapshot) fprintf(out, " (none faster: %s)", campaign->engine_reason);
  fputc('\n', out);
}

/* Says what was taken for test code: a wrong guess would hide findings. */
static void print_test_code(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__code_owners *code_owners = &campaign->code_owners;
  if (!code_owners->is_divided || code_owners->globs != NULL) return;
  fputs("taken as test code: ", out);
  for (size_t i = 0; i < code_owners->place_count; i++) {
    if (i > 0) fputs(", ", out);
    nomem__print_safe(out, code_owners->places[i]);
  }
  fprintf(out, "%s (a guess%s; --under-test corrects it)\n",
          code_owners->place_count == NOMEM_TEST_CODE_PLACES ? ", ..." : "",
          !code_owners->is_coarse                                  ? ""
          : code_owners->has_framework || code_owners->has_harness ? " from names alone, without debug information"
                                                                   : " from the program's name alone, without debug "
                                                                     "information");
}

static void print_coverage(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  fprintf(out, "exercised %" PRIu64 " of %" PRIu64 " site%s, %" PRIu64 " of %" PRIu64 " allocation point%s",
          coverage.sites_exercised, coverage.sites, coverage.sites == 1 ? "" : "s", coverage.calls_exercised,
          coverage.calls, coverage.calls == 1 ? "" : "s");
  if (coverage.second_faults > 0)
    fprintf(out, ", %" PRIu64 " of %" PRIu64 " second fault%s in recovery", coverage.second_faults_exercised,
            coverage.second_faults, coverage.second_faults == 1 ? "" : "s");
  if (campaign->second_faults.left_out > 0)
    fprintf(out, " (%zu more than are tried without --all)", campaign->second_faults.left_out);
  fputc('\n', out);
  const char *separator = "not exercised: ";
  for (unsigned i = 0; i < NOMEM_UNTRIED_COUNT; i++) {
    if (coverage.untried[i] == 0) continue;
    fprintf(out, "%s%" PRIu64 " %s", separator, coverage.untried[i], nomem__untried_texts[i].text);
    separator = ", ";
  }
  if (coverage.calls_exercised < coverage.calls) fputc('\n', out);
}

/* What these do without memory was not tried. */
static void print_not_injected(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__executed_programs *programs = &campaign->not_injected;
  for (size_t i = 0; i < programs->count && i < PROGRAMS_SHOWN; i++) {
    fputs("not injected: ", out);
    nomem__print_safe(out, programs->list[i].reason);
    fputc('\n', out);
  }
  if (programs->count > PROGRAMS_SHOWN)
    fprintf(out, "not injected: %zu more programs (--json has all)\n", programs->count - PROGRAMS_SHOWN);
}

/* Where a test ends at its first assertion, half of what it could show is not tried. */
static void print_cut_short(const struct nomem__campaign *campaign, FILE *out) {
  const struct nomem__coverage coverage = nomem__coverage_of(campaign);
  char text[NOMEM_CUT_SHORT_BYTES];
  if (!nomem__coverage_is_cut_short(&coverage)) return;
  nomem__coverage_say_cut_short(&coverage, text);
  fprintf(out, "%s\n", text);
}

static void print_limits(const struct nomem__campaign *campaign, FILE *out) {
  char note[NOMEM__OUTPUT_NOTE_BYTES];
  size_t untried = 0;
  for (size_t i = 0; i < campaign->point_count; i++) untried += campaign->states[i].result == 0;
  if (campaign->session->interrupted_by != 0 || untried > 0)
    fprintf(out, "%s: %zu of %zu points were not tried\n",
            campaign->session->interrupted_by != 0 ? "interrupted"
            : campaign->failed                     ? "could not go on"
                                                   : "the time was up",
            untried, campaign->point_count);
  print_test_code(campaign, out);
  print_cut_short(campaign, out);
  print_not_injected(campaign, out);
  nomem__output_note(&campaign->baseline_output, note, sizeof note);
  if (*note != '\0') fprintf(out, "%s\n", note);
  if (campaign->unstable_sites > 0)
    fprintf(out, "%zu sites were reached in only one of the two baselines\n", campaign->unstable_sites);
  if (campaign->second_faults.not_noted > 0)
    fprintf(out, "%" PRIu64 " sites of recovery were not tried: a run records %d\n", campaign->second_faults.not_noted,
            NOMEM_RECOVERIES);
  if (campaign->heap.left_out > 0)
    fprintf(out, "%zu of %zu runs that ended well were not checked for heap errors%s\n", campaign->heap.left_out,
            campaign->heap.left_out + campaign->heap.checked,
            campaign->session->options->all ? "" : " (--all checks each)");
  if (campaign->early_count > 0)
    fprintf(out, "%" PRIu64 " run%s that hung where others had hung to the end of their time %s ended early\n",
            campaign->early_count, campaign->early_count == 1 ? "" : "s", campaign->early_count == 1 ? "was" : "were");
  if (!campaign->session->setup.trace)
    fputs(
        "without ptrace a crash in a child process, or one that the program catches, is not seen, and no stack of any "
        "crash; nor are programs that were executed, but not injected\n",
        out);
}

/* Returns a path below the working directory as seen from there, and any other as it is. */
static const char *shorten_path(const char *path) {
  char here[PATH_MAX];
  size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
  return length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

void nomem__report_text(const struct nomem__campaign *campaign, FILE *out) {
  size_t counts[LISTINGS] = {0};
  bool is_quiet = campaign->session->options->quiet;
  if (!is_quiet) {
    fputs("nomem: ", out);
    nomem__print_safe(out, shorten_path(campaign->programs.first_path));
    if (*campaign->programs.other_names != '\0') fputs(" and ", out);
    nomem__print_safe(out, campaign->programs.other_names);
    fprintf(out, ": %" PRIu64 " allocation%s at %zu site%s, %.1f ms a run\n", campaign->allocations,
            campaign->allocations == 1 ? "" : "s", campaign->site_count + campaign->interpreter.sites,
            campaign->site_count + campaign->interpreter.sites == 1 ? "" : "s", (double)campaign->baseline_us / 1e3);
  }
  for (enum listing listing = COUNTED; listing < LISTINGS; listing++) {
    size_t lines = 0;
    print_listed(campaign, &campaign->findings, listing, counts, &lines, out);
    print_listed(campaign, &campaign->excluded, listing, counts, &lines, out);
    if (listing == COUNTED && counts[COUNTED] > 0 && !is_quiet) fputc('\n', out);
    if (listing != COUNTED && lines > SHORT_MAX && !is_quiet)
      fprintf(out, "%s: %zu more (--html and --json have all)\n", listing_names[listing], lines - SHORT_MAX);
  }
  if (is_quiet) return;
  print_verdicts(campaign, counts, out);
  if (campaign->session->options->verbose) print_engines(campaign, out);
  print_coverage(campaign, out);
  print_limits(campaign, out);
}
