/* SPDX-License-Identifier: MIT */
/* Files of programs are mapped, because of most of them little is read. A program that is running may cut its own files
 * short, and whoever reads a page that is gone gets SIGBUS. */
#ifndef NOMEM_SHORT_FILES_H
#define NOMEM_SHORT_FILES_H

/* From now on, such a page reads as zeros: the file costs names, as any damaged one. */
void nomem__short_files_survive(void);

#endif
