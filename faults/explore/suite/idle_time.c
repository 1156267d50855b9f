/* SPDX-License-Identifier: MIT */
#include "idle_time.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* Of all processors together: less tells nothing. A tick mostly is ten milliseconds. */
#define LEAST_TICKS 20
#define LINE_BYTES 256

int nomem__idle_time_of(struct nomem__idle_time *time, const char *line) {
  uint64_t user, nice, system, idle, waiting, interrupts, soft_interrupts, stolen;
  int count =
      sscanf(line, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
             &user, &nice, &system, &idle, &waiting, &interrupts, &soft_interrupts, &stolen);
  if (count != 8) return -1;
  struct nomem__idle_time now = {.idle = idle + waiting,
                                 .all = user + nice + system + idle + waiting + interrupts + soft_interrupts + stolen};
  if (time->all == 0) *time = now;
  uint64_t passed = now.all - time->all;
  uint64_t idled = now.idle > time->idle ? now.idle - time->idle : 0; /* what is counted as waiting may become less */
  if (passed < LEAST_TICKS) return -1;
  *time = now;
  return idled < passed ? (int)(idled * 100 / passed) : 100;
}

int nomem__idle_time_look(struct nomem__idle_time *time) {
  char line[LINE_BYTES] = "";
  int fd = open("/proc/stat", O_RDONLY | O_CLOEXEC);
  ssize_t length = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
  if (fd >= 0) close(fd);
  line[length > 0 ? length : 0] = '\0';
  return nomem__idle_time_of(time, line);
}
