/* SPDX-License-Identifier: MIT */
/* Fuzzes what the wrappers do to errno. The replacements leave any value in it: on success, on failure and in free,
 * with and without the failing allocator in between. free must keep errno, all others must pass it on, and a fault must
 * set ENOMEM.
 *
 * Header: bit 0: which build of the library; bit 1: the failing allocator is in between; byte 1: it fails every n-th
 * call (0: none). Step: op; a: errno before the call; b: what the replacement leaves in errno (0: what was there; odd:
 * it fails); c: what the replacement's free leaves.
 */
#include <string.h>

#include "common/fuzz.h"
#include "common/subject.h"
#include "nomem.h"

enum { HEADER_BYTES = 2, STEPS_MAX = 64, BLOCK_BYTES = 24, LARGER_BYTES = 48, STRING_BYTES = 10 };

static const char *const names[] = {
    "malloc", "calloc", "realloc", "reallocf", "strdup", "strndup", "free", "free(NULL)", "uv_replace_allocator"};
enum { OPS = sizeof names / sizeof names[0] };

static const struct subject *subject;
/* What the replacements do at the next call. */
static bool fails;
static int left_by_call, left_by_free;
static unsigned allocation_calls, free_calls;
/* The failing allocator's plan is every=N: it counts these calls. */
static unsigned every, counted;

static void set_errno(int value) {
  if (value) errno = value;
}

static void *rude_malloc(size_t size) {
  allocation_calls++;
  void *block = fails ? NULL : malloc(size);
  set_errno(left_by_call);
  return block;
}

static void *rude_realloc(void *ptr, size_t size) {
  allocation_calls++;
  void *block = fails ? NULL : realloc(ptr, size);
  set_errno(left_by_call);
  return block;
}

static void *rude_calloc(size_t count, size_t size) {
  allocation_calls++;
  void *block = fails ? NULL : calloc(count, size);
  set_errno(left_by_call);
  return block;
}

static void rude_free(void *ptr) {
  free_calls++;
  free(ptr);
  set_errno(left_by_free);
}

static bool is_next_fault(void) {
  return every && ++counted % every == 0;
}

static int to_errno(uint8_t byte) {
  /* Also values that are no error code: a replacement may leave anything. */
  static const int codes[] = {0, ENOMEM, EINVAL, EAGAIN, EINTR, EIO, EPERM, -1, 100000, 2147483647};
  return codes[byte % (sizeof codes / sizeof codes[0])];
}

/* A block from before the call: made without failure and without a changed errno. */
static void *prepare(void) {
  bool kept_fails = fails;
  int kept_call = left_by_call;
  fails = false;
  left_by_call = 0;
  nomem_pause();
  void *block = subject->malloc(BLOCK_BYTES);
  nomem_resume();
  CHECK(block, "a call between nomem_pause and nomem_resume was failed");
  memset(block, 1, BLOCK_BYTES);
  fails = kept_fails;
  left_by_call = kept_call;
  allocation_calls = free_calls = 0;
  return block;
}

static void *allocate(unsigned op, void *old) {
  static const char string[] = "nine byte";
  switch (op) {
    case 0:
      return subject->malloc(BLOCK_BYTES);
    case 1:
      return subject->calloc(2, BLOCK_BYTES);
    case 2:
      return subject->realloc(old, LARGER_BYTES);
    case 3:
      return subject->reallocf(old, LARGER_BYTES);
    case 4:
      return subject->strdup(string);
    default:
      return subject->strndup(string, STRING_BYTES / 2);
  }
}

static void check_allocation(unsigned op, int before) {
  void *old = op == 2 || op == 3 ? prepare() : NULL;
  bool is_fault = is_next_fault();
  allocation_calls = free_calls = 0;
  errno = before;
  void *block = allocate(op, old);
  int after = errno;
  int expected = is_fault ? ENOMEM : left_by_call ? left_by_call : before;
  CHECK(allocation_calls == !is_fault, "%s made %u calls", names[op], allocation_calls);
  CHECK((block != NULL) == !(is_fault || fails), "%s returned %p although the replacement %s", names[op], block,
        is_fault || fails ? "failed" : "did not");
  CHECK(after == expected, "%s left errno %d, not %d: before %d, replacement left %d%s", names[op], after, expected,
        before, left_by_call, is_fault ? ", a fault" : "");
  CHECK(free_calls == (op == 3 && !block), "%s called free %u times", names[op], free_calls);
  if (op == 2 && !block) subject->free(old);
  subject->free(block);
}

static void check_free(unsigned op, int before) {
  void *block = op == 6 ? prepare() : NULL;
  free_calls = 0;
  errno = before;
  subject->free(block);
  CHECK(errno == before, "%s changed errno from %d to %d", names[op], before, errno);
  CHECK(free_calls == 1, "%s called the replacement %u times", names[op], free_calls);
}

static void check_replace(bool has_null, int before) {
  errno = before;
  int result = subject->replace(rude_malloc, has_null ? NULL : rude_realloc, rude_calloc, rude_free);
  CHECK(errno == before, "uv_replace_allocator changed errno from %d to %d", before, errno);
  CHECK(result == (has_null ? UV_EINVAL : 0), "uv_replace_allocator returned %d", result);
}

static void install(bool between, unsigned period) {
  char plan[32] = "";
  every = between ? period : 0;
  counted = 0;
  fails = false;
  left_by_call = left_by_free = 0;
  if (!between) {
    check_replace(false, 0);
    return;
  }
  int result = nomem_install_over(subject->replace, rude_malloc, rude_realloc, rude_calloc, rude_free, NULL);
  CHECK(result == 0, "nomem_install_over returned %d", result);
  if (every) snprintf(plan, sizeof plan, "every=%u", every);
  errno = EDOM;
  result = nomem_begin(plan, NULL);
  CHECK(result == 0, "nomem_begin(\"%s\") returned %d", plan, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, data + size};
  struct fuzz_step step;
  uint8_t flags = fuzz_byte(&input);
  subject = flags & 1 ? &subject_zero : &subject_plain;
  bool between = flags >> 1 & 1;
  install(between, fuzz_byte(&input));
  for (unsigned n = 0; n < STEPS_MAX && fuzz_next(&input, &step); n++) {
    unsigned op = step.op % OPS;
    int before = to_errno(step.a);
    fails = step.b & 1;
    left_by_call = to_errno(step.b >> 1);
    left_by_free = to_errno(step.c);
    if (op < 6)
      check_allocation(op, before);
    else if (op < 8)
      check_free(op, before);
    else if (!between)
      check_replace(step.a & 1, before); /* otherwise it would remove the failing allocator */
  }
  nomem_end(NULL);
  return 0;
}
