/* SPDX-License-Identifier: MIT */
/* Names of functions in short: what a reader needs of them, on a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/stack/stack_trace.h"
#include "explore/text/function_name.h"

#define LONG_ARGUMENTS "Metric<double, Cloud<std::array<double, 3ul> > >, Cloud<int>, 3, unsigned long"

static const char *shortened(const char *name) {
  static char into[NOMEM_FUNCTION_NAME_BYTES];
  return nomem__shorten_function(name, into);
}

/* Names of C, and short ones of C++, are as they were. */
static void short_names_stay(void **state) {
  (void)state;
  static const char *const names[] = {"",
                                      "main",
                                      "thing_name_length",
                                      "parse(char const*)",
                                      "std::vector<int>::at(unsigned long)",
                                      "Stack<char const*>::push(char const*)",
                                      "(anonymous namespace)::f(int)",
                                      "f [clone .cold]",
                                      "operator<(A const&, A const&)",
                                      "A::operator->() const",
                                      "A::operator()(int) const",
                                      "bool operator< <int>(A<int> const&, int)",
                                      "f()::{lambda()#1}::operator()() const"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_string_equal(shortened(names[i]), names[i]);
}

/* Long template arguments are left out, in the name and in its parameters; then long parameters. */
static void long_arguments_are_left_out(void **state) {
  (void)state;
  assert_string_equal(shortened("Tree<" LONG_ARGUMENTS ">::divide(Tree<" LONG_ARGUMENTS ">&)"),
                      "Tree<...>::divide(Tree<...>&)");
  assert_string_equal(shortened("void sort<" LONG_ARGUMENTS ">(int*)"), "void sort<...>(int*)");
  assert_string_equal(shortened("Tree<(Kind)2, void (*)(std::vector<int>), ((3)>(2))>::find()"), "Tree<...>::find()");
  assert_string_equal(shortened("bool operator< <" LONG_ARGUMENTS ">(int, int)"), "bool operator< <...>(int, int)");
  assert_string_equal(shortened("Map<" LONG_ARGUMENTS ">::operator->() const"), "Map<...>::operator->() const");
  assert_string_equal(shortened("A<&(B::operator>>(int)), long long>::f()"), "A<...>::f()");
  assert_string_equal(
      shortened("name_space::Parser::parse(char const*, unsigned long, name_space::Options const&) const"),
      "name_space::Parser::parse(...) const");
  assert_string_equal(shortened("(anonymous namespace)::parse(char const*, unsigned long, name_space::Options const&)"),
                      "(anonymous namespace)::parse(...)");
}

/* What is no template, or is not closed, is no reason to leave anything out. */
static void odd_names(void **state) {
  (void)state;
  assert_string_equal(shortened("f<aaaaaaaaaaaaaaaaaaaaaaaaaaaa"), "f<aaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  assert_string_equal(shortened("f<(aaaaaaaaaaaaaaaaaaaaaaaaaaa>"), "f<(aaaaaaaaaaaaaaaaaaaaaaaaaaa>");
  assert_string_equal(shortened("<lambda(int, char const*, long)>"), "<lambda(int, char const*, long)>");
  assert_string_equal(shortened(">>)}"), ">>)}");
}

/* Whatever else is too long is cut. */
static void no_name_is_longer_than_its_room(void **state) {
  (void)state;
  static const char ends[] = "<({>)} o:";
  enum { BYTES = 70000 };
  char *name = malloc(BYTES + 1);
  assert_non_null(name);
  for (const char *end = ends; *end != '\0'; end++) {
    memset(name, *end, BYTES);
    name[0] = 'f';
    name[BYTES] = '\0';
    const char *text = shortened(name);
    assert_int_equal(strlen(text), NOMEM_FUNCTION_NAME_BYTES - 1);
    assert_string_equal(text + strlen(text) - 3, "...");
  }
  free(name);
}

/* It is how functions are named in headings and in stacks. */
static void stacks_have_short_names(void **state) {
  (void)state;
  const struct nomem__source_frame source = {
      .function = "Tree<" LONG_ARGUMENTS ">::divide(Tree<" LONG_ARGUMENTS ">&)", .file = "tree.cc", .line = 7};
  const struct nomem__trace_frame frame = {.path = "/bin/tree"};
  char text[100] = "";
  FILE *out = fmemopen(text, sizeof text, "w");
  assert_non_null(out);
  nomem__trace_print_source(out, &frame, &source);
  fclose(out);
  assert_string_equal(text, "Tree<...>::divide(Tree<...>&) (tree.cc:7)");
}

static void allocation_functions(void **state) {
  (void)state;
  static const char *const they[] = {"malloc",           "xmalloc",      "uv__calloc", "jsonp_malloc",
                                     "g_malloc0_n",      "uv__reallocf", "my_strdup",  "event_mm_malloc_",
                                     "sqlite3_malloc64", "xmlStrdup",    "dbMalloc",   "CRYPTO_zalloc"};
  static const char *const others[] = {"malloc_trim", "node_alloc", "allocate", "strdup_list", "reallocate", "append"};
  for (size_t i = 0; i < sizeof they / sizeof *they; i++) assert_true(nomem__is_allocation_function(they[i]));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(nomem__is_allocation_function(others[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(allocation_functions),
      cmocka_unit_test(short_names_stay),
      cmocka_unit_test(long_arguments_are_left_out),
      cmocka_unit_test(odd_names),
      cmocka_unit_test(no_name_is_longer_than_its_room),
      cmocka_unit_test(stacks_have_short_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
