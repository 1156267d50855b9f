/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "overlay_view.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../text/grow.h"
#include "../text/memory.h"
#include "divided_root.h"

/* The files of all runs together may take so much of the machine's memory, in percent. */
#define SCRATCH_PERCENT 50

bool nomem__is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* An overlay of the root folder would cover /proc and /dev as well, which cannot be overlaid. */
static bool can_be_root(const char *path) {
  return strcmp(path, "/") != 0 && strcmp(path, "/dev") != 0 && strcmp(path, "/proc") != 0 &&
         strcmp(path, "/sys") != 0 && !nomem__is_below(path, "/proc") && !nomem__is_below(path, "/sys");
}

/* The permissions of a folder in the view. There it seems to be the user's even if it is somebody else's: then its
 * owner's permissions are those that the user has. */
static mode_t mode_for(const char *path, const struct stat *status) {
  mode_t user = 0;
  if (status->st_uid == geteuid()) return status->st_mode & 07777;
  if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) == 0) user |= S_IRUSR;
  if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0) user |= S_IWUSR;
  if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0) user |= S_IXUSR;
  return (status->st_mode & (mode_t)(07777 & ~S_IRWXU)) | user;
}

int nomem__view_add_root(struct nomem__view *view, const char *name, bool is_part) {
  struct stat status;
  char *path = name != NULL && *name == '/' ? nomem__checked(realpath(name, NULL)) : NULL;
  bool is_skipped = path == NULL || !can_be_root(path) || stat(path, &status) != 0 || !S_ISDIR(status.st_mode);
  for (unsigned i = 0; i < view->root_count && !is_skipped; i++) is_skipped = strcmp(path, view->roots[i].path) == 0;
  if (is_skipped) {
    free(path);
    return 0;
  }
  if (view->root_count == NOMEM_VIEW_ROOTS) {
    free(path);
    return -E2BIG;
  }
  mode_t mode = view->is_privileged ? status.st_mode & 07777 : mode_for(path, &status);
  view->roots[view->root_count++] = (struct nomem__view_root){
      .path = path, .mode = mode, .uid = status.st_uid, .gid = status.st_gid, .is_part = is_part};
  return 0;
}

