/* SPDX-License-Identifier: MIT */
#include "common/pool_edges.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/fuzz.h"

enum { ERRNO_BEFORE = 4242 };

void pool_check_nothing_to_map(void) {
  struct rlimit limit, none;
  getrlimit(RLIMIT_AS, &limit);
  none = limit;
  none.rlim_cur = 1;
  setrlimit(RLIMIT_AS, &none);
  errno = ERRNO_BEFORE;
  int result = mempool_init(NULL, MEMPOOL_DEFAULT_BYTES);
  int init_errno = errno;
  void *block = mempool_malloc(1);
  int malloc_errno = errno;
  setrlimit(RLIMIT_AS, &limit);
  CHECK(result == -ENOMEM && init_errno == ERRNO_BEFORE, "with nothing to map mempool_init returned %d, errno %d",
        result, init_errno);
  CHECK(!block && malloc_errno == ENOMEM, "with nothing to map there is a block %p, errno %d", block, malloc_errno);
}

void pool_check_limits(size_t skew) {
  static uint8_t memory[MEMPOOL_BYTES_MIN + MEMPOOL_ALIGNMENT];
  CHECK(mempool_init(NULL, MEMPOOL_BYTES_MAX + 1) == -EINVAL && mempool_init(NULL, SIZE_MAX) == -EINVAL,
        "a pool can be larger than the largest");
  CHECK(mempool_init(memory, MEMPOOL_BYTES_MIN - 1) == -EINVAL && mempool_init(NULL, 0) == -EINVAL,
        "a pool can be smaller than the smallest");
  CHECK(mempool_init(memory + skew, MEMPOOL_BYTES_MIN) == 0, "the smallest pool cannot be made");
  void *block = mempool_malloc(1);
  CHECK(block && !mempool_check(), "the smallest pool holds nothing");
  CHECK(mempool_destroy() == -EBUSY, "a pool in use was ended");
  mempool_free(block);
  CHECK(mempool_destroy() == 0, "an empty pool cannot be ended");
  int result = mempool_init(NULL, MEMPOOL_BYTES_MAX);
  CHECK(result == 0 || result == -ENOMEM, "the largest pool cannot be made: %d", result);
  CHECK(result || !mempool_check(), "the largest pool is damaged");
  CHECK(mempool_destroy() == 0, "the largest pool cannot be ended");
}

void pool_check_too_large(size_t size) {
  errno = 0;
  void *block = mempool_malloc(size);
  CHECK(!block && errno == ENOMEM, "a first request that is too large returned %p, errno %d", block, errno);
}

void pool_check_busy(size_t blocks) {
  static uint8_t memory[4 * MEMPOOL_BYTES_MIN];
  int result = mempool_init(memory, sizeof memory);
  CHECK(result == -EBUSY, "a second mempool_init returned %d", result);
  if (!blocks) return;
  result = mempool_destroy();
  CHECK(result == -EBUSY, "mempool_destroy with %zu blocks in use returned %d", blocks, result);
}

void pool_check_unmapped(const void *inside) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  void *at = (void *)((uintptr_t)inside & ~(page - 1)); /* NOLINT: of a pool that is gone */
  unsigned char resident;
  CHECK(mincore(at, page, &resident) != 0 && errno == ENOMEM, "what was mapped for the pool is still there");
}

static sigjmp_buf out_of_abort;

static void leave_abort(int number) {
  (void)number;
  siglongjmp(out_of_abort, 1);
}

static const char *free_by_default(void *ptr, mempool_misuse_func handler) {
  static char line[256];
  int ends[2], kept = dup(STDERR_FILENO);
  volatile bool aborted = false;
  struct sigaction before, leave = {.sa_handler = leave_abort};
  CHECK(kept >= 0 && pipe(ends) == 0, "there are no descriptors");
  mempool_on_misuse(NULL);
  dup2(ends[1], STDERR_FILENO);
  sigaction(SIGABRT, &leave, &before);
  if (sigsetjmp(out_of_abort, 1))
    aborted = true;
  else
    mempool_free(ptr);
  sigaction(SIGABRT, &before, NULL);
  dup2(kept, STDERR_FILENO);
  CHECK(mempool_on_misuse(handler) == NULL, "the handler that was set is not the one before");
  close(ends[1]);
  ssize_t length = read(ends[0], line, sizeof line - 1);
  close(ends[0]);
  close(kept);
  line[length > 0 ? length : 0] = '\0';
  CHECK(aborted, "by default misuse does not abort");
  return line;
}

