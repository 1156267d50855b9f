/* SPDX-License-Identifier: MIT */
/* What a finding shows of a run: where it blew up, which call lost a block, where a misused block came from. */
#include "fixtures/judged_run.h"

#include "../../faults/block_table_format.h"
#include "../../faults/explore/judge/exemplar.h"
#include "../../faults/explore/judge/heap_misuse.h"

const struct recorded_function recorded_functions[] = {JUDGED_FUNCTIONS, {0}};

static struct nomem__run_stacks stacks;
static struct nomem__finding finding;

static int begin(void **state) {
  (void)state;
  begin_run(NOMEM_VERDICT_CORRUPTION);
  judged.plan = "site=1@1";
  judged.detail = "detail";
  finding = (struct nomem__finding){0};
  return 0;
}

static int end(void **state) {
  (void)state;
  free(stacks.threads);
  stacks.threads = NULL;
  nomem__free_exemplar(&finding);
  end_run();
  return 0;
}

static void collect(const struct nomem__code_owners *owners) {
  free(stacks.threads);
  nomem__collect_stacks(&judged, owners, &stacks);
}

static void show(void) {
  collect(&undivided);
  nomem__set_exemplar(&finding, &judged, &stacks);
}

/* A trace as frames from its culprit on, "a < b < c". */
static const char *text_of(const struct nomem__trace *trace) {
  static char text[256];
  text[0] = '\0';
  for (unsigned i = 0; i < trace->depth; i++) {
    struct nomem__source_frame source;
    const struct nomem__trace_frame *frame = &trace->frame[i];
    nomem__symbols_resolve(NULL, frame->path, frame->offset, frame->is_return_address, &source, 1);
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s:%u", i > 0 ? " < " : "", source.function,
             source.line);
  }
  return text;
}

static const char *culprit_of(const struct nomem__trace *trace) {
  static char text[64];
  struct nomem__source_frame source = {.function = "nobody"};
  const struct nomem__trace_frame *frame = nomem__trace_culprit(trace);
  if (frame != NULL) nomem__symbols_resolve(NULL, frame->path, frame->offset, frame->is_return_address, &source, 1);
  snprintf(text, sizeof text, "%s:%u", source.function, source.line);
  return text;
}

/* What the injector saw: the bad call is the blow-up, where there is no other; and the block's stacks. */
static void a_misuse(void **state) {
  struct nomem_misuse *misuse = &run->channel->misuses[0];
  (void)state;
  misuse->call_depth = record_frames(run, STACK("free", "run:5", "main:1"), misuse->call);
  misuse->block_depth = record_frames(run, STACK("malloc", "make:1", "main:1"), misuse->block);
  misuse->freed_depth = record_frames(run, STACK("free", "use:1", "main:1"), misuse->freed);
  residue.misuse = misuse;
  collect(&undivided);
  assert_string_equal(text_of(&stacks.blow_up), "free:0 < run:5 < main:1");
  assert_string_equal(text_of(&stacks.block), "malloc:0 < make:1 < main:1");
  assert_string_equal(text_of(&stacks.freed), "free:0 < use:1 < main:1");
  record_death(run, SIGABRT, STACK("abort", "run:9", "main:1"));
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.blow_up), "run:9");
  assert_string_equal(text_of(&stacks.block), "malloc:0 < make:1 < main:1");
}

/* What was seen at the end: where the block was allocated that was overrun, or freed that was written after that. */
static void a_late_misuse(void **state) {
  struct nomem__process_residue process = {0};
  (void)state;
  process.heap.misuse = (struct nomem__late_misuse){.kind = NOMEM_MISUSE_OVERRUN};
  process.heap.misuse.site = record_site(run, STACK("malloc", "make:1", "main:1"));
  process.heap.misuse.freed_at = record_site(run, STACK("free", "use:1", "main:1"));
  residue.late_misuse = &process;
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.blow_up), "make:1");
  assert_int_equal(stacks.block.depth, 0);
  process.heap.misuse.kind = NOMEM_MISUSE_WRITTEN;
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.blow_up), "use:1");
  assert_string_equal(culprit_of(&stacks.block), "make:1");
  process.heap.misuse.freed_at = NOMEM_BLOCK_TABLE_NO_SITE;
  struct nomem_site *last = &run->channel->sites[NOMEM_BLOCK_TABLE_NO_SITE]; /* a block table cannot name it */
  last->depth = record_frames(run, STACK("free", "use:2", "main:1"), last->frame);
  collect(&undivided);
  assert_int_equal(stacks.blow_up.depth, 0);
  record_death(run, SIGABRT, STACK("abort", "run:9", "main:1"));
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.blow_up), "run:9");
}

