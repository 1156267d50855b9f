/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "replay_rr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run/environment.h"
#include "../text/complain.h"
#include "../text/file_tree.h"
#include "../text/memory.h"
#include "commands.h"

/* Of what rr says, so much is looked at. */
#define SAID_BYTES 4096
/* What a shell's exit status says of a program that is not there; that of a child here, too. */
#define NOT_THERE 127

/* Starts rr with these words, its input and its standard error from and to there (-1: as they are), and its standard
 * output nowhere if it is to be quiet. Returns its status as waitpid has it; -1: it could not be started. */
static int run_rr(char **argv, int input, int error, bool is_quiet) {
  pid_t pid = fork();
  if (pid == 0) {
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (dup2(input >= 0 ? input : nowhere, STDIN_FILENO) < 0) _exit(NOT_THERE);
    if (is_quiet && dup2(nowhere, STDOUT_FILENO) < 0) _exit(NOT_THERE);
    if (error >= 0 && dup2(error, STDERR_FILENO) < 0) _exit(NOT_THERE);
    execvp("rr", argv);
    _exit(NOT_THERE);
  }
  int status = -1;
  while (pid > 0 && waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

/* Finds the line that says why rr cannot record, without what it says about itself: "[FATAL file:line:function()] why",
 * which may stand below warnings. The text is changed. */
static const char *find_reason(char *said) {
  char *begin = strstr(said, "[FATAL"), *why;
  if (begin == NULL) begin = said;
  begin[strcspn(begin, "\n")] = '\0';
  why = *begin == '[' ? strchr(begin, ']') : NULL;
  if (why != NULL) begin = why + 1;
  return *begin != '\0' ? begin + strspn(begin, " ") : "it does not say why";
}

/* Whether rr is there and can record anything here: it needs counters of the processor, which a virtual machine may not
 * have, and the right to read them. */
static bool can_record(const char *folder) {
  char *trace = nomem__format("%s/try", folder), said[SAID_BYTES] = "";
  char *argv[] = {"rr", "record", "-o", trace, "/bin/true", NULL};
  int error = memfd_create("nomem-rr", MFD_CLOEXEC);
  int status = error >= 0 ? run_rr(argv, -1, error, true) : -1;
  if (error >= 0 && pread(error, said, sizeof said - 1, 0) < 0) *said = '\0';
  if (error >= 0) close(error);
  nomem__file_tree_remove(trace);
  free(trace);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_THERE)
    nomem__complain("replay: cannot start rr: install it first");
  else
    nomem__complain("replay: rr cannot record on this machine: %s", find_reason(said));
  return false;
}

/* Records the program. Returns whether a call was failed, or served in a hostile way, in it; if not, one line has said
 * so. */
static bool record(const struct nomem__rr_request *request, const char *trace) {
  char *preload = nomem__format("LD_PRELOAD=%s", request->preload);
  char *channel = nomem__format("%s=%s", NOMEM_CHANNEL_ENV, request->channel_path);
  char *head[] = {"rr", "record", "-o", (char *)trace, "-v", channel, "-v", preload, (char *)request->path};
  size_t head_count = sizeof head / sizeof *head, words = 0;
  while (request->argv[words] != NULL) words++;
  char **argv = nomem__calloc(head_count + words, sizeof *argv);
  memcpy(argv, head, sizeof head);
  memcpy(argv + head_count, request->argv + 1, words * sizeof *argv); /* its NULL included */
  int input = request->stdin_path != NULL ? open(request->stdin_path, O_RDONLY | O_CLOEXEC) : -1;
  run_rr(argv, input, -1, false);
  if (input >= 0) close(input);
  free(argv);
  free(channel);
  free(preload);
  bool has_fault = request->channel->faults[0].ready || request->channel->hostile_call.ready;
  if (!has_fault) nomem__complain("replay: the program ended, and no call was failed");
  return has_fault;
}

/* Becomes the debugger of a recording, in the program that made the call. Returns only if it cannot. */
static void become_debugger(const struct nomem__rr_request *request, char *trace) {
  const struct nomem_channel *channel = request->channel;
  char process[16];
  char *argv[] = {"rr", "replay", "-x", (char *)request->gdb_commands, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
  size_t count = 4;
  snprintf(process, sizeof process, "%d",
           channel->faults[0].ready ? channel->faults[0].pid : channel->hostile_call.pid);
  if (request->is_elsewhere) argv[count++] = "-p", argv[count++] = process;
  char *const tail[] = {trace, "--", "-ex", "continue", NULL};
  memcpy(argv + count, tail, sizeof tail);
  execvp("rr", argv);
}

int nomem__replay_rr(const struct nomem__rr_request *request) {
  const char *parent = getenv("TMPDIR");
  char *folder = nomem__format("%s/nomem-rr-XXXXXX", parent != NULL && *parent != '\0' ? parent : "/tmp");
  if (mkdtemp(folder) == NULL) {
    nomem__complain("replay: cannot make a folder for the recording: %s", strerror(errno));
    free(folder);
    return NOMEM_EXIT_FAILED;
  }
  char *trace = nomem__format("%s/trace", folder);
  bool is_recorded = can_record(folder) && record(request, trace);
  if (is_recorded) {
    nomem__complain("recorded in %s; in gdb, reverse-continue goes back to the call, reverse-next a line", trace);
    become_debugger(request, trace);
    nomem__complain("replay: cannot start rr: %s", strerror(errno));
  } else {
    rmdir(folder);
  }
  free(trace);
  free(folder);
  return NOMEM_EXIT_FAILED;
}
