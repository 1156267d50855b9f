/* SPDX-License-Identifier: MIT */
/* Calls that must never be made inside the program under test do not compile. Include this header last. */
#ifndef NOMEM_FORBIDDEN_CALLS_H
#define NOMEM_FORBIDDEN_CALLS_H

#pragma GCC poison malloc calloc realloc free strdup strndup asprintf vasprintf open close read
#pragma GCC poison printf fprintf snprintf sprintf vsnprintf puts fputs fopen fclose fwrite fread perror strerror
#pragma GCC poison exit abort assert pthread_mutex_lock pthread_once setlocale strtod getenv setenv dl_iterate_phdr

#endif
