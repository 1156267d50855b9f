/* SPDX-License-Identifier: MIT */
/* Fuzzes the forks of the engines server and snapshot, with this process in the place of the command: a child waits to
 * be forked, and each fork must fail the calls that it was made for, record them, and change nothing for the next one.
 *
 * Header: how (bit 0: the engine is server; 1: blocks are watched; 2: forks that share something are avoided; 3: sites
 * are known), what else is open or going on, how many sites are known, then a byte for each of three points: place and
 * occurrence, what more fails. Step: place and function, size, blocks, bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/fuzz.h"
#include "inject/fork_server.h"
#include "inject/injector.h"
#include "inject/process_id.h"

enum { PLACES = 6, POINTS = 3, STEPS_MAX = 24, RUNS = 3, ERRNO_BEFORE = 4242, TAPE_AT = 5, TAPE_BYTES = 64 };

enum engine_bits { IS_SERVER = 1, WATCHES_BLOCKS = 2, AVOIDS_SHARED = 4, KNOWS_SITES = 8 };

/* What happens behind the back of the injector, after it looked at what is open. */
enum hindrance { NOTHING, A_FILE, A_PIPE, A_SOCKET, AN_EPOLL, A_TIMER, A_THREAD, A_SIGNAL, SHARED_MEMORY, HINDRANCES };

struct header {
  uint8_t how, hindrance, known;
  struct {
    uint8_t place, occurrence, kind;
  } point[POINTS];
};

/* In memory that all processes share: the channel with its points, and behind it what they tell each other. */
static struct nomem_channel *channel;
static struct told {
  unsigned expected, forks; /* how many forks were to come, and how many came */
  unsigned nth;             /* call of a run that is to fail */
  _Atomic bool is_ready;    /* the server waits, or is about to: it has read the plan that there was at first */
} * told;
enum { POINTS_BYTES = POINTS * sizeof(struct nomem_snapshot_point) };
#define SHARED_BYTES (sizeof *channel + POINTS_BYTES + sizeof *told)
static int tape;
static struct header header;

/* Of the process: the child that waits, or one of its forks. */
static struct {
  pid_t pid;
  unsigned calls, count[PLACES], blocks;
  bool is_learning, is_fork, counts, fails_all, notes_recovery;
  bool is_spent; /* all that was to fail has failed: sites are counted no more */
  int second;    /* place whose first call fails, too; -1: none */
  unsigned recoveries[PLACES], recovery_count;
  unsigned faults;
  struct {
    unsigned place, size, fn, nth, occurrence;
  } fault[STEPS_MAX];
} self;

static enum nomem_fn function_of(struct fuzz_step step) {
  return (step.op >> 4) % NOMEM_FN_COUNT;
}

/* Each place is a site of its own. */
FUZZ_ONE_PLACE static bool backend(enum nomem_fn fn, size_t size) {
  errno = ERRNO_BEFORE;
  bool fails =
      !nomem__passes(fn, false) && nomem__fails(fn, size, 0, __builtin_return_address(0), __builtin_dwarf_cfa());
  CHECK(errno == ERRNO_BEFORE, "errno was %d after the decision", errno);
  return fails;
}

