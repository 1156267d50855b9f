/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../channel.h"
#include "../run/environment.h"
#include "../run/session.h"
#include "../text/complain.h"
#include "../text/memory.h"
#include "commands.h"
#include "gdb_commands.h"
#include "replay_rr.h"
#include "stored_run.h"

/* Room for a gdb command with paths in it. */
#define COMMAND_BYTES ((size_t)2 * PATH_MAX)
#define CHANNEL_PATH_BYTES 48
/* So often it is checked whether the program has come to its fault. */
#define WAIT_US 5000

static struct nomem_channel *map_channel(int fd) {
  if (fd < 0 || ftruncate(fd, sizeof(struct nomem_channel)) != 0) return NULL;
  void *pages = mmap(NULL, sizeof(struct nomem_channel), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

/* Makes a channel with this plan, which outlives the exec of gdb: as in any other run, the plan is one for all
 * processes of the run. NULL: errno says why not. */
static struct nomem_channel *make_channel(const struct nomem__options *options, char path[CHANNEL_PATH_BYTES]) {
  int fd = memfd_create("nomem-channel", 0);
  struct nomem_channel *channel = map_channel(fd);
  if (channel == NULL) return NULL;
  channel->magic = NOMEM_CHANNEL_MAGIC;
  snprintf(channel->plan, sizeof channel->plan, "%s", options->plan_text);
  snprintf(channel->image, sizeof channel->image, "%s", options->image);
  snprintf(path, CHANNEL_PATH_BYTES, "/proc/%d/fd/%d", (int)getpid(), fd);
  return channel;
}

static int become_gdb(char **argv) {
  execvp("gdb", argv);
  nomem__complain("replay: cannot start gdb: %s", errno == ENOENT ? "install it first" : strerror(errno));
  return NOMEM_EXIT_FAILED;
}

/* Becomes gdb, which starts the program. Only the program gets the injector preloaded, by env, and a shell opens its
 * input: arguments to gdb's own run command would replace the program's. */
static int start_under_gdb(const struct nomem__options *options, const struct nomem__target *target,
                           const char *preload, const char *channel, const char *commands) {
  static const char format[] = "set exec-wrapper sh -c 'exec env \"LD_PRELOAD=%s\" %s=%s \"$0\" \"$@\" <\"%s\"'";
  static const char special[] = "'\"$`\\";
  char wrapper[COMMAND_BYTES];
  const char *input = options->stdin_path != NULL ? options->stdin_path : "/dev/null";
  int length = snprintf(wrapper, sizeof wrapper, format, preload, NOMEM_CHANNEL_ENV, channel, input);
  if (strpbrk(input, special) != NULL || strpbrk(preload, special) != NULL || length < 0 ||
      (size_t)length >= sizeof wrapper) {
    nomem__complain("replay: gdb cannot be given these paths: use names without quotes, '$' and '\\'");
    return NOMEM_EXIT_FAILED;
  }
  char *head[] = {"gdb", "-q", "-x", (char *)commands, "-ex", wrapper, "-ex", "run", "--args", (char *)target->path};
  size_t words = 0, head_count = sizeof head / sizeof *head;
  while (options->program[words] != NULL) words++;
  char **argv = nomem__calloc(head_count + words, sizeof *argv);
  memcpy(argv, head, sizeof head);
  memcpy(argv + head_count, options->program + 1, words * sizeof *argv); /* its NULL included */
  int status = become_gdb(argv);
  free(argv);
  return status;
}

static pid_t start_program(const struct nomem__options *options, const struct nomem__target *target,
                           const char *preload, const char *channel) {
  int input = open(options->stdin_path != NULL ? options->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
  pid_t pid = input < 0 ? -1 : fork();
  if (pid != 0) {
    if (input >= 0) close(input);
    return pid;
  }
  if (dup2(input, STDIN_FILENO) == STDIN_FILENO && setenv("LD_PRELOAD", preload, 1) == 0 &&
      setenv(NOMEM_CHANNEL_ENV, channel, 1) == 0)
    execv(target->path, options->program);
  _exit(127);
}

/* The process that has stopped at its fault; 0: the program has ended without one, or could not be started. */
static pid_t wait_for_fault(const struct nomem_channel *channel, pid_t root) {
  while (root > 0 && !channel->faults[0].ready && !channel->hostile_call.ready) {
    if (waitpid(root, NULL, WNOHANG) == root) return 0;
    usleep(WAIT_US);
  }
  if (root <= 0) return 0;
  return channel->faults[0].ready ? channel->faults[0].pid : channel->hostile_call.pid;
}

/* Becomes gdb, attached to the process that comes to the fault: a script, or --image, may leave open which one that is.
 */
static int attach_gdb(const struct nomem__options *options, const struct nomem__target *target, const char *preload,
                      struct nomem_channel *channel, const char *path, const char *commands) {
  channel->stop_at_fault = NOMEM_STOP_ONCE;
  pid_t pid = wait_for_fault(channel, start_program(options, target, preload, path));
  if (pid == 0) {
    nomem__complain("replay: the program ended, and no call was failed");
    return NOMEM_EXIT_FAILED;
  }
  char number[16];
  snprintf(number, sizeof number, "%d", (int)pid);
  char *argv[] = {
      "gdb", "-q",       "-p", number, "-ex", "handle SIGSTOP nostop noprint nopass", "-x", (char *)commands,
      "-ex", "continue", NULL};
  return become_gdb(argv);
}

/* A program with a sanitizer takes these options to start with nomem's library in front of it. gdb passes them on. */
static int set_sanitizer_options(void) {
  char *entries[NOMEM_SANITIZER_OPTIONS];
  nomem__sanitizer_options(true, false, entries);
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) putenv(entries[i]); /* kept by the environment */
  return 0;
}

static int debug(const struct nomem__options *options, bool with_rr) {
  struct nomem__target target;
  char reason[NOMEM_TARGET_REASON_BYTES], preload[PATH_MAX], path[CHANNEL_PATH_BYTES];
  char commands[NOMEM_GDB_COMMANDS_PATH_BYTES];
  if (nomem__target_check(options->program[0], &target, reason, sizeof reason) != 0) {
    nomem__complain("%s", reason);
    return NOMEM_EXIT_FAILED;
  }
  if (nomem__preload_find(preload, sizeof preload) != 0) {
    nomem__complain("libnomem-preload.so is not beside the command: run 'make' or 'make install' again");
    return NOMEM_EXIT_FAILED;
  }
  struct nomem_channel *channel = make_channel(options, path);
  if (channel == NULL || nomem__gdb_commands_make(commands) != 0) {
    nomem__complain("replay: cannot make a channel: %s", strerror(errno));
    return NOMEM_EXIT_FAILED;
  }
  if (set_sanitizer_options() != 0) return NOMEM_EXIT_FAILED;
  /* Where the injector is part of the program, gdb cannot set its breakpoint before the program is loaded. */
  bool is_own = target.elf.has_backend;
  bool is_elsewhere = target.is_script || options->image[0] != '\0';
  if (with_rr)
    return nomem__replay_rr(&(struct nomem__rr_request){.path = target.path,
                                                        .argv = options->program,
                                                        .stdin_path = options->stdin_path,
                                                        .preload = is_own ? "" : preload,
                                                        .channel_path = path,
                                                        .channel = channel,
                                                        .gdb_commands = commands,
                                                        .is_elsewhere = is_elsewhere});
  if (is_own || is_elsewhere) return attach_gdb(options, &target, is_own ? "" : preload, channel, path, commands);
  return start_under_gdb(options, &target, preload, path, commands);
}

int nomem__replay(const struct nomem__options *options) {
  static struct nomem__stored_run stored;
  int result = nomem__stored_run_load(options, &stored), status = result < 0 ? NOMEM_EXIT_FAILED : NOMEM_EXIT_CLEAN;
  if (result == 0) {
    static struct nomem__options run;
    run = stored.options;
    run.command = NOMEM_COMMAND_RUN;
    nomem__stored_run_enter_folder(&stored);
    nomem__stored_run_set_variables(&stored);
    if (!options->quiet) nomem__complain("%s: %s", stored.id, stored.plan);
    status = options->gdb || options->rr ? debug(&run, options->rr) : nomem__run(&run);
  }
  nomem__stored_run_free(&stored);
  return status;
}
