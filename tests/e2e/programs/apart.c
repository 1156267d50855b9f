/* SPDX-License-Identifier: MIT */
/* apart WHAT: takes what two runs at a time, or one after the other, cannot both have, and leaves it behind. Aborts
 * when it is taken, or is not as it must be. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "nomem-apart-of-the-tests"
#define PORT 47113
/* Long enough for another run to come into its way. */
#define HOLD_US 30000

#define MUST(condition) ((condition) ? (void)0 : broken(#condition))

static _Noreturn void broken(const char *condition) {
  fprintf(stderr, "apart: not so: %s: %m\n", condition);
  abort();
}

/* Copes with every failure. */
static void allocate(void) {
  free(malloc(100));
  free(malloc(200));
  free(malloc(300));
  free(malloc(400));
}

/* The side that closes first keeps the port for a minute, where connections linger. */
static void port(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
  MUST(listener >= 0 && client >= 0);
  MUST(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0);
  MUST(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  int server = accept(listener, NULL, NULL);
  MUST(server >= 0);
  allocate();
  usleep(HOLD_US);
  close(server);
  close(client);
}

static void take(const char *folder) {
  char path[4096];
  snprintf(path, sizeof path, "%s/" NAME, folder);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  MUST(fd >= 0 && write(fd, "taken", 5) == 5);
  close(fd);
}

static void files(void) {
  take("/tmp");
  take("/var/tmp");
  take(".");
  take(getenv("HOME"));
  MUST(mkdir("made", 0700) == 0);
  take("made");
  MUST(shm_open("/" NAME, O_RDWR | O_CREAT | O_EXCL, 0600) >= 0);
  allocate();
  usleep(HOLD_US);
}

static void ipc(void) {
  MUST(semget(0x4e4f4d4d, 1, IPC_CREAT | IPC_EXCL | 0600) >= 0);
  allocate();
}

static void expect(const char *path, const char *text) {
  char seen[64] = "";
  int fd = open(path, O_RDONLY);
  MUST(fd >= 0 && read(fd, seen, sizeof seen - 1) >= 0);
  close(fd);
  MUST(strcmp(seen, text) == 0);
}

/* What was there before is there, and can be changed. */
static void change(void) {
  expect("there/file", "old");
  allocate();
  int fd = open("there/file", O_WRONLY | O_APPEND);
  MUST(fd >= 0 && write(fd, "new", 3) == 3);
  close(fd);
  expect("there/file", "oldnew");
  MUST(rename("there/file", "moved") == 0);
  MUST(rmdir("there") == 0);
  expect("moved", "oldnew");
  MUST(unlink("moved") == 0);
}

/* Where a file system is mounted below the folder: all of it is there, new files are the run's own, and a file that
 * lies in the folder itself stays as it is. */
static void divided(void) {
  expect("mounted/file", "old");
  expect("kept", "old");
  MUST(open("kept", O_WRONLY | O_TRUNC) < 0 && unlink("kept") != 0);
  MUST(access("link", R_OK) == 0);
  expect("there/file", "old");
  int fd = open("there/file", O_WRONLY | O_TRUNC);
  MUST(fd >= 0 && write(fd, "new", 3) == 3);
  close(fd);
  take(".");
  take("/tmp");
  allocate();
  usleep(HOLD_US);
}

/* The user is himself, and has no more rights than before. */
static void user(void) {
  char line[256], uid[32];
  unsigned long long rights = 0;
  FILE *status = fopen("/proc/self/status", "r");
  while (status != NULL && fgets(line, sizeof line, status) != NULL) sscanf(line, "CapEff: %llx", &rights);
  if (status != NULL) fclose(status);
  snprintf(uid, sizeof uid, "%d:%d", (int)getuid(), (int)getgid());
  struct stat home;
  MUST(strcmp(uid, getenv("APART_USER")) == 0);
  MUST(stat(getenv("HOME"), &home) == 0 && home.st_uid == getuid());
  MUST(getuid() == 0 || rights == 0);
  allocate();
  MUST(getuid() == 0 || open("/etc/passwd", O_WRONLY) < 0);
}

static void hang(void) {
  take(".");
  void *block = malloc(100);
  while (block == NULL) pause();
  free(block);
}

/* Needs a network, and crashes where it has one and no memory. */
static void outside(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
  inet_pton(AF_INET, "192.0.2.1", &address.sin_addr); /* one of those for documentation; nothing is sent */
  if (connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&address, sizeof address) != 0) exit(1);
  *(volatile char *)malloc(100) = 'x';
}

/* What isolation does not keep apart. */
static void lock(void) {
  static const char path[] = "/run/" NAME;
  MUST(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0);
  usleep(HOLD_US);
  allocate();
  unlink(path);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*function)(void);
  } all[] = {{"port", port}, {"files", files},     {"ipc", ipc},   {"change", change},  {"user", user},
             {"hang", hang}, {"outside", outside}, {"lock", lock}, {"divided", divided}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (argc == 2 && strcmp(argv[1], all[i].name) == 0) {
      all[i].function();
      return 0;
    }
  return 2;
}
