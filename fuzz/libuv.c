/* SPDX-License-Identifier: MIT */
/* Fuzzes real libuv, the distribution's static library, on the failing allocator: steps of all its parts, under a plan.
 * What must hold: nothing crashes; a call of libuv fails only when a call of the allocator was failed during it, and
 * with UV_ENOMEM; the same call then succeeds with enough memory; no handle, request, descriptor or block is left when
 * everything is closed; freed memory is not used.
 *
 * Known defects of libuv are in fuzz/libuv.suppressions: allocations below those functions are not failed. The file is
 * the one that NOMEM_LIBUV_SUPPRESSIONS names, the one beside the program, or the one in fuzz/; NOMEM_LIBUV_KNOWN names
 * another, to be read as well. With NOMEM_LIBUV_TRACE=1 each call that is failed is named as such a file would name it.
 *
 * Header: which plan, its numbers a and b, and an unused byte. Step: op, and three bytes that each op uses in its way.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/fuzz.h"
#include "common/mutator.h"
#include "libuv/memory.h"
#include "libuv/ops.h"

enum { HEADER_BYTES = 4, STEPS_MAX = 32, PLAN_BYTES = 64, PATH_BYTES = 4096 };

/* uv_set_process_title writes where the arguments are: it gets some of our own, as they lie in a process. */
static char argument_text[] = "nomem\0argument";
static char *argument_list[] = {argument_text, argument_text + sizeof "nomem", NULL};

static void (*const ops[])(struct fuzz_step) = {
    op_fs,
    op_fs_batch,
    op_directory,
    op_fs_poll,
    op_fs_event,
    op_stream,
    op_udp,
    op_ipc,
    op_address,
    op_spawn,
    op_system,
    op_threads,
    op_slot_init,
    op_slot_start,
    op_slot_stop,
    op_slot_close,
    op_run,
    op_walk,
    op_extra_loop,
    op_handle,
    op_request,
    op_timer,
    op_timers,
    op_loop,
    op_configure,
    op_default_loop,
    op_name,
    op_host,
    op_text_of_address,
    op_error,
    op_poll,
    op_tty,
    op_tcp,
    op_tcp_alone,
    op_datagrams,
    op_udp_options,
    op_pipe_name,
    op_pipe,
    op_cancel,
    op_random,
    op_signal,
    op_library,
    op_figures,
    op_self,
    op_title,
    op_once,
    op_recent,
};
enum { OPS = sizeof ops / sizeof ops[0] };

static void read_plan(struct fuzz_input *input, char plan[PLAN_BYTES]) {
  static const char *const functions[] = {"uv_fs_*", "uv__fs_*", "uv_loop_*", "uv_os_*", "uv_write2", "uv__strdup"};
  unsigned choice = fuzz_byte(input) % 10, a = fuzz_byte(input), b = fuzz_byte(input);
  fuzz_byte(input);
  switch (choice) {
    case 0:
      plan[0] = '\0';
      break;
    case 1:
      snprintf(plan, PLAN_BYTES, "nth=%u", a + 1);
      break;
    case 2:
      snprintf(plan, PLAN_BYTES, "nth=%u..", a + 1);
      break;
    case 3:
      snprintf(plan, PLAN_BYTES, "nth=%u..%u", a + 1, a + 1 + b % 16);
      break;
    case 4:
      snprintf(plan, PLAN_BYTES, "every=%u", a % 16 + 1);
      break;
    case 5:
      snprintf(plan, PLAN_BYTES, "p=0.%02u seed=%u", a % 100, b);
      break;
    case 6:
      snprintf(plan, PLAN_BYTES, "nth=%u fn=%s", a % 16 + 1, b & 1 ? "calloc,realloc" : "malloc");
      break;
    case 7:
      snprintf(plan, PLAN_BYTES, "nth=%u size=%u..", a % 16 + 1, b * 4);
      break;
    case 8:
      snprintf(plan, PLAN_BYTES, "nth=%u in=%s", a % 16 + 1, functions[b % 6]);
      break;
    default:
      snprintf(plan, PLAN_BYTES, "nth=%u thread=%s", a % 16 + 1, b & 1 ? "main" : "other");
      break;
  }
}

static void find_suppressions(char path[PATH_BYTES]) {
  static const char name[] = "libuv.suppressions";
  const char *chosen = getenv("NOMEM_LIBUV_SUPPRESSIONS");
  if (chosen) {
    snprintf(path, PATH_BYTES, "%s", chosen);
    return;
  }
  ssize_t length = readlink("/proc/self/exe", path, PATH_BYTES - sizeof name);
  while (length > 0 && path[length - 1] != '/') length--;
  snprintf(path + (length > 0 ? length : 0), sizeof name, "%s", name);
  if (access(path, R_OK) != 0) snprintf(path, PATH_BYTES, "fuzz/%s", name);
}

/* A process has one title, so that a failure can be tried only once. */
static void set_up_arguments(void) {
  char title[PATH_BYTES];
  memory_begin("nth=1");
  CHECK(uv_setup_args(2, argument_list) == argument_list, "without memory uv_setup_args gives other arguments");
  memory_end();
  CHECK(uv_get_process_title(title, sizeof title) == UV_ENOBUFS && uv_set_process_title("t") == UV_ENOBUFS,
        "without uv_setup_args there is a title");
  char **copied = uv_setup_args(2, argument_list);
  CHECK(copied != argument_list && !strcmp(copied[1], "argument") && !copied[2], "uv_setup_args loses arguments");
  memory_keep();
}

static void shut_down(void) {
  uv_library_shutdown();
  memory_end_process();
}

/* Does everything once without faults: what is opened or cached once in a process must not be blamed on an input. */
static void warm_up(void) {
  uint8_t input[HEADER_BYTES + OPS * FUZZ_STEP_BYTES] = {0};
  for (unsigned op = 0; op < OPS; op++) {
    uint8_t *step = &input[HEADER_BYTES + op * FUZZ_STEP_BYTES];
    step[0] = (uint8_t)op;
    step[1] = step[2] = step[3] = 1;
  }
  LLVMFuzzerTestOneInput(input, sizeof input);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  char path[PATH_BYTES];
  (void)argc;
  (void)argv;
  signal(SIGPIPE, SIG_IGN);
  find_suppressions(path);
  memory_install(path, getenv("NOMEM_LIBUV_KNOWN"));
  world_prepare();
  set_up_arguments();
  atexit(shut_down);
  if (getenv("NOMEM_LIBUV_UNUSED")) atexit(memory_report_unused);
  warm_up();
  if (getenv("NOMEM_LIBUV_TRACE")) memory_name_faults();
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
  return fuzz_mutate(data, size, max_size, seed, HEADER_BYTES, STEPS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  char plan[PLAN_BYTES];
  read_plan(&input, plan);
  ops_allow_spawns();
  world_begin(plan);
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) ops[step.op % OPS](step);
  world_end();
  return 0;
}
