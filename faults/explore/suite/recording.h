/* SPDX-License-Identifier: MIT */
/* What a runner started, as data: every program that a process below it executed. recorder.h fills it in. Nothing in it
 * is trusted: paths, arguments and variables are whatever the programs had. */
#ifndef NOMEM_RECORDING_H
#define NOMEM_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So many images are recorded, and so many bytes of their arguments and variables: a suite that starts more is told
 * apart no better. */
#define NOMEM_RECORDED_MAX 100000
#define NOMEM_RECORDED_BYTES_MAX ((size_t)128 << 20)
/* An image with more bytes of arguments, or of variables, is not recorded with them. */
#define NOMEM_RECORDED_WORDS_MAX ((size_t)256 << 10)
#define NOMEM_RECORDED_VARIABLES_MAX ((size_t)1 << 20)
/* More of a standard input is not copied, and not more of all of them. */
#define NOMEM_RECORDED_INPUT_MAX (1 << 20)
#define NOMEM_RECORDED_INPUTS_MAX ((size_t)64 << 20)

#define NOMEM_NO_IMAGE SIZE_MAX

enum nomem__recorded_input {
  NOMEM_INPUT_EMPTY, /* closed, or /dev/null */
  NOMEM_INPUT_FILE,
  NOMEM_INPUT_COPIED, /* from a pipe, or from a file that is not as it was */
  NOMEM_INPUT_OTHER   /* a terminal, a socket, a pipe of which there is no copy */
};

/* What a program could read as its standard input when it began. */
struct nomem__input_text {
  char *bytes; /* owned */
  size_t count;
  struct nomem__input_text *next;
};

/* A program that a process executed. Strings are owned. */
struct nomem__recorded_image {
  size_t parent;      /* the image of the process that started its process; NOMEM_NO_IMAGE: not known, or the runner */
  bool has_successor; /* its process has executed another one */
  char *path;         /* of the file; "": not known */

  bool has_projects_module; /* it is an interpreter that had loaded one when it ended */

  /* Only of those that may be a case: see nomem__suite_may_be_case and nomem__suite_may_run_case; and of runners that
   * runner_kinds.h knows. */
  bool is_whole;     /* all that follows is known */
  char *words;       /* of the command, each with its NUL; so many bytes */
  size_t word_bytes; /* at least one */
  size_t test_at;    /* of a program that was split: so many bytes of words are its own, and those that choose the test
                        follow; 0: it was not split */
  char *folder;      /* the working directory */
  char *variables;   /* as from nomem__variables_compare */
  size_t variable_bytes;
  enum nomem__recorded_input input;
  char *input_path;                           /* of a file; otherwise NULL */
  const struct nomem__input_text *input_text; /* the recording's; NULL: there is no copy */
  uint64_t input_source; /* number of the pipe, or of the file that it reads from the middle on; otherwise 0 */
  bool is_input_lost;    /* there was more than could be copied, or it came too late */
  char *test;            /* of a program that was split, the name of the test, where no word has it; otherwise NULL */

  bool was_let_go; /* it traces itself, so that it is not known how it ended */
  bool has_ended;  /* what follows is known: it was not killed with the runner */
  int status;      /* as from waitpid */
  uint64_t wall_us;
};

/* All zero: nothing was recorded. */
struct nomem__recording {
  struct nomem__recorded_image *images; /* in the order in which they were executed */
  size_t count, room, bytes;
  struct nomem__input_text *texts; /* each once; owned */
  size_t text_bytes;
  size_t left_out;    /* so many images found no room */
  int status;         /* the runner's, as from waitpid */
  uint64_t wall_us;   /* of all of it */
  bool has_timed_out; /* the runner was ended for that */
  int interrupted_by; /* 0, or the signal by which the recording ended */
};

/* Adds an image that executes the file at path, in place of the image before (NOMEM_NO_IMAGE: in a new process).
 * Returns its number; NOMEM_NO_IMAGE: there is no room. */
size_t nomem__recording_add(struct nomem__recording *recording, const char *path, size_t parent, size_t before);

/* Whether there is room for so many more bytes; if so, they count as taken. */
bool nomem__recording_take_bytes(struct nomem__recording *recording, size_t bytes);

/* Keeps a text, which it owns from now on, or finds one that is the same. NULL: there is no room. */
const struct nomem__input_text *nomem__recording_keep_text(struct nomem__recording *recording, char *text,
                                                           size_t bytes);

/* Takes away what is known of some variables of an image: "NAME=value", or the NAME of one that was taken away, where
 * one of the globs matches, which have commas between them. */
void nomem__recorded_image_drop_variables(struct nomem__recorded_image *image, const char *globs);

void nomem__recording_free(struct nomem__recording *recording);

#endif