FUZZ_ONE_PLACE static bool call_from(unsigned place, enum nomem_fn fn, size_t size) {
  bool fails = false;
#define PLACE(n)                            \
  if (place == (n)) {                       \
    fails = backend(fn, size);              \
    __asm__ volatile("# " #n ::: "memory"); \
  }
  PLACE(0)
  PLACE(1)
  PLACE(2)
  PLACE(3)
  PLACE(4)
  PLACE(5)
#undef PLACE
  return fails;
}

static bool is_point(unsigned place, unsigned occurrence) {
  for (unsigned p = 0; p < channel->fork.point_count; p++)
    if (header.point[p].place == place && channel->points[p].occurrence == occurrence) return true;
  return false;
}

static void record(unsigned place, enum nomem_fn fn, unsigned size) {
  self.fault[self.faults].place = place;
  self.fault[self.faults].fn = fn;
  self.fault[self.faults].size = size;
  self.fault[self.faults].nth = self.calls;
  self.fault[self.faults++].occurrence = self.count[place];
}

/* The call at which the process was forked: it fails, and what the point says follows. */
static void become_fork(unsigned place) {
  const struct nomem_snapshot_point *point = &channel->points[channel->fork.point];
  CHECK(getpid() == channel->fork.child && getsid(0) == getpid(), "a fork has another number, or no session");
  CHECK(nomem__process_id() == getpid() && nomem__thread_id() == getpid(), "a fork takes itself for another");
  CHECK(point->occurrence == self.count[place], "it was forked at call %u, not %u, of its site", self.count[place],
        (unsigned)point->occurrence);
  self.pid = getpid();
  self.is_fork = true;
  self.fails_all = point->persistent;
  for (unsigned p = 0; p < PLACES; p++)
    if (point->second && !point->persistent && point->second == channel->sites[p].key) self.second = (int)p;
  self.is_spent = self.second == (int)place && self.count[place] == 1;
  bool is_transient = !point->persistent && !point->second;
  self.notes_recovery = is_transient && point->occurrence == 1 && channel->known_sites > 0;
  self.counts = !is_transient || self.notes_recovery;
  lseek(tape, TAPE_AT + 4, SEEK_SET);
}

static void note_recovery(unsigned place) {
  if (self.notes_recovery && self.count[place] == 1 && place >= channel->known_sites)
    self.recoveries[self.recovery_count++] = place;
}

FUZZ_ONE_PLACE static void run_step(struct fuzz_step step) {
  unsigned place = step.op % PLACES;
  enum nomem_fn fn = function_of(step);
  bool expected = false, may_fork = !self.is_fork;
  if (self.counts && !self.is_learning) {
    self.calls++;
    self.count[place] += !self.is_spent;
  }
  if (self.is_fork && self.counts) {
    expected = self.fails_all || (self.second == (int)place && self.count[place] == 1 && !self.is_spent);
    self.is_spent |= expected && !self.fails_all;
    note_recovery(place);
    if (header.how & IS_SERVER) expected = self.calls == told->nth;
    if (expected) record(place, fn, step.a);
  }
  bool fails = call_from(place, fn, step.a);
  if (self.is_learning) return;
  if (getpid() != self.pid) {
    CHECK(may_fork && fails, "a fork came from nowhere, or its call did not fail");
    record(place, fn, step.a);
    become_fork(place);
  } else {
    CHECK(fails == expected, "call %u was %s", self.calls, fails ? "failed" : "not failed");
  }
  if (!self.is_fork && !(channel->fork.avoid_shared && header.hindrance >= A_PIPE && header.hindrance <= AN_EPOLL))
    told->expected += is_point(place, self.count[place]);
  CHECK(self.is_fork || lseek(tape, 0, SEEK_CUR) == TAPE_AT, "a file has moved");
  nomem__blocks_add(step.b % 4, step.c);
  if (header.how & WATCHES_BLOCKS) self.blocks += step.b % 4;
  CHECK(channel->screening.live / NOMEM_LIVE_BLOCK == self.blocks, "%u blocks are in use, must be %u",
        (unsigned)(channel->screening.live / NOMEM_LIVE_BLOCK), self.blocks);
}

/* What the channel says of this process. */
static void check_channel(void) {
  CHECK(channel->fault_count == self.faults, "%u faults, must be %u", channel->fault_count, self.faults);
  for (unsigned f = 0; f < self.faults; f++) {
    const struct nomem_fault *fault = &channel->faults[f];
    CHECK(fault->ready && fault->pid == self.pid && fault->tid == self.pid, "fault %u is of process %d", f, fault->pid);
    CHECK(fault->fn == self.fault[f].fn && fault->size_bytes == self.fault[f].size && fault->nth == self.fault[f].nth,
          "fault %u is call %u", f, (unsigned)fault->nth);
    if (header.how & IS_SERVER) continue;
    CHECK(fault->site == channel->sites[self.fault[f].place].key && fault->occurrence == self.fault[f].occurrence &&
              fault->depth > 0,
          "fault %u is call %u of its site", f, (unsigned)fault->occurrence);
  }
  CHECK(channel->recovery_count == self.recovery_count, "%u recoveries, must be %u", channel->recovery_count,
        self.recovery_count);
  for (unsigned i = 0; i < self.recovery_count; i++)
    CHECK(channel->recoveries[i].key == channel->sites[self.recoveries[i]].key, "recovery %u is at another site", i);
  CHECK(nomem__channel_calls(channel) == self.calls, "%u calls, must be %u", (unsigned)nomem__channel_calls(channel),
        self.calls);
  for (unsigned p = 0; p < PLACES && !(header.how & IS_SERVER); p++)
    CHECK(channel->sites[p].count == self.count[p], "place %u was called %u times, must be %u", p,
          (unsigned)channel->sites[p].count, self.count[p]);
}

static void *idle(void *nothing) {
  for (;;) pause();
  return nothing;
}

static void hinder(void) {
  int ends[2];
  pthread_t thread;
  sigset_t set;
  const struct itimerval hour = {.it_value = {3600, 0}};
  switch ((enum hindrance)header.hindrance) {
    case A_FILE:
      memfd_create("another", 0);
      break;
    case A_PIPE:
      CHECK(pipe(ends) == 0, "no pipe");
      break;
    case A_SOCKET:
      CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "no socket");
      break;
    case AN_EPOLL:
      CHECK(epoll_create1(0) >= 0, "no epoll");
      break;
    case A_TIMER:
      setitimer(ITIMER_REAL, &hour, NULL);
      break;
    case A_THREAD:
      CHECK(pthread_create(&thread, NULL, idle, NULL) == 0, "no thread");
      break;
    case A_SIGNAL:
      sigemptyset(&set);
      sigaddset(&set, SIGUSR2);
      sigprocmask(SIG_BLOCK, &set, NULL);
      raise(SIGUSR2);
      break;
    case SHARED_MEMORY:
      CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED, "no memory");
      break;
    default:
      break;
  }
}

