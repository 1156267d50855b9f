/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../block_table_format.h"
#include "../judge/caught_signals.h"
#include "../judge/finding.h"
#include "../judge/hostile_words.h"
#include "../run/session.h"
#include "../text/complain.h"
#include "../text/error_text.h"
#include "../text/printable.h"
#include "../text/quote.h"
#include "commands.h"

/* So many failed calls are shown after a run: a persistent plan makes any number of them. */
#define SHOWN_MAX 3

/* The run, and what is known of it once it is over. */
struct run {
  struct nomem__session *session;
  struct nomem__worker *worker;
  struct nomem__outcome outcome;
  struct nomem__caught_signals caught_signals; /* with no baseline to compare with */
  struct nomem__process_residue residue;       /* of its first process */
  struct nomem__child_residue child_residue; /* of the process in which the first call failed, where that is another */
};

static void run_done(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct run *run = user;
  (void)worker;
  run->outcome = *outcome;
  run->residue = *outcome->residue;
  *outcome->residue = (struct nomem__process_residue){0};
  run->child_residue = *outcome->child_residue;
  *outcome->child_residue = (struct nomem__child_residue){0};
}

/* A terminal sends SIGINT and SIGQUIT to the program as well, so nomem waits until the program has dealt with them. Any
 * other signal was sent to nomem alone, and ends both. */
static void interrupt(void *user) {
  struct run *run = user;
  int signal = run->session->interrupted_by;
  if (signal != SIGINT && signal != SIGQUIT) nomem__worker_cancel(run->worker);
}

