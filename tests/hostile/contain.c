/* SPDX-License-Identifier: MIT */
/* Runs a command in which anything may happen, bounds it, and says what became of it and what it left.
 *
 *   contain [-t SECONDS] [-k SIGNAL -a MICROSECONDS [-c MICROSECONDS]] [-m MEGABYTES] [-T] -o REPORT -- COMMAND
 * [ARGUMENT...]
 *
 * -t ends it by SIGTERM after so long (default 60), and by SIGKILL when it does not listen. -k sends it a signal after
 * so long. -m bounds its address space. -T gives it a terminal of its own.
 *
 * Whatever the command started and left comes to this process, which is a subreaper: no marker in a name, an argument
 * or an environment is needed to know it, and none can be wiped. The processes that are still there a while after the
 * command has ended are reported, and killed. REPORT gets one name=value a line: status ("exit 1", "signal 9"),
 * time_ms, late (it had to be ended; "deaf": by SIGKILL), killed (the signal of -k was sent), and left, any number of
 * times.
 *
 * As root it has mounts of its own, so those that others make at the time are not taken for the command's. Exit status:
 * 0, or 2 when it could not work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS 1000000000LL
#define MILLISECOND_NS 1000000LL
/* What was killed needs a moment to go. Sleepers sleep longer. */
#define GRACE_NS (3 * SECOND_NS)
/* From the signal that ends a command to the one that nobody ignores. */
#define DEAF_NS (8 * SECOND_NS)
/* A program that eats the processor is ended by the kernel at last, whoever else has failed to. */
#define PROCESSOR_SECONDS 120
#define MOUNTS_BYTES (1 << 20)

static struct {
  long long limit_ns, kill_after_ns, continue_after_ns;
  int kill_signal;
  unsigned long megabytes;
  bool has_terminal;
  const char *report_path;
} options = {.limit_ns = 60 * SECOND_NS, .kill_after_ns = -1};

static FILE *report;

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "contain: %s: %s\n", what, strerror(errno));
  exit(2);
}

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void read_options(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+t:k:a:c:m:o:T")) != -1) switch (option) {
      case 't':
        options.limit_ns = atoll(optarg) * SECOND_NS;
        break;
      case 'k':
        options.kill_signal = atoi(optarg);
        break;
      case 'a':
        options.kill_after_ns = atoll(optarg) * 1000;
        break;
      case 'c':
        options.continue_after_ns = atoll(optarg) * 1000;
        break;
      case 'm':
        options.megabytes = strtoul(optarg, NULL, 10);
        break;
      case 'o':
        options.report_path = optarg;
        break;
      case 'T':
        options.has_terminal = true;
        break;
      default:
        exit(2);
    }
  if (options.report_path == NULL || argv[optind] == NULL) {
    fputs("contain: no report or no command\n", stderr);
    exit(2);
  }
}

/* A mount that a process of the command's makes in a copy of these, and does not keep to itself, shows here. Returns
 * false where root cannot have mounts of its own, as in a chroot whose root is no mount: then those of others show,
 * too, and nothing can be said. */
static bool take_own_mounts(void) {
  if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0) return true;
  return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0;
}

static void read_mounts(char *text) {
  int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  ssize_t got;
  while (fd >= 0 && (got = read(fd, text + length, MOUNTS_BYTES - 1 - length)) > 0) length += (size_t)got;
  text[length] = '\0';
  if (fd >= 0) close(fd);
}

static void report_mounts(const char *before, char *after) {
  char *rest = after;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;)
    if (*line != '\0' && strstr(before, line) == NULL) fprintf(report, "left=mount %s\n", line);
}

static _Noreturn void become(char **argv, int terminal, pid_t keeper) {
  struct rlimit processor = {PROCESSOR_SECONDS, PROCESSOR_SECONDS};
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* nothing goes on that is not watched */
  if (getppid() != keeper) _exit(2);
  if (terminal >= 0 && (ioctl(terminal, TIOCSCTTY, 0) != 0 || dup2(terminal, 0) < 0)) give_up("terminal");
  setrlimit(RLIMIT_CPU, &processor);
  if (options.megabytes > 0) {
    struct rlimit space = {options.megabytes << 20, options.megabytes << 20};
    setrlimit(RLIMIT_AS, &space);
  }
  /* A shell starts what is in its background with these ignored, and nobody can undo that by trap. */
  for (int number = 1; number < 32; number++) signal(number, SIG_DFL);
  execvp(argv[0], argv);
  give_up(argv[0]);
}

