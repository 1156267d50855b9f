/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "engine.h"

#include "../../faults/inject/forbidden_calls.h"

void nomem__text_add(struct nomem_text *text, const char *more) {
  size_t room = sizeof text->bytes - 1 - text->length, length = strlen(more);
  if (length > room) length = room;
  memcpy(text->bytes + text->length, more, length);
  text->length += length;
  text->bytes[text->length] = '\0';
}

void nomem__text_number(struct nomem_text *text, uint64_t number) {
  char digits[24], *at = digits + sizeof digits - 1;
  *at = '\0';
  do {
    *--at = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  nomem__text_add(text, at);
}

void nomem__text_hex(struct nomem_text *text, uint64_t number) {
  char digits[17];
  for (unsigned i = 0; i < 16; i++) digits[i] = "0123456789abcdef"[number >> (60 - 4 * i) & 0xf];
  digits[16] = '\0';
  nomem__text_add(text, digits);
}

void nomem__text_quoted(struct nomem_text *text, const char *word) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
  if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
    nomem__text_add(text, word);
    return;
  }
  nomem__text_add(text, "'");
  for (; *word != '\0'; word++) {
    char one[2] = {*word, '\0'};
    nomem__text_add(text, *word == '\'' ? "'\\''" : one);
  }
  nomem__text_add(text, "'");
}

void nomem__text_flush(struct nomem_text *text, int fd) {
  size_t done = 0;
  while (done < text->length) {
    ssize_t written = write(fd, text->bytes + done, text->length - done);
    if (written <= 0) break;
    done += (size_t)written;
  }
  text->length = 0;
  text->bytes[0] = '\0';
}
