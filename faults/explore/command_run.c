#define _GNU_SOURCE
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "commands.h"
#include "finding.h"
#include "session.h"

/* Faults shown after a run; a persistent plan makes any number of them. */
#define SHOWN_MAX 3

struct run {
  struct nomem__session session;
  struct nomem__worker *worker;
  struct nomem__outcome outcome;
};

static void keep(struct nomem__worker *worker, const struct nomem__outcome *outcome, void *user) {
  struct run *run = user;
  (void)worker;
  run->outcome = *outcome;
}

/* The terminal sent the signal to the program as well: nomem waits for what the program makes of it. A signal sent to
 * nomem alone ends both. */
static void interrupt(void *user) {
  struct run *run = user;
  if (run->session.interrupted_by == SIGTERM) nomem__worker_cancel(run->worker);
}

static void say_faults(struct run *run) {
  const struct nomem_channel *channel = run->outcome.channel;
  struct nomem__trace trace;
  uint64_t calls = nomem__channel_calls(channel);
  nomem__complain("%u of %" PRIu64 " allocation%s failed", (unsigned)channel->fault_count, calls,
                  calls == 1 ? "" : "s");
  for (uint32_t i = 0; i < channel->fault_count && i < SHOWN_MAX; i++) {
    const struct nomem_fault *fault = &channel->faults[i];
    fprintf(stderr, "nomem: %s of %" PRIu64 " bytes returned NULL (allocation %" PRIu64 ", site=%08" PRIx64 "@%" PRIu64
            ")\n", nomem_fn_name(fault->fn), fault->size_bytes, fault->nth, fault->site >> 32, fault->occurrence);
    nomem__trace_of_frames(channel, fault->frame, fault->depth, &trace);
    nomem__trace_print(stderr, &trace, run->session.symbols, 4);
  }
}

static void say_end(struct run *run) {
  const struct nomem__end *end = &run->outcome.end;
  struct nomem__trace trace;
  if (end->timed_out) nomem__complain("still running when its time was up");
  if (end->fatal_signal != 0) nomem__complain("killed by SIG%s", sigabbrev_np(end->fatal_signal));
  if (!end->has_stack) return;
  nomem__trace_of_stack(&end->stack, &trace);
  nomem__trace_print(stderr, &trace, run->session.symbols, 4);
}

static int exit_status(const struct run *run) {
  const struct nomem__end *end = &run->outcome.end;
  if (run->outcome.channel->fault_count == 0) {
    nomem__complain("no call was failed: the plan '%s' matches none of the %" PRIu64 " allocations ('nomem sites' "
                    "lists them)", run->session.options->plan_text, nomem__channel_calls(run->outcome.channel));
    return NOMEM_EXIT_FAILED;
  }
  if (end->timed_out) return 128 + SIGKILL;
  return WIFSIGNALED(end->root_status) ? 128 + WTERMSIG(end->root_status) : WEXITSTATUS(end->root_status);
}

static int run_once(struct run *run) {
  struct nomem__session *session = &run->session;
  char plan[NOMEM_PLAN_BYTES];
  int result = nomem_plan_print(&session->options->plan, plan, sizeof plan);
  if (result >= 0) result = nomem__worker_open(session->trees, &session->loop, &session->setup, &run->worker);
  if (result < 0) {
    nomem__complain("cannot make a worker: %s", strerror(-result));
    return NOMEM_EXIT_FAILED;
  }
  session->on_interrupt = interrupt;
  session->user = run;
  int status = NOMEM_EXIT_FAILED;
  do
    result = nomem__worker_start(run->worker, plan, session->options->timeout_ms, keep, run);
  while (result != 0 && nomem__session_can_retry(session, result));
  if (result == 0) {
    nomem__session_run(session);
    if (nomem__session_was_injected(&run->outcome)) {
      if (!session->options->quiet && run->outcome.channel->fault_count > 0) say_faults(run);
      if (!session->options->quiet) say_end(run);
      status = exit_status(run);
    }
  }
  nomem__worker_close(run->worker);
  return status;
}

int nomem__run(const struct nomem__options *options) {
  static struct run run;
  if (nomem__session_open(&run.session, options, true) != 0) return NOMEM_EXIT_FAILED;
  nomem__session_say_isolation(&run.session);
  int status = run_once(&run);
  nomem__session_close(&run.session);
  return status;
}
