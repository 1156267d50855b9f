/* SPDX-License-Identifier: MIT */
/* A library with one function that fails, and three ways to fail. */
#ifndef LIBRARY_H
#define LIBRARY_H

void *library_make(int size);

#endif
