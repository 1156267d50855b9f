/* SPDX-License-Identifier: MIT */
/* Files, folders and mounts; most of them left where the runs are isolated, for the command to clear away. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "hostile.h"

int leaves_folder(void) {
  if (chdir("/") != 0) return SCENE_BROKEN;
  return end_of_scene();
}

/* Its working directory is gone. */
int removes_folder(void) {
  const char *folder = file_of_own(".");
  if (mkdir(folder, 0700) != 0 || chdir(folder) != 0) return SCENE_BROKEN;
  char path[300];
  snprintf(path, sizeof path, "../%s", strrchr(folder, '/') + 1);
  if (rmdir(path) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

static const char *own_path(void) {
  static char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length < 0) _exit(SCENE_BROKEN);
  path[length] = '\0';
  return path;
}

/* Where the runs see another view of the files, for ever; else whoever comes next would miss it. */
int renames_itself(void) {
  char moved[4200], there[4096];
  strcpy(there, own_path());
  snprintf(moved, sizeof moved, "%s-moved", there);
  if (rename(there, moved) != 0) return NOT_HERE;
  int result = end_of_scene();
  return rename(moved, there) == 0 ? result : SCENE_BROKEN;
}

/* A copy of itself, which it makes, executes and removes. */
int removes_itself(void) {
  if (argument != NULL) return unlink(own_path()) == 0 ? end_of_scene() : SCENE_BROKEN;
  const char *copy = "copy-of-itself"; /* the same in all runs, as the names of its sites are */
  char buffer[65536];
  ssize_t got;
  int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  if (from < 0 || to < 0) return SCENE_BROKEN;
  while ((got = read(from, buffer, sizeof buffer)) > 0)
    if (write(to, buffer, (size_t)got) != got) return SCENE_BROKEN;
  close(to);
  execute(copy, "again");
  return SCENE_BROKEN;
}

/* Left when the allocation fails: names that no line and no terminal can hold. */
int odd_file_names(void) {
  static const char *const ends[] = {"-a\nb", "-\033[2J", "-\xff\xfe", "-'\"$(:)`:`", "- ", "-%s%n"};
  char path[400];
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    snprintf(path, sizeof path, "%s%s", file_of_own("."), ends[i]);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return SCENE_BROKEN;
    close(fd);
  }
  bool is_well = allocates();
  for (size_t i = 0; is_well && i < sizeof ends / sizeof *ends; i++) {
    snprintf(path, sizeof path, "%s%s", file_of_own("."), ends[i]);
    unlink(path);
  }
  return 0;
}

int many_files(void) {
  char path[300];
  for (int i = 0; i < 2000; i++) {
    snprintf(path, sizeof path, "%s-%d", file_of_own("/tmp"), i);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return SCENE_BROKEN;
    close(fd);
  }
  return end_of_scene();
}

/* Deeper than any path can name. */
int deep_folders(void) {
  char name[201];
  memset(name, 'd', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  if (mkdir(file_of_own("/tmp"), 0700) != 0 || chdir(file_of_own("/tmp")) != 0) return SCENE_BROKEN;
  for (int i = 0; i < 300; i++)
    if (mkdir(name, 0700) != 0 || chdir(name) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

int forbidden_folders(void) {
  char path[300];
  for (int i = 0; i < 5; i++) {
    snprintf(path, sizeof path, "%s-%d", file_of_own("/tmp"), i);
    if (mkdir(path, 0700) != 0) return SCENE_BROKEN;
    strcat(path, "/inner");
    if (mkdir(path, 0) != 0) return SCENE_BROKEN;
    *strrchr(path, '/') = '\0';
    if (chmod(path, 0) != 0) return SCENE_BROKEN;
  }
  return end_of_scene();
}

int special_files(void) {
  char path[300];
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(path, sizeof path, "%s-pipe", file_of_own("/tmp"));
  if (mkfifo(path, 0600) != 0) return SCENE_BROKEN;
  snprintf(path, sizeof path, "%s-link", file_of_own("/tmp"));
  if (symlink(path, path) != 0) return SCENE_BROKEN;
  snprintf(address.sun_path, sizeof address.sun_path, "%s-socket", file_of_own("/dev/shm"));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 1) != 0) return SCENE_BROKEN;
  return end_of_scene();
}

/* Below the folders that the command covers; seen by nobody outside. */
int mounts(void) {
  const char *folder = file_of_own("/tmp");
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return NOT_HERE;
  if (mkdir(folder, 0700) != 0) return SCENE_BROKEN;
  if (mount("hostile", folder, "tmpfs", 0, "size=64k") != 0) return NOT_HERE;
  if (chdir(folder) != 0) return SCENE_BROKEN;
  int result = end_of_scene();
  return chdir("/") == 0 && umount2(folder, MNT_DETACH) == 0 && rmdir(folder) == 0 ? result : SCENE_BROKEN;
}

/* The open file is the command's; so is its lock. */
int locks_files(void) {
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (flock(1, LOCK_EX | LOCK_NB) != 0) return SCENE_BROKEN;
  fcntl(1, F_SETLK, &whole);
  return end_of_scene();
}

/* Whichever it can reach. */
int changes_terminal(void) {
  struct termios settings;
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < 4; i++) {
    int terminal = i < 3 ? i : fd;
    if (tcgetattr(terminal, &settings) != 0) continue;
    cfmakeraw(&settings);
    tcsetattr(terminal, TCSANOW, &settings);
    ioctl(terminal, TIOCSTI, "x");
    tcsetpgrp(terminal, getpgrp());
  }
  return end_of_scene();
}

int no_umask(void) {
  umask(0777);
  return end_of_scene();
}

/* A folder that is its own parent, if links counted. */
int names_loop(void) {
  const char *folder = file_of_own("/tmp");
  char path[300];
  if (mkdir(folder, 0700) != 0) return SCENE_BROKEN;
  snprintf(path, sizeof path, "%s/again", folder);
  if (symlink(folder, path) != 0) return SCENE_BROKEN;
  return end_of_scene();
}
