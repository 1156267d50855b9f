/* SPDX-License-Identifier: MIT */
/* The view that an isolated run has of the files: everything that is there, and changes that nobody else sees. */
#ifndef NOMEM_OVERLAY_VIEW_H
#define NOMEM_OVERLAY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The working directory, the home directory, and the three for temporary files; and what divided ones are made of. */
#define NOMEM_VIEW_ROOTS 99
/* Other file systems within them. */
#define NOMEM_VIEW_MOUNTS 64

struct nomem__view_root {
  char *path;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  bool is_divided; /* its overlay has none of its contents: see divided_root.h */
  bool is_part;    /* of a divided one */
};

/* What is in a divided root. */
struct nomem__view_entry {
  char *path;
  unsigned root;
  mode_t type;
  bool is_bound; /* to its place; otherwise something else is mounted there, or it is a symbolic link */
};

/* What lies under an overlay would be hidden by it, and is bound to its place again. */
struct nomem__view_mount {
  char *path;
  unsigned root;
};

struct nomem__view {
  char *directory;                                 /* to work in; NULL: it is gone */
  struct nomem__view_root roots[NOMEM_VIEW_ROOTS]; /* outer ones first */
  unsigned root_count;
  struct nomem__view_mount mounts[NOMEM_VIEW_MOUNTS];
  unsigned mount_count;
  struct nomem__view_entry *entries;
  size_t entry_count;
  bool is_privileged; /* the user is root outside, too */
  char scratch_options[32];
};

/* Looks at what there is. jobs: how many views are mounted at a time. Returns 0 or a negative error code, and then
 * nothing is to be closed. */
int nomem__view_open(struct nomem__view *view, unsigned jobs, bool is_privileged);
void nomem__view_close(struct nomem__view *view);

/* In a new mount namespace: makes the view there, and goes to the working directory in it. Async-signal-safe. Returns 0
 * and in *scratch the folder that has the upper layers in it (a descriptor of the caller's; -1: there are none); or a
 * negative error code, and then it is -1. */
int nomem__view_mount(const struct nomem__view *view, int *scratch);

/* Room for the name of an upper layer; and that of the root of this number, written to name, which is returned. */
#define NOMEM_VIEW_LAYER_BYTES 4
char *nomem__view_layer(unsigned number, char name[NOMEM_VIEW_LAYER_BYTES]);

/* Goes to the working directory in a view that is there. As above. */
int nomem__view_return(const struct nomem__view *view);

/* Names the folders. */
void nomem__view_describe(const struct nomem__view *view, char *text, size_t text_bytes);

/* What divided_root.c shares with it. "/proc/self/fd/", a number and a name of three letters, and more than that. */
#define NOMEM_VIEW_SHORT_PATH 48

/* Whether path lies below folder, and is not the folder itself. */
bool nomem__is_below(const char *path, const char *folder);

/* Takes a folder in, if it is one and is not there yet. Returns 0 or a negative error code. */
int nomem__view_add_root(struct nomem__view *view, const char *name, bool is_part);

/* Writes "/proc/self/fd/NUMBER" and returns its end. Async-signal-safe. */
char *nomem__put_descriptor(char *to, int fd);

#endif
