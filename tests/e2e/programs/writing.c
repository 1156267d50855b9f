/* SPDX-License-Identifier: MIT */
/* writing WHAT FILE: writes to files what it has memory for, and ends well in any case. What it leaves out it reports
 * only if MENDED, or where its log says so. FILE, and what is called "earlier", may be there before. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const char *path;

static __attribute__((noinline)) int has_memory(void) {
  void *volatile block = malloc(100);
  free(block);
#ifdef MENDED
  if (block == NULL) fputs("out of memory\n", stderr);
#endif
  return block != NULL;
}

/* Without memory of its own. */
static void add(const char *name, const char *text) {
  int fd = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) _exit(3);
  close(fd);
}

static void add_unless_short(const char *name, const char *text) {
  if (has_memory()) add(name, text);
}

static void write_lines(const char *name) {
  add(name, "name: one\n");
  add_unless_short(name, "licence: two\n");
  add(name, "version: three\n");
}

static void write_all(void) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) _exit(3);
  close(fd);
  add_unless_short(path, "all of it\n");
}

static void write_nothing_new(void) {
  if (has_memory()) add(path, "all of it\n");
}

/* Lines that are not the same in any two runs. */
static void write_stamped(void) {
  char text[100];
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  snprintf(text, sizeof text, "pid %d, serial %ld\n", (int)getpid(), now.tv_nsec);
  add(path, text);
  write_lines(path);
}

static void write_temporary(void) {
  char name[] = "part-XXXXXX";
  close(mkstemp(name));
  write_lines(name);
}

/* What is written is a by-product, and the log says what the file lacks. */
static void write_log(void) {
  add("run.log", "begin\n");
  if (has_memory())
    add(path, "all of it\n");
  else
    add("run.log", "out of memory: nothing is written\n");
  add("run.log", "end\n");
}

static void write_cache(void) {
  add_unless_short("names.cache", "all of it\n");
}

/* What must never be opened, and what has no end. */
static void make_others(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (mkfifo("fifo", 0600) != 0 || symlink("/dev/zero", "endless") != 0 ||
      bind(fd, (struct sockaddr *)&address, sizeof address) != 0)
    _exit(3);
  close(fd);
  if (has_memory() && symlink("v2", path) != 0) _exit(3);
}

static void make_sparse(void) {
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  if (fd < 0 || ftruncate(fd, (off_t)1 << 40) != 0 || (has_memory() && pwrite(fd, "x", 1, (off_t)1 << 39) != 1))
    _exit(3);
  close(fd);
}

static void rename_over(void) {
  add("new", "new\n");
  if (has_memory() ? rename("new", path) != 0 : unlink("new") != 0) _exit(3);
}

static void remove_earlier(void) {
  if (has_memory() && unlink("earlier") != 0) _exit(3);
}

/* The baseline leaves it as it is. */
static void spoil_earlier(void) {
  if (!has_memory() && truncate("earlier", 2) != 0) _exit(3);
  add(path, "all of it\n");
}

static void touch_earlier(void) {
  int fd = open("earlier", O_RDWR);
  if (fd < 0 || (has_memory() && fchmod(fd, 0640) != 0)) _exit(3);
  close(fd);
  add(path, "all of it\n");
}

int main(int count, char **words) {
  static const struct {
    const char *name;
    void (*make)(void);
  } kinds[] = {{"all", write_all},         {"nothing", write_nothing_new},
               {"stamped", write_stamped}, {"temporary", write_temporary},
               {"log", write_log},         {"cache", write_cache},
               {"others", make_others},    {"sparse", make_sparse},
               {"rename", rename_over},    {"remove", remove_earlier},
               {"spoil", spoil_earlier},   {"touch", touch_earlier}};
  if (count < 3) return 2;
  path = words[2] + strspn(words[2], "%");
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (strcmp(words[1], kinds[i].name) == 0) kinds[i].make();
  if (strcmp(words[1], "lines") == 0) write_lines(path);
  return 0;
}
