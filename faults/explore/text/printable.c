/* SPDX-License-Identifier: MIT */
#include "printable.h"

#include <stdint.h>

/* Returns the character that text begins with and sets *length to its bytes. Where text is not UTF-8 it is 0, of one
 * byte. */
static uint32_t decode(const unsigned char *text, size_t *length) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t bytes = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
  uint32_t value = bytes == 1 ? text[0] : text[0] & (0x7fu >> bytes);
  *length = 1;
  if (bytes == 0) return 0;
  for (size_t i = 1; i < bytes; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
    value = value << 6 | (text[i] & 0x3f);
  }
  if (value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return 0;
  *length = bytes;
  return value;
}

/* Whether the character neither drives a terminal nor ends or reorders a line. */
static bool is_harmless(uint32_t value) {
  if (value < 0x20 || (value >= 0x7f && value < 0xa0)) return false; /* controls of ASCII and Latin-1 */
  if (value == 0x061c || value == 0x200e || value == 0x200f) return false;
  if (value >= 0x2028 && value <= 0x202e) return false; /* line ends, embeddings and overrides */
  return value < 0x2066 || value > 0x2069;              /* isolates */
}

void nomem__print_safe(FILE *out, const char *text) {
  const unsigned char *from = (const unsigned char *)text;
  while (*from) {
    size_t length;
    bool harmless = is_harmless(decode(from, &length));
    for (size_t i = 0; i < length; i++) {
      if (harmless)
        putc(from[i], out);
      else
        fprintf(out, "\\x%02x", from[i]);
    }
    from += length;
  }
}

bool nomem__is_printable(const char *text) {
  size_t length;
  for (; *text != '\0'; text += length)
    if ((length = nomem__printable_bytes(text)) == 0) return false;
  return true;
}

size_t nomem__printable_bytes(const char *text) {
  size_t length;
  return is_harmless(decode((const unsigned char *)text, &length)) ? length : 0;
}

bool nomem__is_utf8(const char *text) {
  size_t length;
  for (; *text != '\0'; text += length)
    if (decode((const unsigned char *)text, &length) == 0) return false;
  return true;
}

const char *nomem__plural(uint64_t count) {
  return count == 1 ? "" : "s";
}
