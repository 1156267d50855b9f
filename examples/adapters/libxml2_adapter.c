/* SPDX-License-Identifier: MIT */
/* Failing allocations for libxml2 alone. Before anything else of the library is called.
 *
 *   cc libxml2_adapter.c $(pkg-config --cflags libxml-2.0) -lnomem -lxml2 */
#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

#include "try_failures.h"

static nomem_malloc_func xml_malloc;

static char *copy(const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copied = (char *)xml_malloc(bytes);
  return copied != NULL ? (char *)memcpy(copied, text, bytes) : NULL;
}

static int adapt_libxml2(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                         nomem_free_func free_func) {
  (void)calloc_func;
  xml_malloc = malloc_func;
  return xmlMemSetup(free_func, malloc_func, realloc_func, copy);
}

static int parse(void *unused) {
  static const char text[] = "<list kind='short'><item>one</item><item>two</item></list>";
  (void)unused;
  xmlDocPtr document = xmlReadMemory(text, sizeof text - 1, "list.xml", NULL, XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  xmlFreeDoc(document);
  xmlResetLastError();
  return document != NULL ? 0 : -1;
}

static void say_nothing(void *context, const char *message, ...) {
  (void)context, (void)message;
}

int main(void) {
  if (nomem_install(adapt_libxml2) != 0) return 2;
  xmlInitParser();
  xmlSetGenericErrorFunc(NULL, say_nothing);
  return try_failures("libxml2", parse);
}
