/* SPDX-License-Identifier: MIT */
/* The version of all public headers, of the libraries and of the command. This is the only place where it is written:
 * the Makefile reads it from here, and lib/ has a link to this file. */
#ifndef NOMEM_VERSION_H
#define NOMEM_VERSION_H

#define NOMEM_VERSION_MAJOR 0
#define NOMEM_VERSION_MINOR 1
#define NOMEM_VERSION_PATCH 0

/* "MAJOR.MINOR.PATCH" */
#define NOMEM_VERSION NOMEM_VERSION_TEXT(NOMEM_VERSION_MAJOR, NOMEM_VERSION_MINOR, NOMEM_VERSION_PATCH)
#define NOMEM_VERSION_TEXT(major, minor, patch) NOMEM_VERSION_JOIN(major, minor, patch)
#define NOMEM_VERSION_JOIN(major, minor, patch) #major "." #minor "." #patch

#endif
