/* SPDX-License-Identifier: MIT */
/* What tells one campaign from another: the same command on the same files has the same identity, on any machine. */
#ifndef NOMEM_FINGERPRINT_H
#define NOMEM_FINGERPRINT_H

#include "campaign.h"

#define NOMEM_IDENTITY_BYTES 17

/* Made of the command's words and of the files that they name, of the options that change how a run ends, and of the
 * program and all libraries that allocate, by their build ids or else by their contents. The paths of these do not
 * count, and neither do options that only choose the points or how they are run, except an engine that was asked for.
 */
void nomem__fingerprint(const struct nomem__campaign *campaign, char identity[NOMEM_IDENTITY_BYTES]);

/* A site's name that outlives a rebuild which leaves its functions alone: "module!function+0xoffset" of each frame,
 * innermost first, a line each. The caller's; NULL: out of memory. */
char *nomem__durable_name(const struct nomem__campaign *campaign, const struct nomem__campaign_site *site);

#endif
