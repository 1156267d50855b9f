/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

/* Whoever has this many findings has work enough. */
#define KNOWN_MAX 4096

static uint64_t sites[KNOWN_MAX];
static uint32_t site_count;
static char path[NOMEM_PLAN_BYTES];

/* The value of 16 hexadecimal digits; 0 when there are none. */
static uint64_t site_at(const char *text) {
  uint64_t site = 0;
  for (unsigned i = 0; i < 16; i++) {
    const char *digits = "0123456789abcdef", *digit = text[i] == '\0' ? NULL : strchr(digits, text[i]);
    if (digit == NULL) return 0;
    site = site << 4 | (uint64_t)(digit - digits);
  }
  return site;
}

/* Takes ":N" off the path. */
static uint32_t split_count(void) {
  char *colon = strrchr(path, ':');
  uint32_t count = 0;
  if (colon == NULL || colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1)) return KNOWN_MAX;
  for (const char *at = colon + 1; *at != '\0' && count < KNOWN_MAX; at++) count = count * 10 + (uint32_t)(*at - '0');
  *colon = '\0';
  return count < KNOWN_MAX ? count : KNOWN_MAX;
}

/* Reads byte by byte: the file is small, and is read once. */
int nomem__known_sites_read(const char *name) {
  char line[17] = {0}, byte;
  size_t length = 0;
  site_count = 0;
  if (strlen(name) >= sizeof path) return -EINVAL;
  memcpy(path, name, strlen(name) + 1);
  uint32_t wanted = split_count();
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  int result = 0;
  while (fd >= 0 && result == 0 && site_count < wanted && syscall(SYS_read, fd, &byte, 1) == 1) {
    if (byte != '\n') {
      if (length < 16) line[length] = byte;
      length++;
      continue;
    }
    if (length > 0) {
      sites[site_count] = length >= 16 ? site_at(line) : 0;
      if (sites[site_count++] == 0) result = -EINVAL;
    }
    length = 0;
  }
  if (fd >= 0) syscall(SYS_close, fd);
  return result;
}

bool nomem__is_known_site(uint64_t site) {
  for (uint32_t i = 0; i < site_count; i++)
    if (sites[i] == site) return true;
  return false;
}

const char *nomem__known_sites_setting(void) {
  static struct nomem_text text;
  text.length = 0;
  text.bytes[0] = '\0';
  if (site_count == 0) return text.bytes;
  nomem__text_add(&text, path);
  nomem__text_add(&text, ":");
  nomem__text_number(&text, site_count);
  return text.bytes;
}

/* One write appends the line, because other jobs of the campaign add to the file, too. */
bool nomem__known_sites_add(uint64_t site, const char *remark) {
  static struct nomem_text text;
  if (path[0] == '\0') return false;
  if (nomem__is_known_site(site)) return true;
  nomem__known_sites_note(site);
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return false;
  nomem__text_hex(&text, site);
  nomem__text_add(&text, " ");
  nomem__text_add(&text, remark);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, fd);
  syscall(SYS_close, fd);
  return true;
}

void nomem__known_sites_note(uint64_t site) {
  if (path[0] != '\0' && !nomem__is_known_site(site) && site_count < KNOWN_MAX) sites[site_count++] = site;
}

void nomem__known_sites_say(void) {
  static struct nomem_text text;
  if (site_count == 0) return;
  nomem__text_add(&text, "nomem: left alone: ");
  nomem__text_number(&text, site_count);
  nomem__text_add(&text, site_count == 1 ? " call that is known from " : " calls that are known from ");
  nomem__text_add(&text, path);
  nomem__text_add(&text, "\n");
  nomem__text_flush(&text, STDERR_FILENO);
}
