/* SPDX-License-Identifier: MIT */
/* Programs that hold many tests and can list them and run one alone: by which framework's means. Pure. */
#ifndef NOMEM_SPLIT_NAMES_H
#define NOMEM_SPLIT_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* So many arguments a framework needs to list its tests, NULL included. */
#define NOMEM_LIST_WORDS 4

/* How the tests of a framework are listed. */
enum nomem__list_format {
  NOMEM_LIST_GTEST,     /* suites that end with a dot, and below each its tests, indented */
  NOMEM_LIST_LINES,     /* a name a line */
  NOMEM_LIST_DOCTEST,   /* the same between lines of doctest's own */
  NOMEM_LIST_CRITERION, /* a tree of suites and tests */
  NOMEM_LIST_BOOST,     /* a tree by indentation, with an asterisk behind what is run */
  NOMEM_LIST_CHECK,     /* what it prints of each test that it has run: the names of its cases */
  NOMEM_LIST_LIBUV,     /* a name a line, and behind it the helpers that it needs */
  NOMEM_LIST_TINYTEST   /* a name a line, indented, and behind it whether it is left out unless asked for */
};

/* Which names there are, and how one of them is chosen. */
struct nomem__test_framework {
  const char *name;
  const char *marks[2]; /* what the program's file holds: one of them is enough; NULL: there is none */
  const char *list[NOMEM_LIST_WORDS];
  const char *list_variable; /* NAME=value, while they are listed; NULL: none */
  bool lists_on_error;       /* the list is on standard error */
  enum nomem__list_format format;
  bool lists_all;       /* whichever tests the words of the command choose */
  const char *also;     /* an argument by which a test runs in the process that is started; NULL: it does anyway */
  const char *filter;   /* the argument before the name, "" for none; NULL: it is a variable */
  const char *variable; /* the name of the variable, with its '=' */
  const char *escaped;  /* characters that need a backslash in a filter */
};

/* The framework whose mark the bytes of a program have; NULL: none that is known. */
const struct nomem__test_framework *nomem__test_framework_of(const char *bytes, size_t count);

struct nomem__listed_test {
  char *name;
  bool is_repeated; /* its name is given twice: so libuv's runner makes a test without helpers in its own process */
};

/* The names of tests, each once, in the order of the list. */
struct nomem__test_names {
  struct nomem__listed_test *list;
  size_t count, room;
};

/* Reads them out of what the framework has printed. */
void nomem__test_names_read(struct nomem__test_names *names, enum nomem__list_format format, const char *text);
void nomem__test_names_free(struct nomem__test_names *names);

/* Returns what chooses one test: an argument, or NAME=value. The caller's. */
char *nomem__test_filter_make(const struct nomem__test_framework *framework, const char *name);

#endif
