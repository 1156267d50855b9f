/* SPDX-License-Identifier: MIT */
#include "json_values.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "memory_stream.h"
#include "printable.h"

void nomem__json_put(struct nomem__json *json, json_t *object, const char *key, json_t *value) {
  if (json_object_set_new(object, key, value) != 0) json->failed = true;
}

void nomem__json_add(struct nomem__json *json, json_t *array, json_t *value) {
  if (json_array_append_new(array, value) != 0) json->failed = true;
}

json_t *nomem__json_safe(const char *text) {
  struct nomem__memory_stream stream;
  nomem__print_safe(nomem__memory_stream_open(&stream), text);
  char *printable = nomem__memory_stream_close(&stream);
  json_t *value = json_string(printable);
  free(printable);
  return value;
}

void nomem__json_text(struct nomem__json *json, json_t *object, const char *key, const char *text) {
  if (text != NULL) nomem__json_put(json, object, key, nomem__json_safe(text));
}

void nomem__json_number(struct nomem__json *json, json_t *object, const char *key, uint64_t number) {
  nomem__json_put(json, object, key, json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX));
}

void nomem__json_format(struct nomem__json *json, json_t *object, const char *key, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = nomem__vformat(format, arguments);
  va_end(arguments);
  nomem__json_put(json, object, key, nomem__json_safe(text));
  free(text);
}

/* JSON has no bytes: they are written as pairs of hexadecimal digits. */
#define HEX "hex"

json_t *nomem__json_bytes(const char *text) {
  static const char digits[] = "0123456789abcdef";
  if (nomem__is_utf8(text)) return json_string(text);
  size_t bytes = strlen(text);
  char *hex = nomem__malloc(2 * bytes + 1);
  for (size_t i = 0; i < bytes; i++) {
    hex[2 * i] = digits[(unsigned char)text[i] >> 4];
    hex[2 * i + 1] = digits[(unsigned char)text[i] & 0xf];
  }
  json_t *value = json_pack("{s:s%}", HEX, hex, 2 * bytes);
  free(hex);
  return value;
}

char *nomem__json_take_bytes(const json_t *value) {
  if (json_is_string(value)) return nomem__strdup(json_string_value(value));
  const char *hex = nomem__json_string(value, HEX);
  size_t bytes = strlen(hex) / 2;
  if (bytes == 0 || hex[strspn(hex, "0123456789abcdef")] != '\0') return NULL;
  char *text = nomem__calloc(bytes + 1, 1);
  for (size_t i = 0; i < bytes; i++) {
    unsigned byte = 0;
    sscanf(hex + 2 * i, "%2x", &byte);
    text[i] = (char)byte;
  }
  return text;
}

const char *nomem__json_string(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text != NULL ? text : "";
}

uint64_t nomem__json_count(const json_t *object, const char *key) {
  json_int_t value = json_integer_value(json_object_get(object, key));
  return value > 0 ? (uint64_t)value : 0;
}

bool nomem__json_has_text(const json_t *list, const char *text) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *item = json_string_value(json_array_get(list, i));
    if (item != NULL && strcmp(item, text) == 0) return true;
  }
  return false;
}
