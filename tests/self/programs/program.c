/* SPDX-License-Identifier: MIT */
/* What the command explores while its own allocations fail: little, but with findings of several kinds. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void careful(void) {
  char *block = malloc(100);
  if (block == NULL) return;
  memset(block, 0, 100);
  free(block);
}

static void careless(void) {
  char *volatile block = malloc(200);
  block[0] = 'x';
  free(block);
}

static void loses(void) {
  char *first = malloc(300), *second = malloc(400);
  if (second == NULL) return; /* and the first is lost */
  free(first);
  free(second);
}

static void waits(void) {
  char *block = malloc(500);
  while (block == NULL) pause();
  free(block);
}

/* A file and a descriptor are left when there is no memory. */
static void leaves(void) {
  int file = open("left", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  char *block = malloc(600);
  if (block == NULL) return;
  close(file);
  unlink("left");
  free(block);
}

static void forks(void) {
  pid_t child = fork();
  if (child == 0) {
    careful();
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void misuses(void) {
  char *volatile block = malloc(800), *volatile other = malloc(900);
  free(block);
  if (other == NULL) block[0] = 'x';
  free(other);
}

static void swallows(void) {
  char *block = malloc(1000);
  if (block != NULL) puts("all of it");
  free(block);
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "";
  careful();
  if (strcmp(mode, "--hang") == 0) {
    waits();
  } else if (strcmp(mode, "--kinds") == 0) {
    leaves();
    forks();
    misuses();
    swallows();
  } else {
    careless();
    loses();
  }
  return 0;
}
