/* SPDX-License-Identifier: MIT */
/* What a verdict means, how nomem tells it, and how such a bug is mended: for `nomem explain`, SARIF and the page. The
 * definitions are in docs/verdicts.md. */
#ifndef NOMEM_EXPLANATIONS_H
#define NOMEM_EXPLANATIONS_H

#include <stdio.h>

/* Paragraphs without line breaks, and code with them. NULL: there is nothing to say. */
struct nomem__explanation {
  const char *verdict; /* its name */
  const char *meaning; /* for whoever reads the report */
  const char *reason;  /* why a run is judged so */
  const char *mending;
  const char *before, *after; /* an example: what is wrong, and the same mended */
};

/* Returns NULL where there is none of that name. */
const struct nomem__explanation *nomem__explanation_of(const char *verdict);

/* Prints all parts, no wider than the terminal, and no wider than reads well. */
void nomem__explanation_print(FILE *out, const struct nomem__explanation *explanation);

#endif
