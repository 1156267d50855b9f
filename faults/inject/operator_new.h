/* SPDX-License-Identifier: MIT */
/* C++'s operator new, where it is a sanitizer's: that does not come to malloc.
 *
 * Of most sanitizers it cannot be defined anew: in a program it is no weak name, and whoever takes its place has no
 * way to call it; and a library that defined it would stand in the way of programs that load C++ for a part of
 * themselves. So a jump to ours is written over its first instructions, once and before the program runs; and those
 * that it was written over, which only save registers, are copied to a page of their own, with a jump behind them to
 * the rest. A form that begins in another way is left alone, and that is said.
 *
 * Each form asks the injector first. A call that is to fail does what the C++ library's own does when malloc has no
 * memory: the new handler is called, if the program has set one, and asked again; then bad_alloc is thrown, by the
 * C++ library. A form that does not throw returns NULL, and calls no handler, which might throw. All other calls go
 * on, by a jump: the block is the sanitizer's, and so is the stack that it notes.
 */
#ifndef NOMEM_OPERATOR_NEW_H
#define NOMEM_OPERATOR_NEW_H

#include "injector.h"

/* Name of the function, its parameters, the same as arguments, whether it throws. */
#define NOMEM_NEW_MAP(X)                                                                                          \
  X(_Znwm, (size_t size), (size), true)                                                                           \
  X(_Znam, (size_t size), (size), true)                                                                           \
  X(_ZnwmRKSt9nothrow_t, (size_t size, const void *tag), (size, tag), false)                                      \
  X(_ZnamRKSt9nothrow_t, (size_t size, const void *tag), (size, tag), false)                                      \
  X(_ZnwmSt11align_val_t, (size_t size, size_t alignment), (size, alignment), true)                               \
  X(_ZnamSt11align_val_t, (size_t size, size_t alignment), (size, alignment), true)                               \
  X(_ZnwmSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *tag), (size, alignment, tag), \
    false)                                                                                                        \
  X(_ZnamSt11align_val_tRKSt9nothrow_t, (size_t size, size_t alignment, const void *tag), (size, alignment, tag), false)

enum nomem__new_form {
#define X(function, parameters, arguments, throws) NOMEM_NEW##function,
  NOMEM_NEW_MAP(X)
#undef X
      NOMEM_NEW_FORMS
};

/* What the C++ libraries, libstdc++ and libc++, call these. */
#define NOMEM_NEW_THROW "_ZSt17__throw_bad_allocv"
#define NOMEM_NEW_GET_HANDLER "_ZSt15get_new_handlerv"

/* What a backend finds, each 0 where there is none. The forms: only those of a sanitizer. */
struct nomem__new_found {
  uintptr_t form[NOMEM_NEW_FORMS];
  uintptr_t throw, get_handler;
};

/* The backend's. */
NOMEM_HIDDEN void nomem__new_find(struct nomem__new_found *found);

/* Has a sanitizer's operator new come here. One thread runs, or none that calls it. */
NOMEM_HIDDEN void nomem__new_take(const struct nomem__new_found *found);

/* Tells the command of what could not be taken. Once attached. */
NOMEM_HIDDEN void nomem__new_say(void);

#endif
