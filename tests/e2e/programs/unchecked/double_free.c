/* SPDX-License-Identifier: MIT */
/* One function frees what it has made and leaves the pointer to its callers, each of which frees it in its own way. */
/* says: freed first */
/* heading: [a-z]* in */
#include <stdlib.h>

#define NOINLINE __attribute__((noinline))

struct node {
  struct node *left, *right;
};

NOINLINE static void node_free(struct node *node) {
  if (node == NULL) return;
  node_free(node->left);
  free(node);
}

NOINLINE static struct node *node_new(void) {
  return calloc(1, sizeof(struct node));
}

NOINLINE static int parse_pair(struct node **top) {
  *top = node_new();
  if (*top == NULL) return -1;
  struct node *right = node_new();
  if (right == NULL) {
    node_free(*top); /* unchecked */
#ifdef MENDED
    *top = NULL;
#endif
    return -1;
  }
  node_free(right);
  return 0;
}

NOINLINE static int parse_group(void) {
  struct node *node = NULL;
  int status = parse_pair(&node);
  node_free(node);
  return status;
}

NOINLINE static int parse_list(void) {
  struct node *node = NULL;
  int status = parse_pair(&node);
  free(node);
  return status;
}

int main(void) {
  return parse_group() != 0 || parse_list() != 0;
}
