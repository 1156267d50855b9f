/* SPDX-License-Identifier: MIT */
/* The view that an isolated run has of the files: everything that is there, and changes that nobody else sees. */
#ifndef NOMEM_OVERLAY_VIEW_H
#define NOMEM_OVERLAY_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The working directory, the home directory, and the three for temporary files. */
#define NOMEM_VIEW_ROOTS 5
/* Other file systems within them. */
#define NOMEM_VIEW_MOUNTS 64

struct nomem__view_root {
  char *path;
  mode_t mode;
  uid_t uid;
  gid_t gid;
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
#define NOMEM_VIEW_LAYER_BYTES 3
char *nomem__view_layer(unsigned number, char name[NOMEM_VIEW_LAYER_BYTES]);

/* Goes to the working directory in a view that is there. As above. */
int nomem__view_return(const struct nomem__view *view);

/* Names the folders. */
void nomem__view_describe(const struct nomem__view *view, char *text, size_t text_bytes);

#endif
