/* SPDX-License-Identifier: MIT */
/* Failing allocations for libgit2 alone. Its interface has been shorter since 1.6: GIT_OPT_SET_ALLOCATOR is the same.
 *
 *   cc libgit2_adapter.c -lnomem -lgit2 */
#include <git2.h>
#include <git2/sys/alloc.h>

#include "try_failures.h"

static nomem_malloc_func git_malloc;
static nomem_realloc_func git_realloc;
static nomem_calloc_func git_calloc;

static void *allocate(size_t bytes, const char *file, int line) {
  return (void)file, (void)line, git_malloc(bytes);
}

static void *resize(void *block, size_t bytes, const char *file, int line) {
  (void)file, (void)line;
  return git_realloc(block, bytes);
}

#if LIBGIT2_VER_MAJOR == 1 && LIBGIT2_VER_MINOR < 6
static void *allocate_zeroed(size_t count, size_t bytes, const char *file, int line) {
  (void)file, (void)line;
  return git_calloc(count, bytes);
}

static void *resize_array(void *block, size_t count, size_t bytes, const char *file, int line) {
  size_t product;
  if (__builtin_mul_overflow(count, bytes, &product)) return NULL;
  return resize(block, product, file, line);
}

static void *allocate_array(size_t count, size_t bytes, const char *file, int line) {
  return resize_array(NULL, count, bytes, file, line);
}

static char *copy_bytes(const char *text, size_t length, const char *file, int line) {
  char *copied = (char *)allocate(length + 1, file, line);
  if (copied == NULL) return NULL;
  memcpy(copied, text, length);
  copied[length] = '\0';
  return copied;
}

static char *copy(const char *text, const char *file, int line) {
  return copy_bytes(text, strlen(text), file, line);
}

static char *copy_most(const char *text, size_t most, const char *file, int line) {
  return copy_bytes(text, strnlen(text, most), file, line);
}
#define MORE                                                                                    \
  .gcalloc = allocate_zeroed, .gstrdup = copy, .gstrndup = copy_most, .gsubstrdup = copy_bytes, \
  .greallocarray = resize_array, .gmallocarray = allocate_array,
#else
#define MORE
#endif

static int adapt_libgit2(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                         nomem_free_func free_func) {
  static git_allocator allocator = {.gmalloc = allocate, MORE.grealloc = resize};
  git_malloc = malloc_func;
  git_realloc = realloc_func;
  git_calloc = calloc_func;
  allocator.gfree = free_func;
  return git_libgit2_opts(GIT_OPT_SET_ALLOCATOR, &allocator);
}

static int tidy_message(void *unused) {
  git_buf message = GIT_BUF_INIT;
  (void)unused;
  int result = git_message_prettify(&message, "short\n\n\n# a comment\nand more of it  \n", 1, '#');
  git_buf_dispose(&message);
  return result;
}

int main(void) {
  if (nomem_install(adapt_libgit2) != 0 || git_libgit2_init() < 0) return 2;
  int result = try_failures("libgit2", tidy_message);
  git_libgit2_shutdown();
  return result;
}
