/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "surroundings.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../process/tracees.h"
#include "../text/memory.h"
#include "process_words.h"

/* So far up the search for the runner's caller goes. */
#define ANCESTORS_MAX 64

static size_t name_length(const char *entry) {
  return strcspn(entry, "=");
}

static bool is_name(const char *entry, const char *name) {
  size_t length = name_length(entry);
  return strlen(name) == length && memcmp(entry, name, length) == 0;
}

/* Whether the name has the word between its underscores, in capitals or not. */
static bool has_word(const char *entry, const char *word) {
  size_t all = name_length(entry), length = strlen(word);
  for (size_t at = 0; at + length <= all; at++) {
    bool begins = at == 0 || !isalnum((unsigned char)entry[at - 1]);
    bool ends = at + length == all || !isalnum((unsigned char)entry[at + length]);
    if (begins && ends && strncasecmp(entry + at, word, length) == 0) return true;
  }
  return false;
}

static bool has_part(const char *entry, const char *part) {
  size_t all = name_length(entry), length = strlen(part);
  for (size_t at = 0; at + length <= all; at++)
    if (strncasecmp(entry + at, part, length) == 0) return true;
  return false;
}

/* "scheme://user:password@host" */
static bool has_password(const char *value) {
  for (const char *at = value; (at = strstr(at, "://")) != NULL;) {
    at += strlen("://");
    size_t host = strcspn(at, "/?# \t\n"), user = strcspn(at, ":/?#@ \t\n");
    if (user < host && at[user] == ':' && memchr(at + user, '@', host - user) != NULL) return true;
  }
  return false;
}

/* What says by itself that it is one: a private key, a header of HTTP, the tokens of well-known services. */
static bool looks_like_secret(const char *value) {
  static const char *const anywhere[] = {"PRIVATE KEY-----", "Authorization:", "Bearer "};
  static const char *const beginnings[] = {"ghp_",  "gho_",  "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-",
                                           "xoxp-", "xoxa-", "AKIA", "ASIA", "npm_", "pypi-",       "eyJ"};
  for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
    if (strcasestr(value, anywhere[i]) != NULL) return true;
  for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
    if (strncmp(value, beginnings[i], strlen(beginnings[i])) == 0) return true;
  return false;
}

bool nomem__environment_is_secret(const char *entry) {
  static const char *const words[] = {"key",  "keys",    "apikey", "pass", "passcode", "pw",     "pwd",    "pat",
                                      "pats", "creds",   "cred",   "auth", "jwt",      "bearer", "cookie", "cookies",
                                      "otp",  "sshpass", "netrc",  "pin",  "webhook",  "dsn",    "pgpass", "htpasswd"};
  static const char *const parts[] = {"token",  "secret",    "passw",      "passphrase", "credential",
                                      "apikey", "accesskey", "privatekey", "authoriz",   "encryptionkey"};
  if (is_name(entry, "PWD") || is_name(entry, "OLDPWD")) return false;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (has_word(entry, words[i])) return true;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (has_part(entry, parts[i])) return true;
  const char *value = strchr(entry, '=');
  return value != NULL && (has_password(value + 1) || looks_like_secret(value + 1));
}

/* What every shell sets anew; what configure scripts and libtool set for shells of other systems; what make tells the
 * makes that it starts, which would look for its job server; and what is nomem's own. */
bool nomem__environment_is_passing(const char *entry) {
  static const char *const names[] = {"_",         "PWD",           "OLDPWD",       "SHLVL",        "LINES",
                                      "COLUMNS",   "BIN_SH",        "DUALCASE",     "MAKEFLAGS",    "MFLAGS",
                                      "MAKELEVEL", "MAKEOVERRIDES", "MAKE_TERMERR", "MAKE_TERMOUT", "GNUMAKEFLAGS"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (is_name(entry, names[i])) return true;
  return strncmp(entry, "NOMEM_", strlen("NOMEM_")) == 0 || strncmp(entry, "BASH_FUNC_", strlen("BASH_FUNC_")) == 0;
}

static bool has_entry(char *const *list, const char *entry) {
  for (; *list != NULL; list++)
    if (strcmp(*list, entry) == 0) return true;
  return false;
}

char **nomem__environment_difference(char *const *now, char *const *base) {
  size_t room = 0, count = 0;
  while (now[room] != NULL) room++;
  char **list = nomem__calloc(room + 1, sizeof *list);
  for (; *now != NULL; now++) {
    if (strchr(*now, '=') == NULL || **now == '=' || nomem__environment_is_passing(*now) || has_entry(base, *now))
      continue;
    list[count++] = nomem__strndup(*now, nomem__environment_is_secret(*now) ? name_length(*now) : strlen(*now));
  }
  return list;
}

void nomem__environment_free_list(char **list) {
  for (char **entry = list; entry != NULL && *entry != NULL; entry++) free(*entry);
  free(list);
}

/* Whether these words are the environment of something that the runner, or a make, has started. */
static bool is_below(const struct nomem__process_words *words, const char *variable) {
  return nomem__process_words_value(words, "MAKELEVEL") != NULL ||
         (variable != NULL && nomem__process_words_value(words, variable) != NULL);
}

/* The environment that the runner, or else the command's parent, was started with; of a make, the outermost one's. All
 * zero: it cannot be read. */
static struct nomem__process_words read_runners(enum nomem__test_runner runner) {
  struct nomem__process_words words = {0}, above;
  struct nomem__status status = {.parent = getppid()};
  for (unsigned i = 0; i < ANCESTORS_MAX && status.parent > 0; i++, nomem__status_read(status.parent, &status)) {
    if (nomem__process_words_read(&above, status.parent, "environ") != 0) break;
    nomem__process_words_free(&words);
    words = above;
    if (!is_below(&words, nomem__test_runner_variable(runner))) break;
  }
  return words;
}

/* The environment that the terminal's shell, or whatever else leads the session, was started with. */
static struct nomem__process_words read_sessions(void) {
  struct nomem__process_words words;
  pid_t leader = getsid(0);
  nomem__process_words_read(&words, leader > 0 && leader != getpid() ? leader : getppid(), "environ");
  return words;
}

/* Where a program finds its libraries: without these it may not even start. */
static char *const *find_library_paths(char *paths[2]) {
  paths[0] = paths[1] = NULL;
  for (char **entry = environ; *entry != NULL && paths[0] == NULL; entry++)
    if (is_name(*entry, "LD_LIBRARY_PATH")) paths[0] = *entry;
  return paths;
}

void nomem__surroundings_of_command(struct nomem__surroundings *surroundings, enum nomem__test_runner runner,
                                    bool wants_all) {
  static char *const none[] = {NULL};
  char *paths[2];
  bool is_whole = wants_all || runner != NOMEM_RUNNER_NONE;
  struct nomem__process_words base = is_whole ? read_runners(runner) : read_sessions();
  char *const *now = is_whole && base.count > 0 ? environ : find_library_paths(paths);
  *surroundings =
      (struct nomem__surroundings){.folder = is_whole ? nomem__checked(getcwd(NULL, 0)) : NULL,
                                   .variables = nomem__environment_difference(now, base.count > 0 ? base.list : none)};
  nomem__process_words_free(&base);
}

void nomem__surroundings_free(struct nomem__surroundings *surroundings) {
  free(surroundings->folder);
  nomem__environment_free_list(surroundings->variables);
  *surroundings = (struct nomem__surroundings){0};
}