/* Waits for the command's end, but not for ever. */
static void attend(pid_t command, long long started) {
  long long end = started + options.limit_ns, kill_at = started + options.kill_after_ns;
  bool is_late = false, is_to_kill = options.kill_signal != 0 && options.kill_after_ns >= 0;
  struct pollfd watched = {.fd = (int)syscall(SYS_pidfd_open, command, 0), .events = POLLIN};
  if (watched.fd < 0) give_up("pidfd");
  for (;;) {
    long long next = is_to_kill && kill_at < end ? kill_at : end, left = next - now_ns();
    struct timespec timeout = {left > 0 ? left / SECOND_NS : 0, left > 0 ? left % SECOND_NS : 0};
    int ready = ppoll(&watched, 1, &timeout, NULL);
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) give_up("poll");
    if (now_ns() < next) continue;
    if (is_to_kill && next == kill_at) {
      kill(command, options.kill_signal);
      fputs("killed=1\n", report);
      is_to_kill = options.continue_after_ns > 0;
      kill_at += options.continue_after_ns;
      options.kill_signal = SIGCONT;
      options.continue_after_ns = 0;
    } else if (!is_late) {
      is_late = true;
      end += DEAF_NS;
      fputs("late=1\n", report);
      kill(command, SIGTERM);
    } else {
      fputs("late=deaf\n", report);
      kill(command, SIGKILL);
      end += DEAF_NS;
    }
  }
  close(watched.fd);
}

/* One more process that has come here and ended, is gone. False: there is none at all. */
static bool reap(void) {
  pid_t pid;
  while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0) continue;
  return pid == 0;
}

/* In one line, whatever a process calls itself. */
static void describe(int pid) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, text, 64) : 0;
  if (fd >= 0) close(fd);
  for (ssize_t i = 0; i < length; i++)
    if (text[i] < ' ' || text[i] > '~') text[i] = ' ';
  fprintf(report, "left=process %d %.*s\n", pid, (int)(length > 0 ? length : 0), text);
}

static void sweep(void) {
  long long patience = now_ns() + GRACE_NS;
  struct timespec moment = {0, 2 * MILLISECOND_NS};
  while (reap()) {
    nanosleep(&moment, NULL);
    if (now_ns() < patience) continue;
    FILE *children = fopen("/proc/thread-self/children", "re");
    int pid;
    while (children != NULL && fscanf(children, "%d", &pid) == 1) {
      describe(pid);
      kill(pid, SIGKILL);
    }
    if (children != NULL) fclose(children);
    patience = now_ns() + 100 * MILLISECOND_NS; /* their own children come here now */
  }
}

static bool is_changed(const struct termios *was, const struct termios *is) {
  return was->c_iflag != is->c_iflag || was->c_oflag != is->c_oflag || was->c_cflag != is->c_cflag ||
         was->c_lflag != is->c_lflag || memcmp(was->c_cc, is->c_cc, sizeof is->c_cc) != 0;
}

int main(int argc, char **argv) {
  static char before[MOUNTS_BYTES], after[MOUNTS_BYTES];
  read_options(argc, argv);
  report = fopen(options.report_path, "we");
  if (report == NULL) give_up(options.report_path);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) give_up("subreaper");
  bool has_mounts = take_own_mounts();
  read_mounts(before);
  int other_end = -1, terminal = -1;
  struct termios was, is;
  if (options.has_terminal && (openpty(&other_end, &terminal, NULL, NULL, NULL) != 0 || tcgetattr(terminal, &was) != 0))
    give_up("terminal");
  setvbuf(report, NULL, _IOLBF, 0);

  long long started = now_ns();
  pid_t own = getpid(), command = fork();
  if (command < 0) give_up("fork");
  if (command == 0) become(argv + optind, terminal, own);
  attend(command, started);
  int status = 0;
  if (waitpid(command, &status, 0) != command) give_up("wait");
  fprintf(report, "time_ms=%lld\n", (now_ns() - started) / MILLISECOND_NS);
  fprintf(report, "status=%s %d\n", WIFSIGNALED(status) ? "signal" : "exit",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  if (terminal >= 0 && (tcgetattr(terminal, &is) != 0 || is_changed(&was, &is)))
    fputs("left=terminal changed\n", report);
  sweep();
  read_mounts(after);
  if (has_mounts) report_mounts(before, after);
  return fclose(report) == 0 ? 0 : 2;
}
