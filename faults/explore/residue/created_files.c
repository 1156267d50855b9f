/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "created_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../text/quote.h"

#define FOLDERS_DEEP 64
/* Two names that differ in so few letters, other than digits, are two names. Those that mkstemp makes differ in six, of
 * which one or two may be the same by chance. */
#define VARYING_LEAST 4
/* As many letters as mkstemp replaces. */
#define TEMPLATE_LETTERS 6

/* Where the upper layers are read. */
struct reader {
  struct nomem__created_files *made;
  char path[NOMEM__CREATED_PATH_BYTES]; /* of what is being looked at, as the program has it */
  size_t room;
};

static int add(struct reader *reader, mode_t type) {
  struct nomem__created_files *made = reader->made;
  if (made->count == NOMEM__MADE_MAX) return -E2BIG;
  if (made->count == reader->room) {
    size_t room = reader->room == 0 ? 8 : reader->room * 2;
    struct nomem__created_file *grown = realloc(made->list, room * sizeof *grown);
    if (grown == NULL) return -ENOMEM;
    made->list = grown;
    reader->room = room;
  }
  struct nomem__created_file *file = &made->list[made->count];
  *file = (struct nomem__created_file){strdup(reader->path), type};
  if (file->path == NULL) return -ENOMEM;
  made->count++;
  return 0;
}

