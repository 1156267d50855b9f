/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "created_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "../isolation/vfork_process.h"
#include "../text/grow.h"
#include "../text/memory.h"
#include "../text/quote.h"
#include "../text/varying_names.h"
#include "by_products.h"

#define FOLDERS_DEEP 64
/* A run that has touched more files and folders than that is not looked at: they are read at one go. */
#define ENTRIES_MAX 8192

/* Where the upper layers are read. */
struct reader {
  struct nomem__created_files *made;
  struct nomem__written_files *written; /* NULL: it is not asked for */
  unsigned entries;
  char path[NOMEM__CREATED_PATH_BYTES]; /* of what is being looked at, as the program has it */
  size_t room;
};

static int add(struct reader *reader, mode_t type) {
  struct nomem__created_files *made = reader->made;
  if (made->count == NOMEM__CREATED_FILES_MAX) return -E2BIG;
  struct nomem__created_file *list = nomem__grow(made->list, made->count, &reader->room, sizeof *list);
  made->list = list;
  struct nomem__created_file *file = &made->list[made->count];
  *file = (struct nomem__created_file){nomem__strdup(reader->path), type};
  made->count++;
  return 0;
}

/* A character device without numbers stands for what was removed. */
static bool is_whiteout(const struct stat *status) {
  return S_ISCHR(status->st_mode) && status->st_rdev == makedev(0, 0);
}

static int read_folder(struct reader *reader, size_t length, int parent, const char *name, unsigned depth);

/* Files that are too many to be compared are listed all the same. */
static void note_written(struct reader *reader, const struct nomem__written_entry *entry) {
  if (reader->written == NULL || nomem__written_files_note(reader->written, entry) == 0) return;
  nomem__written_files_free(reader->written);
  reader->written = NULL;
}