/* Undoes the octal escapes of mountinfo, in place. */
static void unescape(char *path) {
  char *to = path;
  for (const char *from = path; *from != '\0'; to++) {
    unsigned code;
    if (*from == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
      *to = (char)code;
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

/* The mount points, in the order in which they were mounted: an array that ends with NULL, for the caller to free with
 * free_mounts. NULL: they cannot be known. */
static char **read_mounts(void) {
  FILE *file = nomem__checked(fopen("/proc/self/mountinfo", "re"));
  char **mounts = NULL, *line = NULL;
  size_t count = 0, room = 0, line_room = 0;
  while (file != NULL && nomem__getline(&line, &line_room, file) > 0) {
    int from = 0, to = 0;
    mounts = nomem__grow(mounts, count + 1, &room, sizeof *mounts);
    mounts[count] = NULL;
    sscanf(line, "%*d %*d %*s %*s %n%*s%n", &from, &to);
    if (to <= from) continue;
    mounts[count] = nomem__strndup(line + from, (size_t)(to - from));
    unescape(mounts[count]);
    mounts[++count] = NULL;
  }
  free(line);
  if (file != NULL) fclose(file);
  return mounts;
}

static void free_mounts(char **mounts) {
  for (size_t i = 0; mounts != NULL && mounts[i] != NULL; i++) free(mounts[i]);
  free(mounts);
}

/* Whether an overlay of the outer folder shows the inner one as well: no other file system lies between them. */
static bool is_covered(const char *inner, const char *outer, char *const *mounts) {
  if (!nomem__is_below(inner, outer)) return false;
  for (; *mounts != NULL; mounts++)
    if (nomem__is_below(*mounts, outer) && (strcmp(*mounts, inner) == 0 || nomem__is_below(inner, *mounts)))
      return false;
  return true;
}

static int by_path(const void *left, const void *right) {
  const struct nomem__view_root *a = left, *b = right;
  return strcmp(a->path, b->path);
}

/* Sorts the roots, outer ones first, and drops those that the overlay of an outer one covers. An ordinary user needs an
 * overlay for each of them: a write below a folder copies that folder with its owner, and in a user namespace no owner
 * but the user has a number. */
static void drop_covered(struct nomem__view *view, char *const *mounts) {
  unsigned kept = 0;
  qsort(view->roots, view->root_count, sizeof *view->roots, by_path);
  for (unsigned i = 0; i < view->root_count; i++) {
    bool covered = false;
    for (unsigned j = 0; j < kept && !covered && view->is_privileged; j++)
      covered = is_covered(view->roots[i].path, view->roots[j].path, mounts);
    if (covered)
      free(view->roots[i].path);
    else
      view->roots[kept++] = view->roots[i];
  }
  view->root_count = kept;
}

/* Notes the outermost file systems below each root. */
static int add_mounts(struct nomem__view *view, char *const *mounts) {
  for (unsigned root = 0; root < view->root_count; root++) {
    unsigned first = view->mount_count;
    for (char *const *mount = mounts; *mount != NULL; mount++) {
      bool is_skipped = !nomem__is_below(*mount, view->roots[root].path);
      for (char *const *outer = mounts; *outer != NULL && !is_skipped; outer++)
        is_skipped = nomem__is_below(*outer, view->roots[root].path) && nomem__is_below(*mount, *outer);
      for (unsigned i = first; i < view->mount_count && !is_skipped; i++)
        is_skipped = strcmp(*mount, view->mounts[i].path) == 0;
      if (is_skipped) continue;
      if (view->mount_count == NOMEM_VIEW_MOUNTS) return -E2BIG;
      char *path = nomem__strdup(*mount);
      view->mounts[view->mount_count++] = (struct nomem__view_mount){path, root};
    }
  }
  return 0;
}

/* A folder that is to be as it is outside is bound to its place, as a file system is that is mounted there. It may be a
 * root itself. */
static int add_kept(struct nomem__view *view, const char *kept) {
  for (unsigned root = 0; root < view->root_count; root++) {
    const char *path = view->roots[root].path;
    if (strcmp(path, kept) != 0 && !nomem__is_below(kept, path)) continue;
    if (view->mount_count == NOMEM_VIEW_MOUNTS) return -E2BIG;
    view->mounts[view->mount_count++] = (struct nomem__view_mount){nomem__strdup(kept), root};
  }
  return 0;
}

int nomem__view_open(struct nomem__view *view, unsigned jobs, const char *kept, bool is_privileged) {
  static const char *const temporary[] = {"/tmp", "/var/tmp", "/dev/shm"};
  char **mounts = read_mounts();
  if (mounts == NULL) return -ENOENT;
  unsigned percent = SCRATCH_PERCENT / (jobs > 0 ? jobs : 1);
  *view = (struct nomem__view){.is_privileged = is_privileged, .directory = nomem__checked(getcwd(NULL, 0))};
  snprintf(view->scratch_options, sizeof view->scratch_options, "mode=700,size=%u%%", percent > 0 ? percent : 1);
  int result = nomem__view_add_root(view, view->directory, false);
  if (result == 0) result = nomem__view_add_root(view, getenv("HOME"), false);
  for (size_t i = 0; i < sizeof temporary / sizeof *temporary && result == 0; i++)
    result = nomem__view_add_root(view, temporary[i], false);
  if (result == 0 && !is_privileged) result = nomem__divide_roots(view, mounts);
  drop_covered(view, mounts);
  if (result == 0) result = nomem__list_divided_roots(view);
  if (result == 0) result = add_mounts(view, mounts);
  if (result == 0 && kept != NULL) result = add_kept(view, kept);
  free_mounts(mounts);
  if (result != 0) nomem__view_close(view);
  return result;
}

void nomem__view_close(struct nomem__view *view) {
  free(view->directory);
  for (unsigned i = 0; i < view->root_count; i++) free(view->roots[i].path);
  for (unsigned i = 0; i < view->mount_count; i++) free(view->mounts[i].path);
  for (size_t i = 0; i < view->entry_count; i++) free(view->entries[i].path);
  free(view->entries);
  *view = (struct nomem__view){0};
}

char *nomem__put_descriptor(char *to, int fd) {
  char digits[12];
  unsigned count = 0;
  for (unsigned rest = (unsigned)fd; rest > 0 || count == 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  to = stpcpy(to, "/proc/self/fd/");
  while (count > 0) *to++ = digits[--count];
  *to = '\0';
  return to;
}

static char *name_layer(char letter, unsigned number, char name[NOMEM_VIEW_LAYER_BYTES]) {
  name[0] = letter;
  name[1] = (char)('0' + number / 10);
  name[2] = (char)('0' + number % 10);
  name[3] = '\0';
  return name;
}

char *nomem__view_layer(unsigned number, char name[NOMEM_VIEW_LAYER_BYTES]) {
  return name_layer('u', number, name);
}

/* The folder that the overlay of a divided root shows in place of the root. Returns a descriptor or a negative error
 * code. */
static int make_frame(const struct nomem__view *view, unsigned number, int root, int scratch) {
  char name[NOMEM_VIEW_LAYER_BYTES];
  name_layer('f', number, name);
  if (mkdirat(scratch, name, 0700) != 0) return -errno;
  int frame = openat(scratch, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (frame < 0) return -errno;
  nomem__fill_frame(view, number, root, frame);
  return frame;
}

/* Writes go to a folder of the scratch file system, which has the permissions of the folder below it. The layers are
 * named by their descriptors, because a path may contain commas and colons, and another mount may cover it by now. */
static int mount_overlay(const struct nomem__view *view, unsigned number, int lower, int scratch) {
  const struct nomem__view_root *root = &view->roots[number];
  char options[4 * NOMEM_VIEW_SHORT_PATH + 64], upper[NOMEM_VIEW_LAYER_BYTES], work[NOMEM_VIEW_LAYER_BYTES];
  nomem__view_layer(number, upper);
  name_layer('w', number, work);
  if (mkdirat(scratch, upper, 0700) != 0 || mkdirat(scratch, work, 0700) != 0) return -errno;
  if (view->is_privileged && fchownat(scratch, upper, root->uid, root->gid, 0) != 0) return -errno;
  if (fchmodat(scratch, upper, root->mode, 0) != 0) return -errno;
  char *at = nomem__put_descriptor(stpcpy(options, "xino=off,lowerdir="), lower);
  at = stpcpy(nomem__put_descriptor(stpcpy(at, ",upperdir="), scratch), "/");
  at = stpcpy(stpcpy(at, upper), ",workdir=");
  at = stpcpy(nomem__put_descriptor(at, scratch), "/");
  at = stpcpy(at, work);
  if (!view->is_privileged) stpcpy(at, ",userxattr");
  return mount("overlay", root->path, "overlay", 0, options) != 0 ? -errno : 0;
}

/* A mount point that cannot be reached any more is left out: the program could not have reached it before, either. */
static void bind_again(const char *path, int fd) {
  char source[NOMEM_VIEW_SHORT_PATH];
  if (fd < 0) return;
  nomem__put_descriptor(source, fd);
  mount(source, path, NULL, MS_BIND | MS_REC, NULL);
}

/* One of the roots, with what is mounted below it. A part of a divided one may be gone by now. */
static int mount_root(const struct nomem__view *view, unsigned number, int root, const int *mounts, int scratch) {
  bool is_divided = view->roots[number].is_divided;
  if (root < 0) return 0;
  int lower = is_divided ? make_frame(view, number, root, scratch) : root;
  int result = lower < 0 ? lower : mount_overlay(view, number, lower, scratch);
  if (is_divided && lower >= 0) close(lower);
  if (is_divided && result == 0) result = nomem__bind_entries(view, number, root);
  for (unsigned i = 0; i < view->mount_count && result == 0; i++)
    if (view->mounts[i].root == number) bind_again(view->mounts[i].path, mounts[i]);
  return result;
}

int nomem__view_return(const struct nomem__view *view) {
  return view->directory != NULL && chdir(view->directory) != 0 ? -errno : 0;
}

int nomem__view_mount(const struct nomem__view *view, int *out) {
  *out = -1;
  int roots[NOMEM_VIEW_ROOTS], mounts[NOMEM_VIEW_MOUNTS];
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -errno;
  if (view->root_count == 0) return nomem__view_return(view);
  for (unsigned i = 0; i < view->root_count; i++) {
    roots[i] = open(view->roots[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (roots[i] < 0 && !view->roots[i].is_part) return -errno;
  }
  for (unsigned i = 0; i < view->mount_count; i++) mounts[i] = open(view->mounts[i].path, O_PATH | O_CLOEXEC);
  /* The scratch file system is mounted on the first root, whose overlay then covers it. */
  const char *first = view->roots[0].path;
  if (mount("tmpfs", first, "tmpfs", MS_NOSUID | MS_NODEV, view->scratch_options) != 0) return -errno;
  int scratch = open(first, O_PATH | O_DIRECTORY | O_CLOEXEC), result = scratch < 0 ? -errno : 0;
  for (unsigned i = 0; i < view->root_count && result == 0; i++)
    result = mount_root(view, i, roots[i], mounts, scratch);
  for (unsigned i = 0; i < view->root_count; i++)
    if (roots[i] >= 0) close(roots[i]);
  for (unsigned i = 0; i < view->mount_count; i++)
    if (mounts[i] >= 0) close(mounts[i]);
  if (result == 0) result = nomem__view_return(view);
  if (result == 0)
    *out = scratch;
  else if (scratch >= 0)
    close(scratch);
  return result;
}

void nomem__view_describe(const struct nomem__view *view, char *text, size_t text_bytes) {
  size_t used = 0;
  text[0] = '\0';
  for (unsigned i = 0; i < view->root_count && used < text_bytes; i++)
    if (!view->roots[i].is_part)
      used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", used > 0 ? ", " : "", view->roots[i].path);
}
