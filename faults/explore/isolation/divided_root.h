/* SPDX-License-Identifier: MIT */
/* Folders that cannot be overlaid as a whole.
 *
 * In a user namespace the kernel refuses an overlay of a folder that has a file system mounted below it: what that
 * hides would be seen. Such a root is divided: its overlay shows a frame, an empty folder of the same outline, on which
 * each folder that it has gets an overlay of its own (divided again, if need be), and each file is bound to its place,
 * read-only. So all of it is there, and changes are thrown away as ever; but a file that lies in a divided folder
 * itself can be neither written nor removed, and what others make there after the view was opened is not seen.
 */
#ifndef NOMEM_DIVIDED_ROOT_H
#define NOMEM_DIVIDED_ROOT_H

#include "overlay_view.h"

/* Marks the roots that have to be divided, and takes their folders in as roots. mounts: where file systems are mounted,
 * ended by NULL. Returns 0 or a negative error code. */
int nomem__divide_roots(struct nomem__view *view, char *const *mounts);

/* When the roots have their final numbers: lists what the divided ones have in them. Returns 0 or a negative error
 * code. */
int nomem__list_divided_roots(struct nomem__view *view);

/* Makes in the folder frame a place for each entry of the root of this number, which is open. Async-signal-safe. */
void nomem__fill_frame(const struct nomem__view *view, unsigned number, int root, int frame);

/* Binds the entries to their places, where the overlay of the root is mounted by now; one that is gone is left out.
 * Async-signal-safe. Returns 0 or a negative error code. */
int nomem__bind_entries(const struct nomem__view *view, unsigned number, int root);

#endif
