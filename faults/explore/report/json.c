/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "document.h"
#include "report.h"

int nomem__report_json(const json_t *document, FILE *out) {
  if (json_dumpf(document, out, JSON_INDENT(2)) != 0) return -EIO;
  fputc('\n', out);
  return 0;
}