void pool_check_default(void *ptr, enum mempool_misuse misuse, mempool_misuse_func handler) {
  static const char *const words[] = {[MEMPOOL_FOREIGN] = "is outside the pool",
                                      [MEMPOOL_INTERIOR] = "is inside a block in use",
                                      [MEMPOOL_DOUBLE_FREE] = "is in free memory",
                                      [MEMPOOL_OVERRUN] = "was written past its end"};
  char expected[128];
  const char *line = free_by_default(ptr, handler);
  snprintf(expected, sizeof expected, "mempool: %p %s", ptr, words[misuse]);
  CHECK(strncmp(line, expected, strlen(expected)) == 0 && strchr(line, '\n') == line + strlen(line) - 1,
        "a wrong free is to be '%s...', and is '%s'", expected, line);
}

void pool_check_none(void) {
  static const struct mempool_stats none = {0};
  struct mempool_stats stats;
  mempool_stats(&stats);
  CHECK(memcmp(&stats, &none, sizeof none) == 0, "%zu bytes are in a pool before it is made", stats.capacity_bytes);
  CHECK(mempool_check() == 0, "mempool_check returned %d without a pool", mempool_check());
}

size_t pool_odd_size(uint8_t which, size_t pool, size_t largest) {
  const size_t sizes[] = {SIZE_MAX,
                          SIZE_MAX - 7,
                          SIZE_MAX - 8,
                          SIZE_MAX - 15,
                          SIZE_MAX - 16,
                          SIZE_MAX / 2,
                          SIZE_MAX / 16,
                          MEMPOOL_BYTES_MAX,
                          MEMPOOL_BYTES_MAX + 1,
                          (size_t)1 << 32,
                          pool,
                          pool - 1,
                          pool - 7,
                          pool - 8,
                          pool - 9,
                          pool + 1,
                          largest,
                          largest + 1,
                          largest - 1,
                          largest + 16,
                          largest - 16,
                          pool - 16,
                          ((size_t)1 << 36) - 8,
                          ((size_t)1 << 32) + 64};
  return sizes[which % (sizeof sizes / sizeof sizes[0])];
}

size_t pool_granules_least(size_t bytes, const void *memory) {
  size_t skip = memory ? -(uintptr_t)memory % MEMPOOL_ALIGNMENT : 0, all = (bytes - skip) / MEMPOOL_ALIGNMENT;
  size_t words = (all + 1 + 63) / 64;
  return all - (words + 1) / 2 - 1;
}

uint8_t *pool_odd_pointer(const struct pool_extent *extent, unsigned how, size_t offset) {
  size_t bytes = (size_t)(extent->end - extent->first), all = (size_t)(extent->end - extent->base);
  uintptr_t before = (uintptr_t)extent->base + MEMPOOL_ALIGNMENT - 1, behind = (uintptr_t)extent->end;
  if (how & 0x80) {
    static uint8_t elsewhere[MEMPOOL_ALIGNMENT];
    return elsewhere + offset % sizeof elsewhere;
  }
  if (how & 0x40) return (uint8_t *)(how & 0x20 ? before - offset % 64 : behind + offset * 16 % all); /* NOLINT */
  return extent->first + offset % (bytes + MEMPOOL_ALIGNMENT);
}

#define REFUSING "NOMEM_FUZZ_REFUSES_FORK_HANDLERS"
extern void *__dso_handle;
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *object);

int pool_handle_forks(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
  return getenv(REFUSING) ? ENOMEM : __register_atfork(prepare, parent, child, __dso_handle);
}

void pool_check_forks_refused(char *program) {
  static uint8_t memory[MEMPOOL_BYTES_MIN];
  if (!getenv(REFUSING)) {
    pid_t child = fork();
    CHECK(child >= 0, "cannot fork");
    if (child == 0) {
      setenv(REFUSING, "1", 1);
      execl("/proc/self/exe", program, (char *)NULL);
      _exit(3);
    }
    int status = fuzz_wait(child, 0);
    CHECK(status == 0, "without handlers of forks the pool ended with status 0x%x", (unsigned)status);
    return;
  }
  CHECK(mempool_init(memory, sizeof memory) == -ENOMEM, "there is a pool that a fork may damage");
  errno = 0;
  CHECK(!mempool_malloc(1) && errno == ENOMEM, "there is a block in a pool that a fork may damage");
  pool_check_none();
  _exit(0);
}
