/* SPDX-License-Identifier: MIT */
/* A test whose exit status does not say that it failed, but its output does: it frees nothing then. With an argument,
 * the library loses what it has allocated. */
#include <stdio.h>
#include <stdlib.h>

struct stack {
  char *top;
  char *item;
};

char *library_item(void);
int library_push(struct stack *stack, char *item);
int library_make(struct stack *stack);

#ifdef LIBRARY
char *library_item(void) {
  return calloc(1, 24);
}

int library_push(struct stack *stack, char *item) {
  char *top = malloc(32);
  if (top == NULL) return -1;
  stack->top = top;
  stack->item = item;
  return 0;
}

/* planted: what it has is lost when it cannot be pushed */
int library_make(struct stack *stack) {
  char *item = malloc(16);
  if (item == NULL) return -1;
  if (library_push(stack, item) == 0) return 0;
#ifdef MENDED
  free(item);
#endif
  return -1;
}
#else
/* What the test says takes memory of its own. */
static void say(const char *text) {
  char *line = malloc(64);
  if (line == NULL) return;
  snprintf(line, 64, "[       OK ] %s\n", text);
  fputs(line, stdout);
  free(line);
}

int main(int argc, char **argv) {
  (void)argv;
  struct stack stack = {NULL, NULL};
  int result = argc > 1 ? library_make(&stack) : library_push(&stack, library_item());
#ifdef DOES_WITHOUT
  result = 0;
#endif
  if (result != 0) {
    fprintf(stderr, "[  FAILED  ] pushes\n");
    return 0;
  }
  free(stack.item);
  free(stack.top);
  say("pushes");
  return 0;
}
#endif
