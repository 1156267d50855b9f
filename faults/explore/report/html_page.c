/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../text/entities.h"
#include "document.h"
#include "report.h"

/* The parts of the page. The assembler includes the files as they are; the build runs in the root of the sources. */
#define EMBED(name, file)                                                                                             \
  __asm__(".pushsection .rodata\n" #name ":\n.incbin \"faults/explore/report/html/" file "\"\n.byte 0\n.popsection"); \
  extern const char name[] __attribute__((visibility("hidden")))

EMBED(nomem__html_style, "report.css");
EMBED(nomem__html_body, "report.html");
EMBED(nomem__html_script, "report.js");
EMBED(nomem__html_chart_script, "chart.js");

static void print_html(FILE *out, const char *text) {
  for (; *text != '\0'; text++)
    if (!nomem__print_entity(out, *text)) fputc(*text, out);
}

/* Writes a piece of JSON for a script element, in which a browser looks for </script and <!-- only: no < is left for it
 * to find. In JSON these characters occur only in strings, where \u can stand for them. */
static int write_json(const char *text, size_t bytes, void *out) {
  for (size_t i = 0; i < bytes; i++) {
    if (strchr("<>&", text[i]) != NULL && text[i] != '\0')
      fprintf(out, "\\u%04x", (unsigned)text[i]);
    else
      fputc(text[i], out);
  }
  return 0;
}

static void print_title(FILE *out, const json_t *document) {
  size_t i;
  json_t *word;
  fputs("<title>nomem:", out);
  json_array_foreach(json_object_get(document, "command"), i, word) {
    fputc(' ', out);
    print_html(out, json_string_value(word));
  }
  fputs("</title>\n", out);
}

int nomem__report_html(const json_t *document, FILE *out) {
  uint64_t nonce; /* the browser uses no script and no style that does not carry it */
  if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce) return -EIO;
  fprintf(out,
          "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-%" PRIx64
          "'; script-src 'nonce-%" PRIx64
          "'; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
          nonce, nonce);
  print_title(out, document);
  fprintf(out, "<style nonce=\"%" PRIx64 "\">\n%s</style>\n</head>\n<body>\n%s", nonce, nomem__html_style,
          nomem__html_body);
  fputs("<script type=\"application/json\" id=\"document\">", out);
  if (json_dump_callback(document, write_json, out, JSON_COMPACT | JSON_ENSURE_ASCII) != 0) return -EIO;
  fprintf(out, "</script>\n<script nonce=\"%" PRIx64 "\">\n%s%s</script>\n</body>\n</html>\n", nonce,
          nomem__html_script, nomem__html_chart_script);
  return 0;
}
