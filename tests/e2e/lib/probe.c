/* SPDX-License-Identifier: MIT */
/* Runs a program under the preload backend with a channel of its own and prints what the channel holds afterwards, one
 * name=value a line: what the command sees, without the command in between.
 *
 *   probe [-p PLAN] [-i IMAGES] [-t SECONDS] [-s] [-v] [-k] [-a] -- PROGRAM [ARGUMENT...]
 *
 * -s records sites, -v verifies remembered stacks too, -k prints key and count of every site, -a randomises addresses.
 * The preload library is named by NOMEM_PRELOAD. The program keeps its standard streams, but what it writes to its
 * standard output goes to descriptor 2. Exit status: 0 unless the probe itself could not work.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../faults/channel.h"

static struct nomem_channel *channel;
static char channel_path[64];
static bool print_keys, randomise;
static unsigned limit_seconds = 20;

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
  exit(2);
}

static void make_channel(void) {
  int fd = memfd_create("probe", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, sizeof *channel) != 0) give_up("memory file");
  channel = mmap(NULL, sizeof *channel, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (channel == MAP_FAILED) give_up("mapping");
  channel->magic = NOMEM_CHANNEL_MAGIC;
  snprintf(channel_path, sizeof channel_path, "/proc/%d/fd/%d", (int)getpid(), fd);
}

static void read_options(int argc, char **argv) {
  int option;
  while ((option = getopt(argc, argv, "+p:i:t:svka")) != -1) switch (option) {
      case 'p':
        snprintf(channel->plan, sizeof channel->plan, "%s", optarg);
        break;
      case 'i':
        snprintf(channel->image, sizeof channel->image, "%s", optarg);
        break;
      case 't':
        limit_seconds = (unsigned)atoi(optarg);
        break;
      case 'v':
        channel->verify = 1;
        channel->record_sites = 1;
        break;
      case 's':
        channel->record_sites = 1;
        break;
      case 'k':
        print_keys = true;
        channel->record_sites = 1;
        break;
      case 'a':
        randomise = true;
        break;
      default:
        exit(2);
    }
  if (argv[optind] == NULL) exit(2);
}

static pid_t child;

static void time_is_up(int number) {
  (void)number;
  kill(-child, SIGKILL);
  kill(child, SIGKILL);
}

static pid_t start(char **argv) {
  const char *preload = getenv("NOMEM_PRELOAD"), *behind = getenv("PROBE_BEHIND");
  if (preload == NULL) give_up("NOMEM_PRELOAD");
  child = fork();
  if (child < 0) give_up("fork");
  if (child > 0) return child;
  char list[8192];
  snprintf(list, sizeof list, "%s%s%s", preload, behind != NULL ? ":" : "", behind != NULL ? behind : "");
  setenv("LD_PRELOAD", list, 1);
  setenv(NOMEM_CHANNEL_ENV, channel_path, 1);
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (!randomise) personality(ADDR_NO_RANDOMIZE);
  dup2(2, 1);
  execvp(argv[0], argv);
  give_up(argv[0]);
}

static void print_counts(void) {
  uint32_t used = channel->counts_used < NOMEM_COUNTS ? channel->counts_used : NOMEM_COUNTS;
  uint64_t calls[NOMEM_FN_COUNT] = {0}, frees = 0;
  for (uint32_t i = 0; i < used; i++) {
    for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) calls[fn] += channel->counts[i].calls[fn];
    frees += channel->counts[i].frees;
  }
  printf("calls=%" PRIu64 "\n", nomem__channel_calls(channel));
#define X(upper, lower) printf(#lower "=%" PRIu64 "\n", calls[NOMEM_FN_##upper]);
  NOMEM_FN_MAP(X)
#undef X
  printf("frees=%" PRIu64 "\nfaults=%u\nlive=%" PRId64 "\nslots=%u\n", frees, (unsigned)channel->fault_count,
         (int64_t)channel->live_bytes, (unsigned)channel->counts_used);
  printf("images=%u\nmains=%" PRIu64 "\n", (unsigned)channel->image_count, (uint64_t)channel->main_reached);
}

static int by_key(const void *left, const void *right) {
  const struct nomem_site *a = *(const struct nomem_site *const *)left, *b = *(const struct nomem_site *const *)right;
  return a->key < b->key ? -1 : a->key > b->key;
}

static void print_sites(void) {
  static const struct nomem_site *sites[NOMEM_SITES];
  size_t count = 0;
  uint64_t allocations = 0;
  for (size_t i = 0; i < NOMEM_SITES; i++)
    if (channel->sites[i].key != 0) {
      sites[count++] = &channel->sites[i];
      allocations += channel->sites[i].count;
    }
  qsort(sites, count, sizeof *sites, by_key); // NOLINT(bugprone-sizeof-expression): of pointers
  printf("sites=%zu\nsite_calls=%" PRIu64 "\nlost=%" PRIu64 "\n", count, allocations, (uint64_t)channel->sites_lost);
  printf("hits=%" PRIu64 "\nmisses=%" PRIu64 "\nmismatches=%" PRIu64 "\n", (uint64_t)channel->stack_hits,
         (uint64_t)channel->stack_misses, (uint64_t)channel->stack_mismatches);
  for (size_t i = 0; print_keys && i < count; i++)
    printf("key=%016" PRIx64 ":%" PRIu64 ":%u\n", (uint64_t)sites[i]->key, (uint64_t)sites[i]->count, sites[i]->depth);
}

int main(int argc, char **argv) {
  make_channel();
  read_options(argc, argv);
  pid_t pid = start(argv + optind);
  struct sigaction action = {.sa_handler = time_is_up};
  sigaction(SIGALRM, &action, NULL);
  alarm(limit_seconds);
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) give_up("wait");
  if (WIFSIGNALED(status))
    printf("status=SIG%s\n", sigabbrev_np(WTERMSIG(status)));
  else
    printf("status=%d\n", WEXITSTATUS(status));
  print_counts();
  print_sites();
  return 0;
}