static enum nomem_obstacle obstacle_of(void) {
  switch ((enum hindrance)header.hindrance) {
    case A_FILE:
    case A_PIPE:
    case A_SOCKET:
    case AN_EPOLL:
      return NOMEM_OBSTACLE_DESCRIPTORS;
    case A_TIMER:
      return NOMEM_OBSTACLE_TIMERS;
    case A_THREAD:
      return NOMEM_OBSTACLE_THREADS;
    case A_SIGNAL:
      return NOMEM_OBSTACLE_SIGNALS;
    case SHARED_MEMORY:
      return NOMEM_OBSTACLE_MEMORY;
    default:
      return NOMEM_OBSTACLE_NONE;
  }
}

static void start(enum nomem_engine engine) {
  channel->fork.engine = engine;
  channel->fork.avoid_shared = engine == NOMEM_ENGINE_SNAPSHOT && header.how & AVOIDS_SHARED;
  channel->watch = engine != NOMEM_ENGINE_EXEC && header.how & WATCHES_BLOCKS ? NOMEM_WATCH_LIVE : NOMEM_WATCH_NONE;
  nomem__fork_server_prepare(channel);
  CHECK(nomem__start(channel, NULL) == 0, "the injector does not start");
  self.counts = true;
}

/* Each place was called once, so that it has the site of its number, and a key. */
static void end_learning(void) {
  nomem__stop();
  CHECK(channel->site_count == PLACES, "there are %u sites", channel->site_count);
  memset(channel->counts, 0, sizeof channel->counts);
  channel->counts_used = channel->record_sites = 0;
  for (unsigned p = 0; p < PLACES; p++) channel->sites[p].count = 0;
}

/* The points of a site lie together, by occurrence. */
static void set_points(void) {
  for (unsigned p = 0; p < POINTS; p++) {
    struct nomem_site *site = &channel->sites[header.point[p].place];
    if (p == 0 || header.point[p].place != header.point[p - 1].place) site->next_point = p;
    site->end_point = p + 1;
    channel->points[p].occurrence = header.point[p].occurrence;
    channel->points[p].persistent = header.point[p].kind & 1;
    channel->points[p].second = header.point[p].kind & 2 ? channel->sites[header.point[p].kind / 4 % PLACES].key : 0;
  }
  channel->fork.point_count = POINTS;
  channel->known_sites = header.how & KNOWS_SITES ? 1 + header.known % PLACES : 0;
}

/* What a fork writes there is its own, as it is of a program that the command forks. */
static void keep_to_oneself(int file) {
  size_t at = offsetof(struct nomem_channel, live_bytes), end = offsetof(struct nomem_channel, points);
  void *pages = mmap((char *)channel + at, end - at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, (off_t)at);
  CHECK(pages != MAP_FAILED, "the channel cannot be a copy");
}

static int memory;

static void wait_to_be_forked(void) {
  keep_to_oneself(memory);
  start(header.how & IS_SERVER ? NOMEM_ENGINE_SERVER : NOMEM_ENGINE_SNAPSHOT);
  hinder();
  if (!(header.how & IS_SERVER)) return;
  told->is_ready = true;
  nomem__reached_main();
  CHECK(getpid() != self.pid && getpid() == channel->fork.child, "the server has returned");
  CHECK(nomem__thread_id() == getpid() && nomem__process_id() == getpid(), "a fork takes itself for another");
  self.pid = getpid();
  self.is_fork = true;
}

/* What the next call is: at first those by which sites are known. Returns false when there is none. */
__attribute__((noinline)) static bool choose_step(struct fuzz_input *input, struct fuzz_step *step, int number) {
  self.is_learning = number < 0;
  if (number < 0) {
    *step = (struct fuzz_step){(uint8_t)(number + PLACES), 0, 0, 0};
    return true;
  }
  if (number == 0) {
    if (!(header.how & IS_SERVER)) {
      end_learning();
      set_points();
    }
    wait_to_be_forked();
  }
  return number < STEPS_MAX && fuzz_next(input, step);
}