/* A crash by a pointer that was read from a freed block: the block is named, of the process that crashed. */
static void a_crash_by_a_freed_block(void **state) {
  struct nomem__quarantined *blocks = calloc(2, sizeof *blocks);
  (void)state;
  blocks[0] = (struct nomem__quarantined){.address = 0x1000, .size = 16};
  blocks[0].site = record_site(run, STACK("malloc", "make:1", "main:1"));
  blocks[0].freed_at = record_site(run, STACK("free", "use:1", "main:1"));
  run->residue.heap.quarantined = blocks;
  run->residue.heap.quarantined_count = 1;
  judged.verdict = NOMEM_VERDICT_CRASH;
  record_death(run, SIGSEGV, STACK("run:9", "main:1"));
  collect(&undivided);
  assert_int_equal(stacks.block.depth, 0);
  run->outcome.end.stack.freed_pointer = NOMEM_BLOCK_TABLE_POISON(0x1008);
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.block), "make:1");
  assert_string_equal(culprit_of(&stacks.freed), "use:1");
  assert_string_equal(culprit_of(&stacks.blow_up), "run:9");
  run->outcome.end.has_stack = false;
  collect(&undivided);
  assert_int_equal(stacks.block.depth, 0);
  run->outcome.end.has_stack = true;
  nomem__child_residue_add(&run->child_residue, RECORDED_PID); /* the process is another one, which has no such block */
  collect(&undivided);
  assert_int_equal(stacks.block.depth, 0);
}

static void record_leak(enum nomem_fn fn, const char *const *fault, const char *const *allocated) {
  judged.verdict = NOMEM_VERDICT_LEAK;
  record_fault_in(run, RECORDED_PID, RECORDED_PID, fn, fault);
  residue.has_leak = true;
  residue.leak.site = record_site(run, allocated);
  collect(&divided);
}

/* A block is lost by the function that led both to its allocation and to the call that failed. */
static void a_leak(void **state) {
  (void)state;
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "use:3", "run:5", "main:1"),
              STACK("malloc", "make:1", "run:4", "main:1"));
  assert_string_equal(text_of(&stacks.blow_up), "malloc:0 < make:1 < run:4 < main:1");
  assert_string_equal(culprit_of(&stacks.blow_up), "run:4");
  assert_string_equal(culprit_of(&stacks.leaking_call), "run:5");
  assert_int_equal(stacks.block.depth, 0);
}

/* Of several failures, that with the most frames in common with the allocation. */
static void the_failure_that_is_closest(void **state) {
  (void)state;
  record_fault(run, STACK("malloc", "use:3", "main:1"));
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "use:3", "run:5", "test_one:1", "main:1"),
              STACK("malloc", "make:1", "run:4", "test_one:1", "main:1"));
  record_fault(run, STACK("malloc", "use:3", "test_one:7", "main:1"));
  collect(&divided);
  assert_string_equal(culprit_of(&stacks.leaking_call), "run:5");
}

/* But a block whose own realloc failed is lost by the function that reallocated it. */
static void a_realloc_that_failed(void **state) {
  (void)state;
  record_leak(NOMEM_FN_REALLOC, STACK("malloc", "make:3", "run:5", "main:1"),
              STACK("malloc", "make:1", "run:4", "main:1"));
  assert_string_equal(culprit_of(&stacks.leaking_call), "make:3");
  assert_string_equal(culprit_of(&stacks.blow_up), "make:1");
  run->channel->faults[0].fn = NOMEM_FN_MALLOC;
  collect(&divided);
  assert_string_equal(culprit_of(&stacks.leaking_call), "run:5");
  run->channel->faults[0].fn = NOMEM_FN_REALLOC;
  run->channel->faults[0].depth =
      record_frames(run, STACK("malloc", "use:3", "run:5", "main:1"), run->channel->faults[0].frame);
  collect(&divided);
  assert_string_equal(culprit_of(&stacks.leaking_call), "run:5"); /* another function's realloc */
}

/* When all later calls failed as well, it is not known which failure lost it, unless test code did. */
static void a_leak_of_several_failures(void **state) {
  (void)state;
  judged.point.persistent = true;
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "use:3", "run:5", "main:1"),
              STACK("malloc", "make:1", "run:4", "main:1"));
  assert_int_equal(stacks.leaking_call.depth, 0);
  assert_string_equal(culprit_of(&stacks.blow_up), "make:1");
  run->channel->fault_count = run->channel->site_count = 0;
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "use:3", "test_one:5", "main:1"),
              STACK("malloc", "make:1", "test_one:4", "main:1"));
  assert_string_equal(culprit_of(&stacks.blow_up), "test_one:4");
}

