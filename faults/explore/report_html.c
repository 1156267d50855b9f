#include "report.h"
#include "report_document.h"
int nomem__report_html(const json_t *document, FILE *out) {
  return nomem__report_json(document, out);
}
