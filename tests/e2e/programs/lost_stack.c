/* SPDX-License-Identifier: MIT */
/* A program that gives up, as gives_up.c. Its stack grows by a function that allocates, copies and frees; what it
 * cannot copy is still the caller's, who with LOSES has lost it, whoever made it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stack {
  int *list;
  size_t count, room;
};

__attribute__((noinline)) static void *my_realloc(void *old, size_t old_bytes, size_t bytes) {
  void *copy = malloc(bytes);
  if (copy == NULL) return NULL;
  memcpy(copy, old, old_bytes);
  free(old);
  return copy;
}

__attribute__((noinline)) static int push(struct stack *stack, int value) {
  if (stack->count == stack->room) {
    size_t bytes = stack->room * sizeof value;
    int *list = bytes == 0 ? malloc(4 * sizeof value) : my_realloc(stack->list, bytes, 2 * bytes);
    if (list == NULL) {
#ifdef LOSES
      stack->list = NULL;
#endif
      return -1;
    }
    stack->list = list;
    stack->room = bytes == 0 ? 4 : 2 * stack->room;
  }
  stack->list[stack->count++] = value;
  return 0;
}

__attribute__((noinline)) static int fill(struct stack *stack) {
  for (int i = 0; i < 20; i++)
    if (push(stack, i) != 0) return -1;
  return 0;
}

int main(void) {
  struct stack stack = {0};
  int result = fill(&stack);
  if (result != 0) fputs("no memory\n", stderr);
  free(stack.list);
  return result != 0;
}