/* All calls are made from one place. */
__attribute__((noreturn)) static void be_forked(struct fuzz_input input) {
  struct fuzz_step step;
  int number = 0;
  self.pid = getpid();
  self.second = -1;
  if (!(header.how & IS_SERVER)) {
    number = -PLACES;
    channel->record_sites = 1;
    start(NOMEM_ENGINE_EXEC);
  }
  for (; choose_step(&input, &step, number); number++) run_step(step);
  check_channel();
  _exit(0);
}

static void let_go_on(void) {
  atomic_fetch_add(&channel->fork.turn, 1);
  syscall(SYS_futex, &channel->fork.turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* As the command clears what is recorded of a run. */
static void clear_run(void) {
  memset(channel->faults, 0, sizeof channel->faults);
  memset(channel->recoveries, 0, sizeof channel->recoveries);
  channel->fault_count = channel->recovery_count = 0;
}

/* Waits for the child or one of its forks. */
static pid_t wait_for_any(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, 0)) < 0 && errno == EINTR) continue;
  CHECK(pid > 0 && status == 0, "process %d ended with status 0x%x", pid, (unsigned)status);
  return pid;
}

static void serve_snapshots(pid_t child) {
  for (pid_t pid; (pid = wait_for_any()) != child;) {
    CHECK(pid == channel->fork.child, "an unknown process has ended");
    told->forks++;
    clear_run();
    let_go_on();
  }
  CHECK(told->forks == told->expected, "there were %u forks, must be %u", told->forks, told->expected);
}

static void set_plan(unsigned run) {
  told->nth = header.point[run].occurrence;
  snprintf(channel->plan, sizeof channel->plan, "nth=%u", told->nth);
}

static void serve_runs(pid_t child) {
  enum nomem_obstacle obstacle = obstacle_of();
  while (!told->is_ready) usleep(100);
  for (unsigned run = 0; run < RUNS && obstacle == NOMEM_OBSTACLE_NONE; run++) {
    set_plan(run);
    let_go_on();
    pid_t pid = wait_for_any();
    CHECK(pid != child && pid == channel->fork.child, "the server has ended, obstacle %u", channel->fork.obstacle);
    clear_run();
  }
  if (obstacle == NOMEM_OBSTACLE_NONE) {
    kill(child, SIGKILL);
    fuzz_wait(child, 0);
    return;
  }
  CHECK(wait_for_any() == child, "a server that cannot fork has forked");
  CHECK(channel->fork.obstacle == obstacle, "the obstacle is %u, must be %u", channel->fork.obstacle, obstacle);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  char line[TAPE_BYTES] = {0};
  memory = memfd_create("nomem-channel", 0);
  tape = memfd_create("tape", 0);
  CHECK(memory >= 0 && ftruncate(memory, SHARED_BYTES) == 0, "no memory for the channel");
  CHECK(tape >= 0 && write(tape, line, sizeof line) == sizeof line, "no file");
  channel = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  CHECK(channel != MAP_FAILED, "no memory for the channel");
  told = (struct told *)(void *)((char *)channel + sizeof *channel + POINTS_BYTES);
  return 0;
}

static void read_header(struct fuzz_input *input) {
  header.how = fuzz_byte(input);
  header.hindrance = fuzz_byte(input) % HINDRANCES;
  header.known = fuzz_byte(input);
  for (unsigned p = 0; p < POINTS; p++) {
    uint8_t byte = fuzz_byte(input);
    header.point[p].place = byte % PLACES;
    header.point[p].occurrence = 1 + byte / 32 % 4;
    header.point[p].kind = fuzz_byte(input);
  }
  if (header.how & IS_SERVER) return;
  if (header.hindrance > AN_EPOLL) header.hindrance = NOTHING;
  for (unsigned p = 1; p < POINTS; p++) { /* by place, and then by occurrence, none twice */
    if (header.point[p].place < header.point[p - 1].place) header.point[p].place = header.point[p - 1].place;
    if (header.point[p].place == header.point[p - 1].place &&
        header.point[p].occurrence <= header.point[p - 1].occurrence)
      header.point[p].occurrence = header.point[p - 1].occurrence + 1;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  read_header(&input);
  CHECK(fallocate(memory, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, SHARED_BYTES) == 0, "no clear channel");
  CHECK(lseek(tape, TAPE_AT, SEEK_SET) == TAPE_AT, "no place in the file");
  pid_t child = fork();
  CHECK(child >= 0, "cannot fork");
  if (child == 0) be_forked(input);
  if (header.how & IS_SERVER)
    serve_runs(child);
  else
    serve_snapshots(child);
  return 0;
}
