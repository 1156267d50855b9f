/* SPDX-License-Identifier: MIT */
/* Failing allocations for expat alone: each parser is given its allocator.
 *
 *   cc expat_adapter.c -lnomem -lexpat */
#include <expat.h>

#include "try_failures.h"

static XML_Memory_Handling_Suite suite;

static int adapt_expat(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                       nomem_free_func free_func) {
  (void)calloc_func;
  suite = (XML_Memory_Handling_Suite){malloc_func, realloc_func, free_func};
  return 0;
}

static int parse(void *unused) {
  static const char text[] = "<?xml version='1.0'?><list kind='short'><item>one</item><item>two</item></list>";
  (void)unused;
  XML_Parser parser = XML_ParserCreate_MM(NULL, &suite, NULL);
  if (parser == NULL) return -1;
  enum XML_Status status = XML_Parse(parser, text, sizeof text - 1, 1);
  XML_ParserFree(parser);
  return status == XML_STATUS_OK ? 0 : -1;
}

int main(void) {
  if (nomem_install(adapt_expat) != 0) return 2;
  return try_failures("expat", parse);
}
