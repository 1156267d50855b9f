#include "report.h"
#include "report_document.h"
int nomem__report_sarif(const json_t *document, FILE *out) {
  return nomem__report_json(document, out);
}
