/* SPDX-License-Identifier: MIT */
/* A user namespace, in which an ordinary user may mount and make namespaces of other kinds. */
#ifndef NOMEM_USER_NAMESPACE_H
#define NOMEM_USER_NAMESPACE_H

/* The user and the group that keep their numbers in there, in the form of /proc/self/uid_map and gid_map. */
struct nomem__user_maps {
  char uid[64], gid[64];
};

/* Those of the calling process. */
void nomem__user_maps_make(struct nomem__user_maps *maps);

/* Writes a setting of the kernel's, a file below /proc. Async-signal-safe. Returns 0 or errno. */
int nomem__setting_write(const char *path, const char *text);

/* Puts the calling process, which must not have threads, into a new one. Async-signal-safe. Returns 0 or errno. */
int nomem__user_namespace_enter(const struct nomem__user_maps *maps);

#endif
