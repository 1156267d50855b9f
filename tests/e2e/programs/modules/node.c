/* SPDX-License-Identifier: MIT */
/* A module for Node; with BUG it does not check what it allocates. */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

static napi_value twice(napi_env env, napi_callback_info info) {
  napi_value argument, result = NULL;
  size_t count = 1, bytes = 0;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_string_utf8(env, argument, NULL, 0, &bytes);
  char *buffer = malloc(2 * bytes + 1); /* unchecked */
#ifndef BUG
  if (buffer == NULL) {
    napi_throw_error(env, NULL, "not enough memory");
    return NULL;
  }
#endif
  memset(buffer, 0, 2 * bytes + 1);
  napi_get_value_string_utf8(env, argument, buffer, bytes + 1, &bytes);
  memcpy(buffer + bytes, buffer, bytes);
  napi_create_string_utf8(env, buffer, 2 * bytes, &result);
  free(buffer);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "twice", NAPI_AUTO_LENGTH, twice, NULL, &function);
  napi_set_named_property(env, exports, "twice", function);
  return exports;
}
