/* SPDX-License-Identifier: MIT */
/* Folders that cannot be overlaid as a whole.
 *
 * In a user namespace the kernel refuses an overlay of a folder that has a file system mounted below it, because
 * the overlay would show what that file system hides. Such a root is divided: its overlay shows a frame, a folder with
 * the same names and no contents, on which each folder that it has gets an overlay of its own (which may have to be
 * divided in turn), and each file is bound to its place, read-only. So everything is there, and changes are thrown away
 * as elsewhere. But a file that lies directly in a divided folder can be neither written nor removed, and files that
 * appear there outside after the view was opened are not seen.
 */
#ifndef NOMEM_DIVIDED_ROOT_H
#define NOMEM_DIVIDED_ROOT_H

#include "overlay_view.h"

/* Marks the roots that have to be divided, and adds the folders in them as roots. mounts: the mount points, an array
 * that ends with NULL. Returns 0 or a negative error code. */
int nomem__divide_roots(struct nomem__view *view, char *const *mounts);

/* Lists what is in the divided roots, once all roots have their final numbers. Returns 0 or a negative error code. */
int nomem__list_divided_roots(struct nomem__view *view);

/* Makes a mount point in the folder frame for each entry of the root with this number; root is its descriptor.
 * Async-signal-safe. */
void nomem__fill_frame(const struct nomem__view *view, unsigned number, int root, int frame);

/* Binds the entries to their places in the overlay of the root, which is mounted by now. Entries that are gone are left
 * out. Async-signal-safe. Returns 0 or a negative error code. */
int nomem__bind_entries(const struct nomem__view *view, unsigned number, int root);

#endif
