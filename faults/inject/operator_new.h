/* SPDX-License-Identifier: MIT */
/* C++'s operator new, where it is a sanitizer's or an allocator's, and does not call malloc.
 *
 * With most sanitizers it cannot be defined anew: in a program its name is not weak, and whoever replaced it could not
 * call it; and a library that defined it would break programs that load C++ only for a part of themselves. So a jump to
 * our function is written over its first instructions, once and before the program runs. The overwritten instructions,
 * which only save registers, are copied to a page of their own, followed by a jump to the rest. A form that begins in
 * another way is left alone, which is reported to the command.
 *
 * Each form asks the injector first. A call that is to fail does what the C++ library's own operator does when malloc
 * has no memory: it calls the new handler, if the program has set one, and asks again; otherwise the C++ library throws
 * bad_alloc. A form that does not throw returns NULL and calls no handler, which might throw. All other calls go on by
 * a jump, so that the block, and the stack recorded with it, are the sanitizer's.
 *
 * An allocator's begins with any instruction, of which none need be moved: its malloc serves as well, as long as it
 * does not check that a block from new comes back by delete.
 */
#ifndef NOMEM_OPERATOR_NEW_H
#define NOMEM_OPERATOR_NEW_H

#include "injector.h"

/* Name of the function, its parameters, the same as arguments, and whether it throws. */
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

/* The names of these functions in the C++ libraries libstdc++ and libc++. */
#define NOMEM_NEW_THROW "_ZSt17__throw_bad_allocv"
#define NOMEM_NEW_GET_HANDLER "_ZSt15get_new_handlerv"

/* Addresses that a backend finds, each 0 where there is none. Of the forms only those of a sanitizer or an allocator.
 */
struct nomem__new_functions {
  uintptr_t form[NOMEM_NEW_FORMS];
  uintptr_t throw, get_handler;
  void *(*allocate)(size_t size, size_t alignment); /* serves in place of all forms; alignment 0: any. NULL: the forms
                                                       themselves do */
  bool is_left_alone;                               /* no form can be replaced */
};

/* Defined by the backend. */
NOMEM_HIDDEN void nomem__new_find(struct nomem__new_functions *found);

/* Replaces these forms of operator new. No other thread may call it at the same time. */
NOMEM_HIDDEN void nomem__new_replace(const struct nomem__new_functions *found);

/* Reports to the command, once attached, whether a form could not be replaced. */
NOMEM_HIDDEN void nomem__new_report(void);

#endif