/* Where nobody led to both, the function that allocated is shown; and what the C library lost of its own is its. */
static void a_leak_of_nobody(void **state) {
  (void)state;
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "use:3", "main:9"), STACK("malloc", "make:1", "test_one:4"));
  assert_string_equal(culprit_of(&stacks.blow_up), "make:1");
  run->channel->fault_count = run->channel->site_count = 0;
  record_leak(NOMEM_FN_MALLOC, STACK("malloc", "getaddrinfo:1", "run:5", "main:1"),
              STACK("malloc", "getaddrinfo:2", "run:5", "main:1"));
  assert_int_equal(stacks.blow_up.library_frames, 2);
  assert_int_equal(stacks.leaking_call.depth, 0);
}

/* The thread that is shown is the blow-up, with its number where there are several. */
static void the_threads_of_a_hang(void **state) {
  struct nomem__thread threads[2] = {{.pid = RECORDED_PID, .tid = RECORDED_PID, .state = 'R', .call = -1, .age_ms = 10},
                                     {.pid = RECORDED_PID, .tid = 101, .state = 'S', .call = 202}};
  (void)state;
  judged.verdict = NOMEM_VERDICT_HANG;
  record_hang(run, STACK("run:5", "main:1"));
  threads[0].stack = run->outcome.end.stack;
  threads[1].stack = recorded_stack(STACK("pthread_mutex_lock", "use:1", "main:2"));
  run->outcome.end.threads = (struct nomem__threads){.list = threads, .count = 1, .left_out = 3};
  show();
  assert_true(finding.needs_timeout && finding.thread_count == 1 && finding.threads_left_out == 3);
  assert_string_equal(finding.detail, "busy: it used the processor for 0.00 of 0.01 s");
  assert_string_equal(culprit_of(&finding.blow_up), "run:5");
  /* cppcheck-suppress unreadVariable ; it is read through the outcome */
  threads[0].state = 'S';
  run->outcome.end.threads.count = 2;
  show();
  assert_string_equal(finding.detail, "thread 2 waits for a lock");
  assert_string_equal(culprit_of(&finding.blow_up), "use:1");
  assert_int_equal(finding.shown_thread, 1);
}

/* How it ended, in words; and the address, where the signal is that of the stack. */
static void how_it_ended(void **state) {
  (void)state;
  judged.verdict = NOMEM_VERDICT_ABORT;
  record_fault(run, STACK("malloc", "make:3", "main:1"));
  record_death(run, SIGABRT, STACK("abort", "run:5", "main:1"));
  strcpy(run->outcome.tail, "first\nlast\n");
  show();
  assert_string_equal(finding.detail, "detail");
  assert_string_equal(finding.last_words, "'last'");
  assert_string_equal(finding.plan, "site=1@1");
  assert_true(finding.signal == SIGABRT && finding.address_kind == NOMEM_ADDRESS_NONE && !finding.needs_timeout);
  assert_true(finding.fn == NOMEM_FN_MALLOC && finding.size_bytes == 10 && finding.nth == 1);
  record_death(run, SIGABRT, STACK("abort", "terminate", "run:5", "main:1"));
  show();
  assert_string_equal(finding.detail, "C++ terminate");
  record_death(run, SIGSEGV, STACK("run:5", "main:1"));
  run->outcome.end.stack.fault_address = 0x18;
  show();
  assert_true(finding.address_kind == NOMEM_ADDRESS_NULL && finding.fault_address == 0x18);
  run->outcome.end.fatal_signal = SIGABRT; /* another process's */
  show();
  assert_int_equal(finding.address_kind, NOMEM_ADDRESS_NONE);
}

