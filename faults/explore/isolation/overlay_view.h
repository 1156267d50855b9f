/* SPDX-License-Identifier: MIT */
/* The view of the files in an isolated run: everything that is there, and changes that nobody outside sees. */
#ifndef NOMEM_OVERLAY_VIEW_H
#define NOMEM_OVERLAY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The working directory, the home directory and the three for temporary files, and the parts of divided ones. */
#define NOMEM_VIEW_ROOTS 99
/* At most so many other file systems are mounted below them. */
#define NOMEM_VIEW_MOUNTS 64

struct nomem__view_root {
  char *path;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  bool is_divided; /* its overlay shows none of its contents: see divided_root.h */
  bool is_part;    /* of a divided one */
};

/* A file or folder directly in a divided root. */
struct nomem__view_entry {
  char *path;
  unsigned root;
  mode_t type;
  bool is_bound; /* to its place; not so a symbolic link, or a folder that is a root of its own */
};

/* A file system that is mounted below a root would be hidden by the overlay, and is bound to its place again. */
struct nomem__view_mount {
  char *path;
  unsigned root;
};

struct nomem__view {
  char *directory;                                 /* the working directory; NULL: it was removed */
  struct nomem__view_root roots[NOMEM_VIEW_ROOTS]; /* outer ones first */
  unsigned root_count;
  struct nomem__view_mount mounts[NOMEM_VIEW_MOUNTS];
  unsigned mount_count;
  struct nomem__view_entry *entries;
  size_t entry_count;
  bool is_privileged; /* the user is root outside the view as well */
  char scratch_options[32];
};

/* Finds the roots and the file systems below them. jobs: so many views are mounted at a time. kept: an absolute folder,
 * whose path has no symbolic link in it, in which changes stay; NULL: none. Returns 0; or a negative error code, and
 * then nothing need be closed. */
int nomem__view_open(struct nomem__view *view, unsigned jobs, const char *kept, bool is_privileged);
void nomem__view_close(struct nomem__view *view);

/* Called in a new mount namespace: mounts the view there, and changes to the working directory in it.
 * Async-signal-safe. Returns 0, and in *scratch the folder with the upper layers (a descriptor of the caller's; -1:
 * there are none); or a negative error code, and then *scratch is -1. */
int nomem__view_mount(const struct nomem__view *view, int *scratch);

/* Writes the name of the upper layer of a root, by its number, to name, and returns it. Async-signal-safe. */
#define NOMEM_VIEW_LAYER_BYTES 4
char *nomem__view_layer(unsigned number, char name[NOMEM_VIEW_LAYER_BYTES]);

/* Changes to the working directory in a view that is mounted. Async-signal-safe. Returns 0 or a negative error code. */
int nomem__view_return(const struct nomem__view *view);

/* Writes the paths of the roots, separated by commas. */
void nomem__view_describe(const struct nomem__view *view, char *text, size_t text_bytes);

/* For divided_root.c, too: room for "/proc/self/fd/", a number and a name of three letters; it takes less. */
#define NOMEM_VIEW_SHORT_PATH 48

/* Whether path lies below folder, and is not the folder itself. */
bool nomem__is_below(const char *path, const char *folder);

/* Adds a folder to the roots of the view, unless there is no such folder, or it is one of them already. Returns 0 or a
 * negative error code. */
int nomem__view_add_root(struct nomem__view *view, const char *name, bool is_part);

/* Writes "/proc/self/fd/NUMBER" and returns its end. Async-signal-safe. */
char *nomem__put_descriptor(char *to, int fd);

#endif
