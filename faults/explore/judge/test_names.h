/* SPDX-License-Identifier: MIT */
/* The names of files, programs and libraries by which test code is recognised. Pure. */
#ifndef NOMEM_TEST_NAMES_H
#define NOMEM_TEST_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of a source path, relative to the project, say that it is test code (a folder with its slash, or all
 * of it); 0: none. */
size_t nomem__test_source(const char *path);

/* The same for the source of a test framework that projects bring with them. */
size_t nomem__framework_source(const char *path);

/* Whether a program's or library's base name is that of a test or of a test framework. */
bool nomem__is_test_program(const char *base_name);
bool nomem__is_test_library(const char *base_name);

/* Where in a demangled function the name of a test framework's begins, behind the type that is returned; NULL: it is
 * none. */
const char *nomem__framework_function(const char *function);

/* Whether it is what a compiler makes of a file's variables that are not constant: it runs before main(). */
bool nomem__is_initialiser(const char *function);

/* Whether a function is what a fuzzer calls with each input, or the fuzzer's own; or belongs to the run-time of C++ or
 * Rust, which is compiled into the program. */
bool nomem__is_fuzz_harness(const char *function);
bool nomem__is_runtime_function(const char *function);

/* Whether a function only prints. */
bool nomem__is_output_function(const char *function);

/* Whether one of the globs, which are separated by commas, matches a module's base name, a source path, or the rest of
 * that path after any of its slashes. path may be NULL. */
bool nomem__is_under_test(const char *globs, const char *path, const char *module);

#endif