/* Of a run in which no call was failed. */
static void print_hostile(struct run *run) {
  const struct nomem_channel *channel = run->outcome.channel;
  const struct nomem_fault *call = &channel->hostile_call;
  struct nomem__trace trace;
  nomem__complain("%" PRIu64 " call%s served by a hostile allocator%s", (uint64_t)channel->hostile_calls,
                  channel->hostile_calls == 1 ? " was" : "s were", channel->hostile_calls == 1 ? "" : ", the first:");
  fprintf(stderr, "nomem: %s of %" PRIu64 " bytes %s (%sallocation %" PRIu64 ")\n", nomem__call_name(call->fn),
          call->size_bytes, nomem__call_effect(call->fn, call->hostile), call->fn == NOMEM_FN_COUNT ? "after " : "",
          call->nth);
  nomem__trace_of_frames(channel, call->frame, call->depth, &trace);
  nomem__trace_print(stderr, &trace, run->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
}

static void print_faults(struct run *run) {
  const struct nomem_channel *channel = run->outcome.channel;
  struct nomem__trace trace;
  uint64_t calls = nomem__channel_calls(channel);
  nomem__complain("%u of %" PRIu64 " allocation%s failed", (unsigned)channel->fault_count, calls,
                  calls == 1 ? "" : "s");
  for (uint32_t i = 0; i < channel->fault_count && i < SHOWN_MAX; i++) {
    const struct nomem_fault *fault = &channel->faults[i];
    if (!fault->ready) continue;
    fprintf(stderr, "nomem: %s of %" PRIu64 " bytes %s (allocation %" PRIu64 ", site=%08" PRIx64 "@%" PRIu64 ")\n",
            nomem_fn_name(fault->fn), fault->size_bytes, nomem_fn_failed(fault->fn), fault->nth, fault->site >> 32,
            fault->occurrence);
    nomem__trace_of_frames(channel, fault->frame, fault->depth, &trace);
    nomem__trace_print(stderr, &trace, run->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
  }
}

static void print_end(struct run *run) {
  const struct nomem__end *end = &run->outcome.end;
  struct nomem__trace trace;
  if (end->timed_out) nomem__complain("still running when its time was up");
  if (end->fatal_signal != 0)
    nomem__complain("%s SIG%s", run->outcome.was_caught ? "caught" : "killed by", sigabbrev_np(end->fatal_signal));
  if (!end->has_stack) return;
  nomem__trace_of_stack(&end->stack, &trace);
  nomem__trace_print(stderr, &trace, run->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
}

static void print_stack(struct run *run, const char *what, const nomem_frame *frames, uint32_t depth) {
  struct nomem__trace trace;
  if (depth == 0) return;
  fprintf(stderr, "nomem: %s\n", what);
  nomem__trace_of_frames(run->outcome.channel, frames, depth, &trace);
  nomem__trace_print(stderr, &trace, run->session->symbols, 0, NOMEM_TRACE_DEPTH, 4);
}

static void print_misuses(struct run *run) {
  const struct nomem_channel *channel = run->outcome.channel;
  for (uint32_t i = 0; i < channel->misuse_count && i < NOMEM_MISUSES && i < SHOWN_MAX; i++) {
    const struct nomem_misuse *misuse = &channel->misuses[i];
    if (!misuse->ready || misuse->kind >= NOMEM_MISUSE_KINDS) continue;
    char what[128];
    snprintf(what, sizeof what, "%s%s", nomem__heap_misuse_texts[misuse->kind],
             misuse->kind == NOMEM_MISUSE_WRITTEN ? ", which was here" : "");
    print_stack(run, what, misuse->call, misuse->call_depth);
    print_stack(run, "the block was allocated here", misuse->block, misuse->block_depth);
    print_stack(run, "and freed before here", misuse->freed, misuse->freed_depth);
  }
}

static void print_site(struct run *run, const char *what, uint32_t number) {
  const struct nomem_site *site = &run->outcome.channel->sites[number];
  if (number < NOMEM_BLOCK_TABLE_NO_SITE) print_stack(run, what, site->frame, site->depth);
}

/* What was found only when the run was over. */
static void print_late_misuse(struct run *run, const struct nomem__process_residue *residue) {
  const struct nomem__heap_residue *heap = &residue->heap;
  const struct nomem__late_misuse *misuse = &heap->misuse;
  const struct nomem__end *end = &run->outcome.end;
  bool has_died = end->has_stack && end->stack.pid == residue->pid;
  const struct nomem__quarantined *block =
      nomem__heap_residue_find_quarantined(heap, has_died ? end->stack.freed_pointer : 0);
  char what[128];
  snprintf(what, sizeof what, "%s, it was allocated here", nomem__heap_misuse_texts[misuse->kind]);
  if (heap->has_misuse) print_site(run, what, misuse->site);
  if (heap->has_misuse && misuse->kind == NOMEM_MISUSE_WRITTEN) print_site(run, "and freed here", misuse->freed_at);
  if (block == NULL) return;
  print_site(run, "it used a pointer that was read from a freed block, which was allocated here", block->site);
  print_site(run, "and freed here", block->freed_at);
}

/* How it used a guarded block that it must not use. */
static void print_guarded_use(struct run *run, const struct nomem__process_residue *residue) {
  const struct nomem__end *end = &run->outcome.end;
  bool has_died = end->has_stack && end->stack.pid == residue->pid;
  if (!has_died) return;
  const struct nomem__guarded_use use = nomem__guarded_use_find(&residue->heap, &end->stack);
  char what[128];
  if (use.place == NOMEM_GUARDED_NONE) return;
  snprintf(what, sizeof what, "%s, it was allocated here", nomem__guarded_use_text(&use));
  print_site(run, what, use.block.site);
  if (use.block.is_closed) print_site(run, "and freed here", use.block.freed_at);
}

static void print_unguarded(const struct run *run) {
  const struct nomem_screening *screening = &run->outcome.channel->screening;
  if (run->session->options->guarded_from == 0 || run->session->options->quiet) return;
  if (!run->session->setup.trace) nomem__complain("no block was guarded: that takes ptrace");
  if (screening->guard_obstacle != NOMEM_GUARD_OBSTACLE_NONE)
    nomem__complain("blocks could not be guarded: the program's memory is limited, or comes from another allocator");
  else if (screening->unguarded_blocks > 0)
    nomem__complain("%" PRIu64 " block%s not guarded: there are too many, or they are too large",
                    screening->unguarded_blocks, screening->unguarded_blocks == 1 ? " was" : "s were");
}

/* There is no baseline to compare with, so that what the program loses in any case is printed, too. */
static void print_leaks(struct run *run, const struct nomem__process_residue *residue) {
  struct nomem__leak_site most;
  if (residue->has_leak_check) return; /* its sanitizer has reported it */
  if (!residue->has_block_table) nomem__complain("leaks could not be looked for");
  print_late_misuse(run, residue);
  print_guarded_use(run, residue);
  if (!nomem__heap_residue_find_new_leak(&residue->heap, NULL, 0, NULL, &most)) return;
  const struct nomem_site *site = &run->outcome.channel->sites[most.site];
  char what[128];
  snprintf(what, sizeof what,
           "%" PRIu64 " byte%s in %" PRIu64 " block%s leaked, for nothing points to them any more; allocated here",
           most.bytes, most.bytes == 1 ? "" : "s", most.blocks, most.blocks == 1 ? "" : "s");
  print_stack(run, what, site->frame, site->depth);
  if (residue->heap.leak_count > 1)
    nomem__complain("%zu other call stacks leaked some, too", residue->heap.leak_count - 1);
}

/* A descriptor that nomem itself was started with is not the program's doing. */
static bool is_inherited(int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

static void print_open_descriptors(const struct nomem__process_residue *residue) {
  unsigned shown = 0;
  for (unsigned i = 0; i < residue->open_count && shown < SHOWN_MAX; i++) {
    const struct nomem__descriptor *open = &residue->open[i];
    if (open->fd <= STDERR_FILENO || is_inherited(open->fd)) continue;
    fprintf(stderr, "nomem: descriptor %d is open: ", open->fd);
    nomem__print_safe(stderr, open->what);
    fputc('\n', stderr);
    shown++;
  }
}

/* There is no baseline here, either. */
static void print_created_file(const struct run *run) {
  const struct nomem__created_files none = {.is_known = true};
  char what[NOMEM_DETAIL_BYTES];
  const struct nomem__created_file *file = nomem__created_files_find_new(&run->residue.created_files, &none, &none);
  if (file == NULL) return;
  nomem__created_files_describe(file, NULL, what, sizeof what);
  nomem__complain("%s", what);
}

static void print_residue(struct run *run) {
  bool has_ended = !run->outcome.end.timed_out; /* a program that was killed did not come to free what it has */
  if (has_ended) print_leaks(run, &run->residue);
  print_open_descriptors(&run->residue);
  for (unsigned i = 0; i < run->child_residue.count; i++) {
    const struct nomem__process_residue *residue = &run->child_residue.list[i];
    char quoted[NOMEM_QUOTE_BYTES];
    nomem__complain("and another process of the run, %s, in which the call was failed:",
                    nomem__quote(residue->identity.name, quoted, sizeof quoted));
    if (has_ended) print_leaks(run, residue);
    print_open_descriptors(residue);
  }
}

static int exit_status(const struct run *run) {
  const struct nomem__end *end = &run->outcome.end;
  if (run->outcome.channel->fault_count == 0) {
    nomem__complain("no call was %s: the plan '%s' matches none of the %" PRIu64
                    " allocations ('nomem sites' "
                    "lists them)",
                    run->session->options->plan.has & NOMEM_HAS_HOSTILE ? "served so" : "failed",
                    run->session->options->plan_text, nomem__channel_calls(run->outcome.channel));
    return NOMEM_EXIT_FAILED;
  }
  if (end->timed_out) return 128 + SIGKILL;
  return WIFSIGNALED(end->root_status) ? 128 + WTERMSIG(end->root_status) : WEXITSTATUS(end->root_status);
}

static void print_wrong(const struct run *run) {
  const struct nomem_wrong *wrong = &run->outcome.channel->wrong;
  char quoted[NOMEM_QUOTE_BYTES];
  if (wrong->count > 0)
    nomem__complain("the test says that a result is wrong: %s", nomem__quote(wrong->text, quoted, sizeof quoted));
}

static void print_run(struct run *run, bool is_watched) {
  bool is_quiet = run->session->options->quiet;
  const struct nomem_channel *channel = run->outcome.channel;
  bool is_hostile = channel->fault_count > 0 && channel->faults[0].hostile != 0;
  if (!is_quiet && is_hostile) print_hostile(run);
  if (!is_quiet && channel->fault_count > 0 && !is_hostile) print_faults(run);
  if (!is_quiet) print_end(run);
  if (!is_quiet) print_wrong(run);
  if (!is_quiet && run->outcome.is_damaged)
    nomem__complain("the program wrote over the pages that it shares with nomem: only how it ended is certain");
  print_unguarded(run);
  if (!is_watched) return;
  print_misuses(run);
  print_residue(run);
  print_created_file(run);
}

/* Returns the exit status of the command. */
static int make_run(struct run *run, const char *plan) {
  struct nomem__session *session = run->session;
  bool is_asked = session->options->leaks == NOMEM_LEAKS_ALL || session->options->guarded_from != 0;
  bool is_watched = is_asked && session->setup.trace;
  const struct nomem__run_request request = {.plan = plan,
                                             .timeout_ms = session->options->timeout_ms,
                                             .watch = is_watched ? NOMEM_WATCH_BLOCK_TABLE : NOMEM_WATCH_NONE,
                                             .guarded_from = session->options->guarded_from,
                                             .check_leaks = is_watched,
                                             .signal_watcher = &run->caught_signals.watcher,
                                             .done = run_done,
                                             .user = run};
  session->on_interrupt = interrupt;
  session->user = run;
  int result;
  do result = nomem__worker_start(run->worker, &request);
  while (result != 0 && nomem__session_can_retry(session, result));
  if (result != 0) return NOMEM_EXIT_FAILED;
  nomem__session_run(session);
  if (!nomem__session_was_injected(&run->outcome)) return NOMEM_EXIT_FAILED;
  print_run(run, is_watched);
  return exit_status(run);
}

static int run_program(struct nomem__session *session) {
  struct run run = {.session = session};
  nomem__caught_signals_open(&run.caught_signals, session->symbols, NULL);
  char plan[NOMEM_PLAN_BYTES];
  int result = nomem_plan_print(&session->options->plan, plan, sizeof plan);
  if (result >= 0) result = nomem__worker_open(session->trees, &session->loop, &session->setup, &run.worker);
  if (result < 0) {
    nomem__complain("cannot make a worker: %s", nomem__error_text(-result));
    return NOMEM_EXIT_FAILED;
  }
  int status = make_run(&run, plan);
  session->on_interrupt = NULL;
  nomem__process_residue_clear(&run.residue);
  nomem__child_residue_free(&run.child_residue);
  nomem__worker_close(run.worker);
  return status;
}

/* --hostile says a plan. */
static void make_plan(struct nomem__options *options) {
  static char text[sizeof "hostile=" + NOMEM_HOSTILE_LIST_BYTES];
  char list[NOMEM_HOSTILE_LIST_BYTES];
  if (options->plan_text != NULL) return;
  snprintf(text, sizeof text, "hostile=%s", nomem__hostile_list(options->hostile, list));
  options->plan_text = text;
  nomem_plan_parse(text, &options->plan, NULL);
}

int nomem__run(const struct nomem__options *given) {
  static struct nomem__session session;
  static struct nomem__options own;
  own = *given;
  const struct nomem__options *options = &own;
  make_plan(&own);
  if (nomem__session_open(&session, options, true) != 0) return NOMEM_EXIT_FAILED;
  nomem__session_say_isolation(&session);
  int status = run_program(&session);
  nomem__session_close(&session);
  return status;
}