/* An entry of a folder, whose path ends at length. */
static int read_entry(struct reader *reader, size_t length, int folder, const char *name, unsigned depth) {
  struct stat status, below;
  size_t end = length + 1 + strlen(name);
  if (reader->entries++ == ENTRIES_MAX) return -E2BIG;
  if (end >= sizeof reader->path || fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  reader->path[length] = '/';
  memcpy(reader->path + length + 1, name, end - length);
  bool is_removed = is_whiteout(&status), is_there = lstat(reader->path, &below) == 0;
  bool is_new = !is_removed && !is_there && (errno == ENOENT || errno == ENOTDIR);
  int result = is_new ? add(reader, status.st_mode & S_IFMT) : 0;
  /* The folders on the way to what was changed are there, too. */
  bool is_way = is_there && S_ISDIR(below.st_mode) && S_ISDIR(status.st_mode);
  if (!is_new && !is_way) reader->made->has_changed_others = true;
  const struct nomem__written_entry entry = {folder, name, reader->path, &status, is_there ? &below : NULL, is_removed};
  if (is_new || (is_there && !is_way)) note_written(reader, &entry);
  return result == 0 && S_ISDIR(status.st_mode) ? read_folder(reader, end, folder, name, depth + 1) : result;
}

/* One that may not be read is taken for empty. */
static int read_folder(struct reader *reader, size_t length, int parent, const char *name, unsigned depth) {
  int fd = depth > FOLDERS_DEEP ? -1 : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : nomem__checked(fdopendir(fd));
  if (folder == NULL && fd >= 0) close(fd);
  int result = 0;
  const struct dirent *entry;
  while (folder != NULL && result == 0 && (entry = readdir(folder)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    result = read_entry(reader, length, fd, entry->d_name, depth);
  }
  if (folder != NULL) closedir(folder);
  return result;
}

static int by_path(const void *left, const void *right) {
  const struct nomem__created_file *a = left, *b = right;
  return strcmp(a->path, b->path);
}

int nomem__created_files_read(struct nomem__created_files *made, struct nomem__written_files *written,
                              const struct nomem__view *view, int scratch) {
  struct reader reader = {.made = made, .written = written};
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
    if (reader.written != NULL) nomem__written_files_free(reader.written);
    return result;
  }
  if (reader.written != NULL) nomem__written_files_finish(reader.written);
  if (made->count > 0) qsort(made->list, made->count, sizeof *made->list, by_path);
  made->is_known = true;
  return 0;
}

void nomem__created_files_list_fresh(struct nomem__created_files *files, struct nomem__written_files *written,
                                     const struct nomem__sandbox *sandbox, int scratch_socket) {
  int scratch = nomem__sandbox_receive_scratch(scratch_socket);
  if (scratch < 0) return;
  nomem__created_files_read(files, written, nomem__sandbox_view(sandbox), scratch);
  close(scratch);
}

struct removal {
  const struct nomem__sandbox *sandbox;
  const struct nomem__created_files *files;
};

static int remove_all(void *user) {
  const struct removal *removal = user;
  const struct nomem__created_files *files = removal->files;
  bool is_done = nomem__sandbox_enter(removal->sandbox, false, -1) == 0;
  for (size_t i = files->count; i-- > 0 && is_done;) {
    const struct nomem__created_file *file = &files->list[i];
    is_done = (S_ISDIR(file->type) ? rmdir(file->path) : unlink(file->path)) == 0;
  }
  return !is_done;
}

/* Not directly in the upper layers, but by a process in the view: an overlay does not expect its layers to change under
 * it. Returns whether all were removed. */
static bool remove_in_view(const struct nomem__sandbox *sandbox, const struct nomem__created_files *files) {
  struct removal removal = {sandbox, files};
  return nomem__vfork_wait(remove_all, &removal) == 0;
}

bool nomem__created_files_list_shared(struct nomem__created_files *files, struct nomem__written_files *written,
                                      struct nomem__sandbox *sandbox) {
  int has_changed = nomem__sandbox_has_changed(sandbox), scratch = nomem__sandbox_shared_scratch(sandbox);
  files->is_known = has_changed >= 0;
  if (has_changed <= 0) {
    if (written != NULL) written->is_known = files->is_known;
    return true;
  }
  bool is_clean = nomem__created_files_read(files, written, nomem__sandbox_view(sandbox), scratch) == 0 &&
                  !files->has_changed_others && (files->count == 0 || remove_in_view(sandbox, files));
  nomem__sandbox_accept_files(sandbox);
  return is_clean;
}

void nomem__created_files_free(struct nomem__created_files *made) {
  for (size_t i = 0; i < made->count; i++) free(made->list[i].path);
  free(made->list);
  *made = (struct nomem__created_files){0};
}

static bool has_path(const struct nomem__created_files *made, const char *path) {
  struct nomem__created_file key = {.path = (char *)path};
  return made->count > 0 && bsearch(&key, made->list, made->count, sizeof key, by_path) != NULL;
}

static size_t count_similar(const struct nomem__created_files *made, const char *path) {
  size_t count = 0;
  for (size_t i = 0; i < made->count; i++) count += nomem__names_are_similar(made->list[i].path, path);
  return count;
}

/* Whether there is something in there for this path of here's. */
static bool has_counterpart(const struct nomem__created_files *here, const char *path,
                            const struct nomem__created_files *there) {
  return has_path(there, path) || count_similar(here, path) <= count_similar(there, path);
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

const struct nomem__created_file *nomem__created_files_find_new(const struct nomem__created_files *here,
                                                                const struct nomem__created_files *one,
                                                                const struct nomem__created_files *two) {
  if (!here->is_known || !one->is_known || !two->is_known) return NULL;
  for (size_t i = 0; i < here->count; i++) {
    const char *path = here->list[i].path;
    if (!has_counterpart(here, path, one) && !has_counterpart(here, path, two) && !nomem__is_left_on_purpose(path) &&
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

void nomem__created_files_describe(const struct nomem__created_file *file, const char *other, char *text,
                                   size_t text_bytes) {
  char shown[NOMEM__CREATED_PATH_BYTES + FOLDERS_DEEP], quoted[NOMEM_QUOTE_BYTES];
  nomem__names_pattern(file->path, other, shown, sizeof shown);
  snprintf(text, text_bytes, "%s was left: %s", kind_of(file), nomem__quote(shown, quoted, sizeof quoted));
}
