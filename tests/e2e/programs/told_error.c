/* SPDX-License-Identifier: MIT */
/* A library (with LIB) and its test. What cannot be copied for want of memory is a bad host to the library: its error
 * is another than what was the matter. MENDED: it is not. NUMBERS: its errors are negative errno; OWN: they are its own
 * numbers, which look alike. UNNAMED: it has no name for a want of memory. TWICE: two calls fail below the one whose
 * NULL is a bad host to it; TWO_BUGS: it is wrong about another one, too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined NUMBERS
typedef int url_error;
enum { URL_OK = 0, URL_BAD_HOST = -EINVAL, URL_NO_MEMORY = -ENOMEM };
#elif defined OWN
typedef int url_error;
enum { URL_OK = 0, URL_BAD_HOST = -EINVAL, URL_NO_MEMORY = -EINVAL };
#elif defined UNNAMED
typedef enum { URL_OK, URL_BAD_HOST, URL_NO_MEMORY_LEFT_OUT } error_number;
#define URL_NO_MEMORY URL_BAD_HOST
typedef enum { URL_FINE, URL_WRONG_SCHEME, URL_WRONG_HOST } url_error;
#else
typedef enum { URL_OK, URL_BAD_HOST, URL_NO_MEMORY } error_number;
typedef error_number url_error;
#endif

url_error url_check(const char *url);

#ifdef LIB
static char *host_of(const char *url) {
  const char *from = strstr(url, "//");
#ifdef TWICE
  char *port = from != NULL ? strdup(from) : NULL;
  if (port == NULL) return NULL;
  free(port);
#endif
  return from != NULL ? strdup(from + 2) : NULL;
}

static url_error check_host(const char *url) {
  char *host = host_of(url);
  if (host == NULL) {
#ifdef MENDED
    return (url_error)URL_NO_MEMORY;
#else
    return (url_error)URL_BAD_HOST;
#endif
  }
  free(host);
#ifdef TWO_BUGS
  char *path = strdup(url);
  if (path == NULL) return (url_error)URL_BAD_HOST;
  free(path);
#endif
  return (url_error)URL_OK;
}

url_error url_check(const char *url) {
  char *scheme = strndup(url, strcspn(url, ":"));
  if (scheme == NULL) return (url_error)URL_NO_MEMORY;
  free(scheme);
  return check_host(url);
}
#else
int main(void) {
  url_error error = url_check("http://example.org/");
  if (error != 0) fprintf(stderr, "refused: %d\n", (int)error);
  return error != 0;
}
#endif
