/* SPDX-License-Identifier: MIT */
/* The allocator contract, met by the libuv that this program is linked to: the proof that the checks lib/ passes are
 * libuv's own behaviour. */
#define _GNU_SOURCE /* RTLD_NEXT, environ */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "contract/uv_alloc_contract.h"

/* lib/ has a function of the same name, which the link line would prefer. */
static int replace(uv_malloc_func malloc_func, uv_realloc_func realloc_func, uv_calloc_func calloc_func,
                   uv_free_func free_func) {
  static int (*function)(uv_malloc_func, uv_realloc_func, uv_calloc_func, uv_free_func);
  if (!function) *(void **)&function = dlsym(RTLD_NEXT, "uv_replace_allocator");
  assert_non_null(function);
  return function(malloc_func, realloc_func, calloc_func, free_func);
}

static void *duplicate(void) {
  return (void *)(uintptr_t)uv_err_name(-99999);
}

/* uv_os_environ allocates an array of as many elements as the environment has entries. Entries without a '=' are
 * copied, looked at and dropped, and one that cannot be copied ends the call. */
static void *zeroed(size_t count) {
  char entry[] = "x";
  char **entries = malloc((count + 1) * sizeof(*entries));
  assert_non_null(entries);
  for (size_t i = 0; i < count; i++) entries[i] = entry;
  entries[count] = NULL;
  char **saved = environ;
  environ = entries;
  uv_env_item_t *items = NULL;
  int item_count = 0;
  int result = uv_os_environ(&items, &item_count);
  environ = saved;
  free(entries);
  assert_int_equal(result, 0);
  return items;
}

/* What is freed is the block at the user name. */
static void release(void *ptr) {
  uv_passwd_t account = {.username = ptr};
  uv_os_free_passwd(&account);
}

/* A loop's table of descriptors is first made by uv_loop_init, and grows for a descriptor that it has no room for. */
static void grow(void) {
  enum { BEYOND_FIRST_TABLE = 500 };
  int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int high = fcntl(event, F_DUPFD_CLOEXEC, BEYOND_FIRST_TABLE);
  assert_true(high >= BEYOND_FIRST_TABLE);
  uv_loop_t loop;
  uv_poll_t poll;
  assert_int_equal(uv_loop_init(&loop), 0);
  assert_int_equal(uv_poll_init(&loop, &poll, high), 0);
  assert_int_equal(uv_poll_start(&poll, UV_READABLE, NULL), 0);
  uv_close((uv_handle_t *)&poll, NULL);
  assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&loop), 0);
  close(high);
  close(event);
}

static const struct contract_subject subject = {
    .replace = replace,
    .duplicate = duplicate,
    .zeroed = zeroed,
    .element_size = sizeof(uv_env_item_t),
    .release = release,
    .grow = grow,
};

int main(void) {
  printf("# libuv %s\n", uv_version_string());
  return contract_run();
}
