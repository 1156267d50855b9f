/* SPDX-License-Identifier: MIT */
/* Substitutes for the functions of the C library that the injector needs; the build has it call these instead. A
 * sanitizer's run-time intercepts the originals: it would inspect every byte, report what the injector does as the
 * program's doing, and it is not ready yet when the first allocation comes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PLAIN(name) nomem__plain_##name

void *PLAIN(memcpy)(void *to, const void *from, size_t bytes);
void *PLAIN(memset)(void *to, int byte, size_t bytes);
int PLAIN(memcmp)(const void *left, const void *right, size_t bytes);
size_t PLAIN(strlen)(const char *text);
size_t PLAIN(strnlen)(const char *text, size_t most);
int PLAIN(strncmp)(const char *left, const char *right, size_t most);
char *PLAIN(strchr)(const char *text, int wanted);
char *PLAIN(strrchr)(const char *text, int wanted);
size_t PLAIN(strcspn)(const char *text, const char *stops);
void *PLAIN(mmap)(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int PLAIN(munmap)(void *address, size_t bytes);
int PLAIN(madvise)(void *address, size_t bytes, int advice);
int PLAIN(stat)(const char *path, struct stat *status);
int PLAIN(fstat)(int fd, struct stat *status);
int PLAIN(fcntl)(int fd, int command, ...);
int PLAIN(dup2)(int from, int to);
off_t PLAIN(lseek)(int fd, off_t offset, int whence);
ssize_t PLAIN(readlink)(const char *path, char *target, size_t bytes);
char *PLAIN(getcwd)(char *path, size_t bytes);
ssize_t PLAIN(write)(int fd, const void *bytes, size_t count);
int PLAIN(prctl)(int option, ...);
_Noreturn void PLAIN(_exit)(int status);

/* Uses the string instructions: the compiler would turn loops into calls of memcpy and memset. */
void *PLAIN(memcpy)(void *to, const void *from, size_t bytes) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
  return to;
}

void *PLAIN(memset)(void *to, int byte, size_t bytes) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(byte) : "memory");
  return to;
}

int PLAIN(memcmp)(const void *left, const void *right, size_t bytes) {
  const unsigned char *a = left, *b = right;
  for (size_t i = 0; i < bytes; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

size_t PLAIN(strnlen)(const char *text, size_t most) {
  size_t length = 0;
  while (length < most && text[length] != '\0') {
    length++;
    __asm__ volatile("");
  }
  return length;
}

size_t PLAIN(strlen)(const char *text) {
  return PLAIN(strnlen)(text, SIZE_MAX);
}

int PLAIN(strncmp)(const char *left, const char *right, size_t most) {
  for (size_t i = 0; i < most; i++) {
    if (left[i] != right[i]) return (unsigned char)left[i] < (unsigned char)right[i] ? -1 : 1;
    if (left[i] == '\0') break;
  }
  return 0;
}

char *PLAIN(strchr)(const char *text, int wanted) {
  for (;; text++) {
    if (*text == (char)wanted) return (char *)(uintptr_t)text;
    if (*text == '\0') return NULL;
  }
}

char *PLAIN(strrchr)(const char *text, int wanted) {
  const char *last = NULL;
  for (;; text++) {
    if (*text == (char)wanted) last = text;
    if (*text == '\0') return (char *)(uintptr_t)last;
  }
}

size_t PLAIN(strcspn)(const char *text, const char *stops) {
  size_t length = 0;
  while (text[length] != '\0' && PLAIN(strchr)(stops, text[length]) == NULL) length++;
  return length;
}

/* No sanitizer intercepts syscall, and it sets errno as its callers expect. */
void *PLAIN(mmap)(void *address, size_t bytes, int protection, int flags, int fd, off_t offset) {
  return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

int PLAIN(munmap)(void *address, size_t bytes) {
  return (int)syscall(SYS_munmap, address, bytes);
}

int PLAIN(madvise)(void *address, size_t bytes, int advice) {
  return (int)syscall(SYS_madvise, address, bytes, advice);
}

int PLAIN(stat)(const char *path, struct stat *status) {
  return (int)syscall(SYS_newfstatat, AT_FDCWD, path, status, 0);
}

int PLAIN(fstat)(int fd, struct stat *status) {
  return (int)syscall(SYS_newfstatat, fd, "", status, AT_EMPTY_PATH);
}

int PLAIN(fcntl)(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  long argument = va_arg(arguments, long);
  va_end(arguments);
  return (int)syscall(SYS_fcntl, fd, command, argument);
}

int PLAIN(dup2)(int from, int to) {
  return (int)syscall(SYS_dup2, from, to);
}

off_t PLAIN(lseek)(int fd, off_t offset, int whence) {
  return syscall(SYS_lseek, fd, offset, whence);
}

ssize_t PLAIN(readlink)(const char *path, char *target, size_t bytes) {
  return syscall(SYS_readlink, path, target, bytes);
}

char *PLAIN(getcwd)(char *path, size_t bytes) {
  return syscall(SYS_getcwd, path, bytes) < 0 ? NULL : path;
}

ssize_t PLAIN(write)(int fd, const void *bytes, size_t count) {
  return syscall(SYS_write, fd, bytes, count);
}

int PLAIN(prctl)(int option, ...) {
  va_list arguments;
  va_start(arguments, option);
  unsigned long given[4];
  for (int i = 0; i < 4; i++) given[i] = va_arg(arguments, unsigned long);
  va_end(arguments);
  return (int)syscall(SYS_prctl, option, given[0], given[1], given[2], given[3]);
}

void PLAIN(_exit)(int status) {
  for (;;) syscall(SYS_exit_group, status);
}
