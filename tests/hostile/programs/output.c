/* SPDX-License-Identifier: MIT */
/* What a program writes, and what it does to where it writes: a file that the command reads. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hostile.h"

#define MIB (1 << 20)
#define FLOOD_MIB 200

/* Status 1, as any other that gives up, when nobody stops it. */
static int pour(int fd) {
  static char text[MIB];
  memset(text, 'x', sizeof text);
  for (int i = 0; i < FLOOD_MIB; i++)
    if (write(fd, text, sizeof text) < 0) return SCENE_BROKEN;
  return 1;
}

int flood(void) {
  return allocates() ? 0 : pour(1);
}

int flood_always(void) {
  pour(1);
  return end_of_scene();
}

int flood_errors(void) {
  return allocates() ? 0 : pour(2);
}

static int pour_out(void) {
  return pour(1);
}

/* And by then the program has ended. */
int flood_child(void) {
  if (allocates()) return 0;
  child(pour_out);
  return 1;
}

/* 4 TiB that take no room. */
static bool stretch(int fd) {
  return ftruncate(fd, (off_t)1 << 42) == 0;
}

int sparse(void) {
  if (allocates()) return 0;
  if (!stretch(1)) return SCENE_BROKEN;
  abort();
}

int sparse_always(void) {
  if (!stretch(1)) return NOT_HERE;
  return end_of_scene();
}

int sparse_errors(void) {
  if (allocates()) return 0;
  return stretch(2) ? 1 : SCENE_BROKEN;
}

int sparse_seek(void) {
  if (allocates()) return 0;
  if (lseek(1, (off_t)1 << 41, SEEK_SET) < 0 || write(1, "far", 3) != 3) return SCENE_BROKEN;
  return 1;
}

/* What a terminal would obey, and what is no text. */
int odd_text(void) {
  static const char text[] =
      "\033[31m\033]0;title\007\r\b\0\xff\xfe\xc3\x28\xed\xa0\x80\xe2\x80\xae\xc2\x9b"
      "2J\n\x7f\n<script>&\"']]>\n";
  bool is_well = allocates();
  if (is_well) return 0;
  if (write(1, text, sizeof text) < 0 || write(2, text, sizeof text) < 0) return SCENE_BROKEN;
  return 1;
}

int long_line(void) {
  enum { BYTES = 8 * MIB };
  char *text = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (text == MAP_FAILED) return 1;
  memset(text, 0x80, BYTES);
  if (allocates()) return 0;
  return write(2, text, BYTES) < 0 ? SCENE_BROKEN : 1;
}

int closes_all(void) {
  syscall(SYS_close_range, 0, ~0U, 0);
  return end_of_scene();
}

int closes_output(void) {
  close(1);
  close(2);
  return end_of_scene();
}

/* Other files in their places, up to those that nobody has open. */
int replaces_output(void) {
  int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 64; i++)
    if (i != fd && dup2(fd, i) < 0) return SCENE_BROKEN;
  return end_of_scene();
}

int shrinks_output(void) {
  for (int i = 0; i < 5; i++)
    if (write(1, "there and gone\n", 15) != 15 || ftruncate(1, 0) != 0) return NOT_HERE;
  return end_of_scene();
}

/* Flags of the open file, which the next run has, too, unless somebody minds. */
int output_flags(void) {
  int flags = fcntl(1, F_GETFL);
  if ((flags & O_NONBLOCK) != 0) return SCENE_BROKEN;
  fcntl(1, F_SETFL, flags | O_APPEND | O_NONBLOCK);
  if (write(1, "text\n", 5) != 5) return SCENE_BROKEN;
  return end_of_scene();
}

/* A memory file can be closed to writing, for all who have it. */
int seals_output(void) {
  fcntl(1, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  fcntl(2, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  return end_of_scene();
}

/* What is written after the run has ended, in a way. */
int maps_output(void) {
  int fd = open("/proc/self/fd/1", O_RDWR | O_CLOEXEC);
  if (fd < 0 || ftruncate(fd, 4096) != 0) return NOT_HERE;
  char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (memory == MAP_FAILED) return NOT_HERE;
  memset(memory, 'm', 4096);
  return end_of_scene();
}

int reads_input(void) {
  char byte;
  for (int i = 0; i < 3; i++)
    if (read(0, &byte, 1) != 0) return SCENE_BROKEN;
  return end_of_scene();
}
