/* SPDX-License-Identifier: MIT */
/* Failing allocations for Lua alone: each state is given its allocator. Lua relies on it that a block can be made
 * smaller, so where that fails it keeps the one it has.
 *
 *   cc lua_adapter.c $(pkg-config --cflags --libs lua5.4) -lnomem */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "try_failures.h"

static nomem_realloc_func lua_realloc;
static nomem_free_func lua_free;

static void *allocate(void *unused, void *block, size_t old_bytes, size_t bytes) {
  (void)unused;
  if (bytes == 0) {
    lua_free(block);
    return NULL;
  }
  void *moved = lua_realloc(block, bytes);
  return moved == NULL && block != NULL && bytes <= old_bytes ? block : moved;
}

static int adapt_lua(nomem_malloc_func malloc_func, nomem_realloc_func realloc_func, nomem_calloc_func calloc_func,
                     nomem_free_func free_func) {
  (void)malloc_func, (void)calloc_func;
  lua_realloc = realloc_func;
  lua_free = free_func;
  return 0;
}

static int run_script(void *unused) {
  (void)unused;
  lua_State *state = lua_newstate(allocate, NULL);
  if (state == NULL) return -1;
  int result = luaL_dostring(state, "local list = {} for i = 1, 20 do list[i] = {'item ' .. i} end return #list");
  lua_close(state);
  return result;
}

int main(void) {
  if (nomem_install(adapt_lua) != 0) return 2;
  return try_failures("Lua", run_script);
}
