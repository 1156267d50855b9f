/* SPDX-License-Identifier: MIT */
/* A module for Lua; with BUG it does not check what it allocates. */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

static int twice(lua_State *state) {
  size_t bytes;
  const char *text = luaL_checklstring(state, 1, &bytes);
  char *buffer = malloc(2 * bytes); /* unchecked */
#ifndef BUG
  if (buffer == NULL) return luaL_error(state, "not enough memory");
#endif
  memcpy(buffer, text, bytes);
  memcpy(buffer + bytes, text, bytes);
  lua_pushlstring(state, buffer, 2 * bytes);
  free(buffer);
  return 1;
}

int luaopen_shapes(lua_State *state) {
  lua_pushcfunction(state, twice);
  lua_setglobal(state, "twice");
  return 0;
}