/* The second of two failed calls, where the run came to it; and whether its end needs a block table. */
static void the_second_call(void **state) {
  (void)state;
  record_fault(run, STACK("malloc", "make:3", "main:1"));
  judged.point.second = 1;
  show();
  assert_int_equal(finding.second.stack.depth, 0);
  record_fault_in(run, RECORDED_PID, RECORDED_PID, NOMEM_FN_REALLOC, STACK("malloc", "use:3", "main:1"));
  show();
  assert_string_equal(culprit_of(&finding.second.stack), "use:3");
  assert_int_equal(finding.second.fn, NOMEM_FN_REALLOC);
  run->channel->faults[1].ready = 0; /* it failed after the run had blown up */
  show();
  assert_int_equal(finding.second.stack.depth, 0);
  run->channel->faults[1].ready = 1;
  run->channel->fault_count = 1; /* what stands there is of an earlier run */
  show();
  assert_int_equal(finding.second.stack.depth, 0);
  run->channel->fault_count = 2;
  judged.point.second = 0;
  show();
  assert_int_equal(finding.second.stack.depth, 0);
  assert_false(finding.needs_block_table);
  run->channel->watch = NOMEM_WATCH_BLOCK_TABLE;
  show();
  assert_true(finding.needs_block_table);
}

/* Where the file was created that is left. */
static void a_file_that_is_left(void **state) {
  struct nomem__stack creator = recorded_stack(STACK("use:7", "main:1"));
  (void)state;
  judged.verdict = NOMEM_VERDICT_LEFTOVER;
  run->outcome.creator = &creator;
  collect(&undivided);
  assert_int_equal(stacks.block.depth, 0);
  judged.file_hash = 1;
  collect(&undivided);
  assert_string_equal(culprit_of(&stacks.block), "use:7");
}

/* What another run, with a block table, adds: as the injector saw it, or by what it crashed, or at its end. */
static void what_another_run_adds(void **state) {
  struct nomem_misuse *misuse = &run->channel->misuses[0];
  struct nomem__process_residue process = {0};
  (void)state;
  misuse->kind = NOMEM_MISUSE_TWICE;
  misuse->call_depth = record_frames(run, STACK("free", "run:5", "main:1"), misuse->call);
  misuse->block_depth = record_frames(run, STACK("malloc", "make:1", "main:1"), misuse->block);
  misuse->freed_depth = record_frames(run, STACK("free", "use:1", "main:1"), misuse->freed);
  residue.misuse = misuse;
  nomem__finding_add_misuse(&finding, &run->outcome, &residue, NULL);
  assert_string_equal(finding.detail, "a block was freed twice");
  assert_string_equal(culprit_of(&finding.block), "make:1");
  assert_string_equal(culprit_of(&finding.freed), "use:1");
  finding.blow_up = recorded_trace(STACK("run:9"));
  misuse->kind = NOMEM_MISUSE_WRITTEN; /* it was found by the call that was to give the block back */
  nomem__finding_add_misuse(&finding, &run->outcome, &residue, NULL);
  assert_string_equal(finding.detail, "a block was freed twice"); /* what was known before stays */
  assert_string_equal(culprit_of(&finding.freed), "run:5");

  finding = (struct nomem__finding){0};
  residue.misuse = NULL;
  process.heap.misuse =
      (struct nomem__late_misuse){.kind = NOMEM_MISUSE_OVERRUN, .freed_at = NOMEM_BLOCK_TABLE_NO_SITE};
  process.heap.misuse.site = record_site(run, STACK("malloc", "make:2", "main:1"));
  residue.late_misuse = &process;
  nomem__finding_add_misuse(&finding, &run->outcome, &residue, NULL);
  assert_string_equal(finding.detail, "a block was written past its end");
  assert_string_equal(culprit_of(&finding.block), "make:2");
  assert_int_equal(finding.freed.depth, 0);

  finding = (struct nomem__finding){0};
  run->residue.heap.quarantined = calloc(1, sizeof(struct nomem__quarantined));
  run->residue.heap.quarantined[0] = (struct nomem__quarantined){.address = 0x1000, .size = 16};
  run->residue.heap.quarantined[0].site = record_site(run, STACK("malloc", "make:3", "main:1"));
  run->residue.heap.quarantined_count = 1;
  record_death(run, SIGSEGV, STACK("run:9", "main:1"));
  run->outcome.end.stack.freed_pointer = NOMEM_BLOCK_TABLE_POISON(0x1000);
  nomem__finding_add_misuse(&finding, &run->outcome, &residue, NULL);
  assert_string_equal(culprit_of(&finding.block), "make:3");
  assert_string_equal(finding.detail, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(a_misuse),
      CASE(a_late_misuse),
      CASE(a_crash_by_a_freed_block),
      CASE(a_leak),
      CASE(the_failure_that_is_closest),
      CASE(a_realloc_that_failed),
      CASE(a_leak_of_several_failures),
      CASE(a_leak_of_nobody),
      CASE(the_threads_of_a_hang),
      CASE(how_it_ended),
      CASE(the_second_call),
      CASE(a_file_that_is_left),
      CASE(what_another_run_adds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
