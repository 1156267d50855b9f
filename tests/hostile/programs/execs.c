/* SPDX-License-Identifier: MIT */
/* Programs that become others. With a further argument, they have. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hostile.h"

#define SELF "/proc/self/exe"

/* An allocation before the exec, which is always careful. */
static bool has_block(void) {
  void *volatile block = malloc(8);
  free(block);
  return block != NULL;
}

int exec_self(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  execute(SELF, "again");
  return SCENE_BROKEN;
}

static const char *beside(const char *name) {
  static char path[4096];
  ssize_t length = readlink(SELF, path, sizeof path - 64);
  if (length <= 0) return "";
  path[length] = '\0';
  strcpy(strrchr(path, '/') + 1, name);
  return path;
}

/* Another file: tests/hostile/run.sh makes it. */
int exec_other(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  execute(beside("hostile-other"), "again");
  return SCENE_BROKEN;
}

/* By a name that no file has. */
int exec_other_name(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  arguments[0] = "another\nname\xff";
  execute(SELF, "again");
  return SCENE_BROKEN;
}

int exec_memory(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  struct stat status;
  int from = open(SELF, O_RDONLY | O_CLOEXEC), to = memfd_create("program", MFD_CLOEXEC);
  if (from < 0 || to < 0 || fstat(from, &status) != 0) return SCENE_BROKEN;
  while (sendfile(to, from, NULL, (size_t)status.st_size) > 0) continue;
  char *list[] = {arguments[0], (char *)behaviour_name, is_careless ? "careless" : "careful", "again", NULL};
  fexecve(to, list, environ);
  return SCENE_BROKEN;
}

/* The script's shell executes the program again. */
int exec_script(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  execute(beside("hostile-script"), "again");
  return SCENE_BROKEN;
}

/* With nothing in the environment: what comes then is not seen by the one who explores, who can but say so. */
int exec_bare(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  environ = (char *[]){NULL};
  execute(SELF, "again");
  return SCENE_BROKEN;
}

int exec_unloaded(void) {
  if (argument != NULL) return end_of_scene();
  if (!has_block()) return 1;
  unsetenv("LD_PRELOAD");
  execute(SELF, "again");
  return SCENE_BROKEN;
}

static void *execute_there(void *unused) {
  execute(SELF, "again");
  return unused;
}

/* The thread takes the number of the first, which is gone. */
int exec_thread(void) {
  pthread_t thread;
  if (argument != NULL) return end_of_scene();
  if (pthread_create(&thread, NULL, execute_there, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return SCENE_BROKEN;
}

int exec_chain(void) {
  static char next[] = "1";
  if (!allocates()) return 1;
  if (argument != NULL) next[0] = (char)(argument[0] + 1);
  if (next[0] == '6') return 0;
  execute(SELF, next);
  return SCENE_BROKEN;
}

int exec_missing(void) {
  execute("/no/such/program", "again");
  return end_of_scene();
}

static int execute_again(void) {
  execute(SELF, "again");
  return SCENE_BROKEN;
}

int exec_child(void) {
  if (argument != NULL) return end_of_scene();
  int status = await(child(execute_again));
  return status == 0 ? 0 : 1;
}

int exec_vfork(void) {
  if (argument != NULL) return end_of_scene();
  pid_t pid = vfork();
  if (pid == 0) {
    execute(SELF, "again");
    _exit(SCENE_BROKEN);
  }
  return await(pid) == 0 ? 0 : 1;
}

/* What the first has open, the second reads. */
int exec_inherits(void) {
  enum { THERE = 17 };
  int ends[2];
  char byte = 0;
  if (argument != NULL) {
    if (read(THERE, &byte, 1) != 1 || byte != 'x') return SCENE_BROKEN;
    close(THERE);
    return end_of_scene();
  }
  if (pipe2(ends, O_CLOEXEC) != 0 || write(ends[1], "x", 1) != 1 || dup2(ends[0], THERE) < 0) return SCENE_BROKEN;
  execute(SELF, "again");
  return SCENE_BROKEN;
}

/* With an environment of 200 KiB. */
int exec_large(void) {
  static char large[2][100 << 10];
  if (argument != NULL) return end_of_scene();
  for (int i = 0; i < 2; i++) {
    memset(large[i], 'x', sizeof large[i] - 1);
    memcpy(large[i], i == 0 ? "HOSTILE_A=" : "HOSTILE_B=", 10);
    if (putenv(large[i]) != 0) return 1;
  }
  execute(SELF, "again");
  return SCENE_BROKEN;
}