/* A character device without numbers stands for what was removed. */
static bool is_whiteout(const struct stat *status) {
  return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

static int read_folder(struct reader *reader, size_t length, int parent, const char *name, unsigned depth);

/* An entry of a folder, whose path ends at length. */
static int read_entry(struct reader *reader, size_t length, int folder, const char *name, unsigned depth) {
  struct stat status, below;
  size_t end = length + 1 + strlen(name);
  if (end >= sizeof reader->path || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  if (is_whiteout(&status)) return 0;
  reader->path[length] = '/';
  memcpy(reader->path + length + 1, name, end - length);
  int result = lstat(reader->path, &below) != 0 && errno == ENOENT ? add(reader, status.st_mode & S_IFMT) : 0;
  return result == 0 && S_ISDIR(status.st_mode) ? read_folder(reader, end, folder, name, depth + 1) : result;
}

/* One that may not be read is taken for empty. */
static int read_folder(struct reader *reader, size_t length, int parent, const char *name, unsigned depth) {
  int fd = depth > FOLDERS_DEEP ? -1 : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL && fd >= 0) close(fd);
  int result = 0;
  const struct dirent *entry;
  while (folder != NULL && result == 0 && (entry = readdir(folder)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    result = read_entry(reader, length, fd, entry->d_name, depth);
    reader->path[length] = '\0';
  }
  if (folder != NULL) closedir(folder);
  return result;
}

static int by_path(const void *left, const void *right) {
  const struct nomem__created_file *a = left, *b = right;
  return strcmp(a->path, b->path);
}

int nomem__created_files_read(struct nomem__created_files *made, const struct nomem__view *view, int scratch) {
  struct reader reader = {.made = made};
  int result = 0;
  *made = (struct nomem__created_files){0};
  for (unsigned i = 0; i < view->root_count && result == 0; i++) {
    char name[NOMEM_VIEW_LAYER_BYTES];
    size_t length = strlen(view->roots[i].path);
    if (length >= sizeof reader.path) continue;
    memcpy(reader.path, view->roots[i].path, length + 1);
    result = read_folder(&reader, length, scratch, nomem__view_layer(i, name), 0);
  }
  if (result != 0) {
    nomem__created_files_free(made);
    return result;
  }
  if (made->count > 0) qsort(made->list, made->count, sizeof *made->list, by_path);
  made->is_known = true;
  return 0;
}

void nomem__created_files_free(struct nomem__created_files *made) {
  for (size_t i = 0; i < made->count; i++) free(made->list[i].path);
  free(made->list);
  *made = (struct nomem__created_files){0};
}

/* The length of the part of a path up to the next slash. */
static size_t part_length(const char *path) {
  return strcspn(path, "/");
}

static bool is_letter(char letter) {
  return isalnum((unsigned char)letter) || letter == '_' || letter == '-';
}

/* The part in which two names of the same length differ: from *from to before *to. */
static void differing(const char *one, const char *two, size_t length, size_t *from, size_t *to) {
  *from = 0;
  *to = length;
  while (*from < length && one[*from] == two[*from]) (*from)++;
  while (*to > *from && one[*to - 1] == two[*to - 1]) (*to)--;
}

/* Whether two names are the same but for numbers in them. */
static bool differ_in_numbers(const char *one, size_t one_length, const char *two, size_t two_length) {
  size_t i = 0, j = 0;
  while (i < one_length && j < two_length) {
    bool is_number = isdigit((unsigned char)one[i]) && isdigit((unsigned char)two[j]);
    if (!is_number && one[i] != two[j]) return false;
    i++, j++;
    while (is_number && i < one_length && isdigit((unsigned char)one[i])) i++;
    while (is_number && j < two_length && isdigit((unsigned char)two[j])) j++;
  }
  return i == one_length && j == two_length;
}

/* Whether a whole name is a part of a hash. */
static bool is_hash(const char *name, size_t length) {
  return length > 1 && strspn(name, "0123456789abcdef") >= length;
}

/* Whether a program may have given both names to the same thing: numbers of processes and times are others in each run,
 * and so are hashes of them, and the letters that mkstemp makes. */
static bool are_alike(const char *one, size_t one_length, const char *two, size_t two_length) {
  size_t from, to;
  if (differ_in_numbers(one, one_length, two, two_length)) return true;
  if (one_length != two_length) return false;
  if (is_hash(one, one_length) && is_hash(two, two_length)) return true;
  differing(one, two, one_length, &from, &to);
  if (to - from < VARYING_LEAST) return false;
  for (size_t i = from; i < to; i++)
    if (!is_letter(one[i]) || !is_letter(two[i])) return false;
  return true;
}

bool nomem__names_are_similar(const char *one, const char *two) {
  for (;;) {
    size_t one_length = part_length(one), two_length = part_length(two);
    if (!are_alike(one, one_length, two, two_length)) return false;
    if (one[one_length] != two[two_length]) return false;
    if (one[one_length] == '\0') return true;
    one += one_length + 1;
    two += two_length + 1;
  }
}

static bool has_path(const struct nomem__created_files *made, const char *path) {
  struct nomem__created_file key = {.path = (char *)path};
  return made->count > 0 && bsearch(&key, made->list, made->count, sizeof key, by_path) != NULL;
}

/* How many in here are like this path, and not in there by the same name. */
static size_t count_alike(const struct nomem__created_files *here, const char *path,
                          const struct nomem__created_files *there) {
  size_t count = 0;
  for (size_t i = 0; i < here->count; i++)
    count += nomem__names_are_similar(here->list[i].path, path) && !has_path(there, here->list[i].path);
  return count;
}

/* Whether there is something in there for this path of here's. */
static bool has_counterpart(const struct nomem__created_files *here, const char *path,
                            const struct nomem__created_files *there) {
  return has_path(there, path) || count_alike(here, path, there) <= count_alike(there, path, here);
}

static bool is_in(const char *path, const char *folder, size_t length) {
  return strncmp(path, folder, length) == 0 && path[length] == '/' && strchr(path + length + 1, '/') == NULL;
}

static size_t count_in(const struct nomem__created_files *made, const char *folder, size_t length) {
  size_t count = 0;
  for (size_t i = 0; i < made->count; i++) count += is_in(made->list[i].path, folder, length);
  return count;
}

/* Whether two runs that should be the same give names in this folder that have nothing to do with each other. */
static bool is_unstable(const struct nomem__created_files *one, const struct nomem__created_files *two,
                        const char *folder, size_t length) {
  for (size_t i = 0; i < one->count; i++)
    if (is_in(one->list[i].path, folder, length) && !has_counterpart(one, one->list[i].path, two)) return true;
  return false;
}

/* Whether there are more in the folder than either of the others has: all there is to say where names tell nothing. */
static bool is_one_too_many(const struct nomem__created_files *here, const char *path,
                            const struct nomem__created_files *one, const struct nomem__created_files *two) {
  size_t length = (size_t)(strrchr(path, '/') - path), count = count_in(here, path, length);
  bool is_open = is_unstable(one, two, path, length) || is_unstable(two, one, path, length);
  return !is_open || (count > count_in(one, path, length) && count > count_in(two, path, length));
}

/* What is left on purpose, most likely: a log is to be read, a cache is there for the next time. */
static bool is_meant(const char *path) {
  static const char *const ends[] = {".gcda", ".profraw", ".core", ".log"};
  const char *name = strrchr(path, '/') + 1;
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    size_t end = strlen(ends[i]);
    if (length > end && strcmp(name + length - end, ends[i]) == 0) return true;
  }
  bool is_core = strcmp(name, "core") == 0 || strncmp(name, "core.", strlen("core.")) == 0;
  return is_core || strcmp(name, ".cache") == 0 || strstr(path, "/.cache/") != NULL;
}

const struct nomem__created_file *nomem__created_files_more(const struct nomem__created_files *here,
                                                            const struct nomem__created_files *one,
                                                            const struct nomem__created_files *two) {
  if (!here->is_known || !one->is_known || !two->is_known) return NULL;
  for (size_t i = 0; i < here->count; i++) {
    const char *path = here->list[i].path;
    if (!has_counterpart(here, path, one) && !has_counterpart(here, path, two) && !is_meant(path) &&
        is_one_too_many(here, path, one, two))
      return &here->list[i];
  }
  return NULL;
}

static const char *kind_of(const struct nomem__created_file *file) {
  static const char memory[] = "/dev/shm/";
  switch (file->type) {
    case S_IFDIR:
      return "a folder";
    case S_IFSOCK:
      return "a socket";
    case S_IFIFO:
      return "a FIFO";
    case S_IFLNK:
      return "a symbolic link";
    default:
      return strncmp(file->path, memory, strlen(memory)) == 0 ? "shared memory" : "a file";
  }
}

/* Puts a part of a path, with an asterisk for what the other one has otherwise: for all the letters that mkstemp made,
 * though some may be the same by chance. */
static size_t put_part(char *text, const char *part, size_t length, const char *other, size_t other_length) {
  size_t from = 0, to = length;
  if (length == other_length) {
    differing(part, other, length, &from, &to);
  } else {
    size_t other_to = other_length;
    while (from < length && from < other_length && part[from] == other[from]) from++;
    while (to > from && other_to > from && part[to - 1] == other[other_to - 1]) to--, other_to--;
  }
  if (from == length && length == other_length) {
    memcpy(text, part, length);
    return length;
  }
  bool is_number = differ_in_numbers(part, length, other, other_length);
  while (to < length && (is_number ? isdigit((unsigned char)part[to]) : is_letter(part[to])) != 0) to++;
  while (from > 0 && (is_number ? isdigit((unsigned char)part[from - 1]) != 0
                                : to - from < TEMPLATE_LETTERS && is_letter(part[from - 1])))
    from--;
  memcpy(text, part, from);
  text[from] = '*';
  memcpy(text + from + 1, part + to, length - to);
  return from + 1 + length - to;
}

void nomem__created_files_describe(const struct nomem__created_file *file, const char *other, char *text,
                                   size_t text_bytes) {
  char shown[NOMEM__CREATED_PATH_BYTES + FOLDERS_DEEP], quoted[NOMEM_QUOTE_BYTES];
  const char *path = file->path;
  size_t at = 0;
  bool is_pair = other != NULL && nomem__names_are_similar(path, other);
  while (is_pair && at + strlen(path) + 2 < sizeof shown) { /* a part may become longer by one */
    size_t length = part_length(path), other_length = part_length(other);
    at += put_part(shown + at, path, length, other, other_length);
    shown[at] = path[length];
    if (path[length] == '\0') break;
    at++;
    path += length + 1;
    other += other_length + 1;
  }
  if (!is_pair || path[part_length(path)] != '\0') snprintf(shown, sizeof shown, "%s", file->path);
  snprintf(text, text_bytes, "%s was left: %s", kind_of(file), nomem__quote(shown, quoted, sizeof quoted));
}

static uint64_t mix(uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * UINT64_C(0x100000001b3);
}

uint64_t nomem__created_files_hash(const struct nomem__created_file *file, const char *other) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  const char *path = file->path;
  if (other == NULL || !nomem__names_are_similar(path, other)) other = path;
  for (;;) {
    size_t length = part_length(path), other_length = part_length(other);
    bool is_same = length == other_length && memcmp(path, other, length) == 0;
    bool is_number = !is_same && differ_in_numbers(path, length, other, other_length);
    for (size_t i = 0; i < length && (is_same || is_number); i++)
      if (!is_number || !isdigit((unsigned char)path[i])) hash = mix(hash, (unsigned char)path[i]);
    if (!is_same && !is_number) hash = mix(hash, (unsigned char)length);
    hash = mix(hash, '/');
    if (path[length] == '\0') break;
    path += length + 1;
    other += other_length + 1;
  }
  return hash | 1;
}
