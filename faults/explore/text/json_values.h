/* SPDX-License-Identifier: MIT */
/* JSON values that are built without asking after each whether it could be made, and read without asking whether they
 * are there. */
#ifndef NOMEM_JSON_VALUES_H
#define NOMEM_JSON_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* Remembers whether one could not be made, because a text is no UTF-8, so that it is asked for once, at the end. */
struct nomem__json {
  bool failed;
};

/* Puts a value into an object or at the end of an array, which owns it from then on. NULL: it could not be made.
 */
void nomem__json_put(struct nomem__json *json, json_t *object, const char *key, json_t *value);
void nomem__json_add(struct nomem__json *json, json_t *array, json_t *value);

/* Returns a string that has been through nomem__print_safe. The caller's. */
json_t *nomem__json_safe(const char *text);

/* Puts such a string; nothing where text is NULL. */
void nomem__json_text(struct nomem__json *json, json_t *object, const char *key, const char *text);

/* Puts such a string, formatted. */
__attribute__((format(printf, 4, 5))) void nomem__json_format(struct nomem__json *json, json_t *object, const char *key,
                                                              const char *format, ...);

/* Puts a number. JSON's integers here have 63 bits: a larger number becomes the largest of them. */
void nomem__json_number(struct nomem__json *json, json_t *object, const char *key, uint64_t number);

/* Returns text as nomem__json_take_bytes reads it back, byte by byte: a string, or where that is not UTF-8, an object.
 * The caller's; NULL: memory was short. */
json_t *nomem__json_bytes(const char *text);

/* Reads such a text, for the caller. NULL: the value is none. */
char *nomem__json_take_bytes(const json_t *value);

/* Whether a list has this string. */
bool nomem__json_has_text(const json_t *list, const char *text);

/* Returns what an object has under key: "" or 0 where there is nothing of that name and type. A string belongs to the
 * object. */
const char *nomem__json_string(const json_t *object, const char *key);
uint64_t nomem__json_count(const json_t *object, const char *key);

#endif
