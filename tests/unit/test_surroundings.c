/* SPDX-License-Identifier: MIT */
/* What a line to paste must set up, and what it must never hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "explore/process/tracees.h"
#include "explore/run/process_words.h"
#include "explore/run/surroundings.h"

#define ENTRIES(...)  \
  (char *[]) {        \
    __VA_ARGS__, NULL \
  }

static void check_difference(char *const *now, char *const *base, char *const *wanted) {
  char **list = nomem__environment_difference(now, base);
  size_t i = 0;
  for (; list[i] != NULL && wanted[i] != NULL; i++) assert_string_equal(list[i], wanted[i]);
  assert_true(list[i] == NULL && wanted[i] == NULL);
  nomem__environment_free_list(list);
}

/* What is new or has another value is there, in order; what is the same, or was taken away, is not. */
static void what_differs(void **state) {
  (void)state;
  check_difference(ENTRIES("A=1", "B=2", "C=3", "D="), ENTRIES("A=1", "B=3", "E=4"), ENTRIES("B=2", "C=3", "D="));
  check_difference(ENTRIES("AB=1"), ENTRIES("A=1"), ENTRIES("AB=1"));
}

/* What every shell and every make sets anew is no difference, nor is nomem's own. */
static void what_passes(void **state) {
  (void)state;
  check_difference(ENTRIES("PWD=/x", "OLDPWD=/y", "SHLVL=3", "_=/bin/x", "MAKEFLAGS= --jobserver-fds=3,4",
                           "MAKELEVEL=2", "NOMEM_STORE=x", "BASH_FUNC_f%%=() { :; }", "=broken", "broken", "PWDX=1"),
                   ENTRIES("A=1"), ENTRIES("PWDX=1"));
}

/* Of a secret there is the name alone, whichever way it is written; and its value is nowhere. */
static void secrets(void **state) {
  (void)state;
  check_difference(ENTRIES("GH_TOKEN=a", "AWS_SECRET_ACCESS_KEY=b", "password=c", "DbPassword=d", "X_PWD=e",
                           "DATABASE_URL=postgres://me:word@host/db", "API-KEY=f", "sshpass=g", "NPM_AUTH=h",
                           "SLACK_WEBHOOK=https://hooks.example/x", "NETRC=machine x", "SENTRY_DSN=https://i@x/1",
                           "A=ghp_16C7e42F", "B=-----BEGIN RSA PRIVATE KEY-----", "C=eyJhbGciOi.eyJ.x"),
                   ENTRIES("A=1"),
                   ENTRIES("GH_TOKEN", "AWS_SECRET_ACCESS_KEY", "password", "DbPassword", "X_PWD", "DATABASE_URL",
                           "API-KEY", "sshpass", "NPM_AUTH", "SLACK_WEBHOOK", "NETRC", "SENTRY_DSN", "A", "B", "C"));
}

/* Names that only look like those. */
static void no_secrets(void **state) {
  static const char *const entries[] = {"PATH=/bin:/usr/bin",
                                        "KEYBOARD=de",
                                        "MONKEY=1",
                                        "AUTHOR=me",
                                        "COMPASS=n",
                                        "PWD=/x",
                                        "URL=http://host:80/a@b",
                                        "URL=http://me@host/",
                                        "SSL_CERT_FILE=x",
                                        "PATTERN=x",
                                        "LD_LIBRARY_PATH=lib",
                                        "SPINNER=1",
                                        "npm_config_x=npm",
                                        "SIGNAL=9"};
  (void)state;
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
    if (nomem__environment_is_secret(entries[i])) fail_msg("%s", entries[i]);
}

/* A process's words come as they are, empty ones included. */
static void words_of_a_process(void **state) {
  struct nomem__process_words words;
  (void)state;
  assert_int_equal(nomem__process_words_read(&words, getpid(), "cmdline"), 0);
  assert_true(words.count >= 1 && words.list[words.count] == NULL);
  assert_non_null(strstr(words.list[0], "test_surroundings"));
  nomem__process_words_free(&words);
  assert_true(nomem__process_words_read(&words, 0, "environ") < 0);
  struct nomem__status status;
  nomem__status_read(getpid(), &status);
  assert_int_equal(status.parent, getppid());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_differs), cmocka_unit_test(what_passes),        cmocka_unit_test(secrets),
      cmocka_unit_test(no_secrets),   cmocka_unit_test(words_of_a_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
