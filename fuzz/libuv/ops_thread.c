/* SPDX-License-Identifier: MIT */
/* Threads and what they wait for. Each object is used by this thread and one other, which take turns, so that nothing
 * depends on who comes first. */
#include <string.h>

#include "libuv/memory.h"
#include "libuv/ops.h"

enum { STACK_BYTES = 256 * 1024, MS = 1000000 };

/* Everything two threads can share. */
struct shared {
  uv_key_t key;
  uv_mutex_t mutex, recursive;
  uv_cond_t cond;
  uv_rwlock_t lock;
  uv_barrier_t barrier;
  uv_sem_t sem;
  uv_thread_t self;
  bool ran, told;
};

static void check_locked(struct shared *shared) {
  CHECK(uv_rwlock_tryrdlock(&shared->lock) == 0, "a lock that is only read cannot be read by another thread");
  uv_rwlock_rdunlock(&shared->lock);
  CHECK(uv_rwlock_trywrlock(&shared->lock) == UV_EBUSY, "a lock that is read can be written");
  CHECK(uv_mutex_trylock(&shared->recursive) == UV_EBUSY, "a mutex that another thread has can be locked");
}

static void run_thread(void *argument) {
  struct shared *shared = argument;
  uv_barrier_wait(&shared->barrier);
  check_locked(shared);
  shared->self = uv_thread_self();
  uv_mutex_lock(&shared->mutex);
  shared->ran = uv_key_get(&shared->key) == NULL;
  shared->told = true;
  uv_cond_broadcast(&shared->cond);
  uv_mutex_unlock(&shared->mutex);
  uv_sem_post(&shared->sem);
}

static void wait_until_told(struct shared *shared) {
  uv_mutex_lock(&shared->mutex);
  while (!shared->told) uv_cond_wait(&shared->cond, &shared->mutex);
  CHECK(uv_cond_timedwait(&shared->cond, &shared->mutex, MS) == UV_ETIMEDOUT,
        "a condition that nobody signals came true");
  uv_mutex_unlock(&shared->mutex);
}

static int start_thread(struct shared *shared, bool has_stack) {
  uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES + 1};
  uv_thread_t thread, self = uv_thread_self();
  uv_rwlock_rdlock(&shared->lock);
  uv_mutex_lock(&shared->recursive);
  int result = has_stack ? uv_thread_create_ex(&thread, &options, run_thread, shared)
                         : uv_thread_create(&thread, run_thread, shared);
  CHECK(result == 0, "a thread cannot be made: %s", uv_err_name(result));
  uv_barrier_wait(&shared->barrier);
  wait_until_told(shared);
  uv_sem_wait(&shared->sem);
  result = uv_thread_join(&thread);
  CHECK(shared->ran, "a thread saw another thread's key");
  CHECK(uv_thread_equal(&shared->self, &thread) && !uv_thread_equal(&self, &thread),
        "threads are taken for each other");
  uv_mutex_unlock(&shared->recursive);
  uv_rwlock_rdunlock(&shared->lock);
  return result;
}

static int make_objects(struct shared *shared) {
  int result = uv_mutex_init(&shared->mutex);
  if (result == 0) result = uv_mutex_init_recursive(&shared->recursive);
  if (result == 0) result = uv_cond_init(&shared->cond);
  if (result == 0) result = uv_rwlock_init(&shared->lock);
  if (result == 0) result = uv_barrier_init(&shared->barrier, 2);
  if (result == 0) result = uv_sem_init(&shared->sem, 0);
  return result;
}

/* What needs no second thread. */
static void check_alone(struct shared *shared) {
  CHECK(uv_sem_trywait(&shared->sem) == UV_EAGAIN, "a semaphore of 0 can be taken");
  uv_sem_post(&shared->sem);
  CHECK(uv_sem_trywait(&shared->sem) == 0, "a semaphore of 1 cannot be taken");
  uv_mutex_lock(&shared->recursive);
  CHECK(uv_mutex_trylock(&shared->recursive) == 0, "a recursive mutex cannot be locked twice");
  uv_mutex_unlock(&shared->recursive);
  uv_mutex_unlock(&shared->recursive);
  CHECK(uv_rwlock_trywrlock(&shared->lock) == 0, "a free lock cannot be written");
  CHECK(uv_rwlock_tryrdlock(&shared->lock) == UV_EBUSY, "a lock that is written can be read");
  uv_rwlock_wrunlock(&shared->lock);
  uv_rwlock_wrlock(&shared->lock);
  uv_rwlock_wrunlock(&shared->lock);
  uv_cond_signal(&shared->cond);
}

static int use_threads(void *argument) {
  struct shared shared = {.ran = false};
  int result = uv_key_create(&shared.key);
  if (result) return result;
  uv_key_set(&shared.key, &shared);
  result = make_objects(&shared);
  CHECK(result == 0, "a lock cannot be made: %s", uv_err_name(result));
  check_alone(&shared);
  result = start_thread(&shared, *(bool *)argument);
  uv_sem_destroy(&shared.sem);
  uv_barrier_destroy(&shared.barrier);
  uv_rwlock_destroy(&shared.lock);
  uv_cond_destroy(&shared.cond);
  uv_mutex_destroy(&shared.recursive);
  uv_mutex_destroy(&shared.mutex);
  uv_key_delete(&shared.key);
  return result;
}

/* Step: whether the thread has a stack of a size. */
void op_threads(struct fuzz_step step) {
  bool has_stack = step.a & 1;
  world_try("threads", use_threads, &has_stack, 0);
}

static unsigned once_calls;

static void count_once(void) {
  once_calls++;
}

void op_once(struct fuzz_step step) {
  uv_once_t once = UV_ONCE_INIT;
  once_calls = 0;
  for (unsigned i = 0; i <= step.a % 3; i++) uv_once(&once, count_once);
  CHECK(once_calls == 1, "uv_once called %u times", once_calls);
  uv_sleep(0);
}
