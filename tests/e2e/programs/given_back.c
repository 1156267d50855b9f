/* SPDX-License-Identifier: MIT */
/* A library (with LIB) and its test. A context takes a copy of what a session has and, when it has no memory for the
 * rest, keeps a block that is the session's: who gives both back frees it twice. With MENDED it keeps nothing. With
 * STALE it is the test that gives back twice: once before the call that failed, and once after it. */
#include <stdlib.h>
#include <string.h>

struct session {
  char *ticket, *name;
};

struct context {
  struct session session;
};

struct session *session_new(void);
void session_free(struct session *session);
struct context *context_new(void);
int context_set(struct context *context, const struct session *session);
void context_free(struct context *context);
int session_renew(struct session **session);

#ifdef LIB
struct session *session_new(void) {
  struct session *session = calloc(1, sizeof *session);
  if (session == NULL) return NULL;
  session->ticket = strdup("ticket");
  session->name = strdup("name");
  if (session->ticket == NULL || session->name == NULL) {
    session_free(session);
    return NULL;
  }
  return session;
}

void session_free(struct session *session) {
  if (session == NULL) return;
  free(session->ticket);
  free(session->name);
  free(session);
}

struct context *context_new(void) {
  return calloc(1, sizeof(struct context));
}

int context_set(struct context *context, const struct session *session) {
#ifndef MENDED
  context->session = *session;
#endif
  char *name = strdup(session->name);
  char *ticket = name != NULL ? strdup(session->ticket) : NULL;
#ifndef MENDED
  context->session.name = name;
#endif
  if (ticket == NULL) {
#ifdef MENDED
    free(name);
#endif
    return -1;
  }
  context->session = (struct session){ticket, name};
  return 0;
}

void context_free(struct context *context) {
  if (context == NULL) return;
  free(context->session.ticket);
  free(context->session.name);
  free(context);
}

int session_renew(struct session **session) {
  struct session *renewed = session_new();
  if (renewed == NULL) return -1;
  *session = renewed;
  return 0;
}

#elif defined STALE
int main(void) {
  struct session *session = session_new();
  if (session == NULL) return 1;
  session_free(session);
  int result = session_renew(&session);
  session_free(session);
  return result != 0;
}

#else
int main(void) {
  int result = 0;
  struct session *session = session_new();
  struct context *context = context_new();
  if (session == NULL || context == NULL) result = 1;
  if (result == 0) result = context_set(context, session);
  context_free(context);
  session_free(session);
  return result != 0;
}
#endif
