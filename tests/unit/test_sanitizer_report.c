/* SPDX-License-Identifier: MIT */
/* What the sanitizers report, as they wrote it (gcc 12, clang 14 and 19), and what only looks like it. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/run/sanitizer_report.h"

#define GARBAGE_ROUNDS 2000

static struct nomem__sanitizer_text found;

static bool parse(const char *text, size_t *at) {
  return nomem__sanitizer_parse(text, strlen(text), at, &found);
}

/* The text has one report, of this kind, whose first stack has so many frames, the first of them at this offset. */
static void assert_one(const char *text, const char *kind, unsigned depth, const char *path, uint64_t offset) {
  size_t at = 0;
  assert_true(parse(text, &at));
  assert_string_equal(found.report.kind, kind);
  assert_int_equal(found.report.trace.depth, depth);
  assert_int_equal(found.path[0].bytes, strlen(path));
  assert_memory_equal(found.path[0].start, path, strlen(path));
  assert_int_equal(found.report.trace.frame[0].offset, offset);
  assert_false(parse(text, &at));
}

/* AddressSanitizer: the stack of the access, not those of the allocation and the free. */
static void address(void **state) {
  (void)state;
  assert_one(
      "=================================================================\n"
      "==14520==ERROR: AddressSanitizer: heap-use-after-free on address 0x602000000011 at pc 0x5555555551d7 bp "
      "0x7fffffffe500 sp 0x7fffffffe4f8\n"
      "WRITE of size 1 at 0x602000000011 thread T0\n"
      "#0 0x5555555551d6 (/tmp/a folder/prog-gasan+0x11d6)\n"
      "#1 0x7ffff7645249 (/lib/x86_64-linux-gnu/libc.so.6+0x27249)\n"
      "#2 0x7ffff7645304 (/lib/x86_64-linux-gnu/libc.so.6+0x27304)\n"
      "\n"
      "0x602000000011 is located 1 bytes inside of 10-byte region [0x602000000010,0x60200000001a)\n"
      "freed by thread T0 here:\n"
      "#0 0x7ffff78b76a8 (/lib/x86_64-linux-gnu/libasan.so.8+0xb76a8)\n"
      "#1 0x55555555519a (/tmp/a folder/prog-gasan+0x119a)\n"
      "SUMMARY: AddressSanitizer: heap-use-after-free (/tmp/a folder/prog-gasan+0x11d6) \n"
      "==14520==ABORTING\n",
      "AddressSanitizer: heap-use-after-free", 3, "/tmp/a folder/prog-gasan", 0x11d6);
  assert_false(found.report.is_leak);
  assert_one(
      "==1==ERROR: AddressSanitizer: attempting double-free on 0x502000000010 in thread T0:\n"
      "    #0 0x55555561f336  (/x/prog+0xcb336) (BuildId: 01)\n",
      "AddressSanitizer: attempting double-free", 1, "/x/prog", 0xcb336);
  assert_one(
      "==1==ERROR: AddressSanitizer: attempting free on address which was not malloc()-ed: 0x7ffc in thread T0\n"
      "#0 0x1 (/x+0x1)\n",
      "AddressSanitizer: attempting free on address which was not malloc()-ed", 1, "/x", 1);
  assert_one(
      "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x000000000000 (pc 0x55 bp 0x7f sp 0x7f T0)\n"
      "==1==The signal is caused by a READ memory access.\n"
      "==1==Hint: address points to the zero page.\n"
      "#0 0x1 (/x+0x1)\n",
      "AddressSanitizer: SEGV", 1, "/x", 1);
  assert_one(
      "==1==ERROR: AddressSanitizer: alloc-dealloc-mismatch (malloc vs operator delete) on 0x602000000010\n"
      "#0 0x1 (/x+0x1)\n",
      "AddressSanitizer: alloc-dealloc-mismatch (malloc vs operator delete)", 1, "/x", 1);
}

/* A report of a signal is of that signal only. */
static void signals(void **state) {
  (void)state;
  assert_true(nomem__sanitizer_is_of_signal("AddressSanitizer: SEGV", SIGSEGV));
  assert_true(nomem__sanitizer_is_of_signal("ThreadSanitizer: BUS", SIGBUS));
  assert_true(nomem__sanitizer_is_of_signal("AddressSanitizer: stack-overflow", SIGSEGV));
  assert_false(nomem__sanitizer_is_of_signal("AddressSanitizer: SEGV", SIGBUS));
  assert_false(nomem__sanitizer_is_of_signal("AddressSanitizer: stack-overflow", SIGBUS));
  assert_false(nomem__sanitizer_is_of_signal("AddressSanitizer: heap-use-after-free", SIGSEGV));
  assert_false(nomem__sanitizer_is_of_signal("", SIGSEGV));
}

/* UndefinedBehaviorSanitizer: one report after the other. Only the numbers in what they say make no difference. */
static void undefined(void **state) {
  static const char text[] =
      "ub.c:2:116: runtime error: member access within null pointer of type 'struct pair'\n"
      "#0 0x555555584e03 (/x/ub+0x30e03)\n"
      "#1 0x7ffff7ce9249 (/lib/x86_64-linux-gnu/libc.so.6+0x27249)\n"
      "\n"
      "SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior ub.c:2:116 \n"
      "ub.c:2:138: runtime error: signed integer overflow: 2147483647 + 1 cannot be represented in type 'int'\n"
      "#0 0x555555584e4d (/x/ub+0x30e4d)\n";
  size_t at = 0;
  (void)state;
  assert_true(parse(text, &at));
  assert_string_equal(found.report.kind,
                      "UndefinedBehaviorSanitizer: member access within null pointer of type 'struct pair'");
  assert_int_equal(found.report.trace.depth, 2);
  uint64_t first = found.hash;
  assert_true(parse(text, &at));
  assert_string_equal(found.report.kind, "UndefinedBehaviorSanitizer: signed integer overflow");
  assert_int_equal(found.report.trace.frame[0].offset, 0x30e4d);
  assert_int_not_equal(found.hash, first);
  assert_false(parse(text, &at));

  uint64_t hash[4];
  static const char *const lines[] = {
      "a.c:1:2: runtime error: index 10 out of bounds\n", "a.c:1:2: runtime error: index 11 out of bounds\n",
      "a.c:2:2: runtime error: index 10 out of bounds\n", "a.c:1:2: runtime error: index 10 in bounds\n"};
  for (size_t i = 0; i < 4; i++) {
    at = 0;
    assert_true(parse(lines[i], &at));
    assert_int_equal(found.report.trace.depth, 0);
    hash[i] = found.hash;
  }
  assert_int_equal(hash[0], hash[1]);
  assert_int_not_equal(hash[0], hash[2]);
  assert_int_not_equal(hash[0], hash[3]);
}

/* Each stack at which memory was allocated that is left; what only such memory points to, where there is nothing
 * else. */
static void leaks(void **state) {
  (void)state;
  size_t at = 0;
  const char *text =
      "==1==ERROR: LeakSanitizer: detected memory leaks\n"
      "\nDirect leak of 1000 byte(s) in 1 object(s) allocated from:\n#0 0x1 (/x+0x1)\n#1 0x2 (/x+0x2)\n"
      "\nDirect leak of 10 byte(s) in 1 object(s) allocated from:\n#0 0x1 (/x+0x1)\n#1 0x3 (/x+0x3)\n"
      "\nIndirect leak of 7 byte(s) in 1 object(s) allocated from:\n#0 0x1 (/x+0x4)\n";
  assert_true(parse(text, &at));
  uint64_t first = found.hash;
  assert_int_equal(found.report.trace.frame[1].offset, 2);
  assert_true(parse(text, &at));
  assert_int_equal(found.report.trace.frame[1].offset, 3);
  assert_true(found.hash != first);
  assert_false(parse(text, &at));
  assert_one(
      "==1==ERROR: LeakSanitizer: detected memory leaks\n"
      "\nIndirect leak of 7 byte(s) in 1 object(s) allocated from:\n#0 0x1 (/x+0x4)\n",
      "LeakSanitizer: detected memory leaks", 1, "/x", 4);
  assert_true(found.report.is_leak);
}

/* Each allocation goes through the injector, of which no frame is shown, or compared. */
static void frames_of_the_injector(void **state) {
  (void)state;
  static const char report[] =
      "==1==ERROR: LeakSanitizer: detected memory leaks\n"
      "\nDirect leak of 10 byte(s) in 1 object(s) allocated from:\n#0 0x1 (/x/libasan.so.8+0x1)\n"
      "#1 0x2 (/x/libnomem-preload.so+0x2)\n#2 0x3 (/x/libnomem-preload.so+0x3)\n#3 0x4 (/x/program+0x4)\n";
  size_t at = 0;
  assert_true(parse(report, &at));
  assert_int_equal(found.report.trace.depth, 2);
  assert_int_equal(found.report.trace.frame[1].offset, 4);
  assert_memory_equal(found.path[1].start, "/x/program", found.path[1].bytes);
  assert_one("==1==ERROR: AddressSanitizer: SEGV\n#0 0x1 (/my-libnomem-preload.so+0x1)\n", "AddressSanitizer: SEGV", 1,
             "/my-libnomem-preload.so", 1);
}

/* LeakSanitizer, MemorySanitizer and ThreadSanitizer. */
static void child_residue(void **state) {
  (void)state;
  assert_one(
      "\n=================================================================\n"
      "==15309==ERROR: LeakSanitizer: detected memory leaks\n"
      "\n"
      "Direct leak of 100 byte(s) in 1 object(s) allocated from:\n"
      "#0 0x7ffff78b89cf (/lib/x86_64-linux-gnu/libasan.so.8+0xb89cf)\n"
      "#1 0x555555555186 (/tmp/san/rec/prog-glsan+0x1186)\n"
      "\n"
      "SUMMARY: AddressSanitizer: 100 byte(s) leaked in 1 allocation(s).\n",
      "LeakSanitizer: detected memory leaks", 2, "/lib/x86_64-linux-gnu/libasan.so.8", 0xb89cf);
  assert_true(found.report.is_leak);
  assert_one(
      "==15558==WARNING: MemorySanitizer: use-of-uninitialized-value\n"
      "#0 0x5555555fb3eb (/x/msan+0xa73eb)\n"
      "SUMMARY: MemorySanitizer: use-of-uninitialized-value (/x/msan+0xa73eb)\n"
      "Exiting\n",
      "MemorySanitizer: use-of-uninitialized-value", 1, "/x/msan", 0xa73eb);
  assert_one(
      "==================\n"
      "WARNING: ThreadSanitizer: data race (pid=15699)\n"
      "  Read of size 4 at 0x5555555580e8 by main thread:\n"
      "#0 0x555555555350 (/x/tsan+0x134f)\n"
      "#1 0x55555555540b (/x/tsan+0x140a)\n"
      "\n"
      "  Previous write of size 4 at 0x5555555580e8 by thread T1 (mutexes: write M0):\n"
      "#0 0x555555555268 (/x/tsan+0x1267)\n"
      "SUMMARY: ThreadSanitizer: data race (/x/tsan+0x134f) \n",
      "ThreadSanitizer: data race", 2, "/x/tsan", 0x134f);
  assert_false(found.report.is_leak);
}

/* Other programs have run-time errors, too, and speak of sanitizers; a warning is no error of all of them. */
static void no_reports(void **state) {
  static const char *const texts[] = {"",
                                      "\n",
                                      "panic: runtime error: index out of range [5] with length 3\n",
                                      "runtime error: x\n",
                                      "lua: runtime error: x\n",
                                      "SUMMARY: AddressSanitizer: heap-use-after-free (/x+0x1)\n",
                                      "==1==WARNING: AddressSanitizer: something\n",
                                      "==1==WARNING: AddressSanitizer failed to allocate 0x10 bytes\n",
                                      "built with AddressSanitizer: yes\n",
                                      "ERROR: HygieneSanitizer: dry\n",
                                      "ERROR: AddressSanitizer:DEADLYSIGNAL\n",
                                      "ERROR: AddressSanitizer"};
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    size_t at = 0;
    if (parse(texts[i], &at)) fail_msg("taken for a report: %s", texts[i]);
  }
}

/* Frames that are out of order, symbolised, without a module, or not to be read end a stack or have no place in it. */
static void odd_frames(void **state) {
  size_t at = 0;
  (void)state;
  assert_true(
      parse("==1==ERROR: AddressSanitizer: x on 0x1\n#0 0x1 in main a.c:1\n#1 0x2 (relative+0x3)\n"
            "#2 0x3 (/a+0xb+0xc)\n#3 0x4 (/a+0xfffffffffffffffffffff)\n#4 0x5 (/a+0x)\n#6 0x6 (/a+0x1)\n",
            &at));
  assert_int_equal(found.report.trace.depth, 5);
  assert_int_equal(found.path[0].bytes, 0);
  assert_int_equal(found.path[1].bytes, 0);
  assert_int_equal(found.path[2].bytes, strlen("/a+0xb"));
  assert_int_equal(found.report.trace.frame[2].offset, 0xc);
  assert_int_equal(found.path[3].bytes, 0);
  assert_int_equal(found.path[4].bytes, 0);

  /* The next report's stack is not this one's. */
  at = 0;
  assert_true(parse("a.c:1:1: runtime error: x\nb.c:2:2: runtime error: y\n#0 0x1 (/a+0x1)\n", &at));
  assert_int_equal(found.report.trace.depth, 0);

  char deep[1 << 14];
  int bytes = snprintf(deep, sizeof deep, "==1==ERROR: AddressSanitizer: stack-overflow on address 0x1\n");
  for (int i = 0; i < 3 * NOMEM_TRACE_DEPTH; i++)
    bytes += snprintf(deep + bytes, sizeof deep - (size_t)bytes, "#%d 0x1 (/a+0x1)\n", i);
  at = 0;
  assert_true(parse(deep, &at));
  assert_int_equal(found.report.trace.depth, NOMEM_TRACE_DEPTH);
}

/* A kind is printable and fits, whatever is written. */
static void assert_sane(void) {
  assert_true(memchr(found.report.kind, '\0', sizeof found.report.kind) != NULL);
  for (const char *c = found.report.kind; *c != '\0'; c++) assert_in_range(*c, ' ', '~');
  assert_true(found.report.trace.depth <= NOMEM_TRACE_DEPTH);
}

/* Reports cut, shuffled and spoiled end in no report or a sane one, and the search goes on to its end. */
static void garbage(void **state) {
  static const char *const parts[] = {"==1==ERROR: AddressSanitizer: ",
                                      "WARNING: ThreadSanitizer: ",
                                      "a.c:1:2",
                                      ": runtime error: ",
                                      "Sanitizer: ",
                                      "#0 0x1 (/a+0x1)\n",
                                      "#1 0x2 (",
                                      "+0x",
                                      "\n",
                                      ")",
                                      " on address 0x",
                                      "\033[31m",
                                      "\xff\xfe",
                                      "(/\n",
                                      "#"};
  char text[600];
  (void)state;
  srand(1);
  for (int round = 0; round < GARBAGE_ROUNDS; round++) {
    size_t bytes = 0, at = 0, last = 0;
    while (bytes < sizeof text - 64) {
      const char *part = parts[(size_t)rand() % (sizeof parts / sizeof *parts)];
      memcpy(text + bytes, part, strlen(part));
      bytes += strlen(part);
      if (rand() % 8 == 0) text[bytes++] = (char)rand();
    }
    char *exact = malloc(bytes); /* what is read beyond its end, a memory checker sees */
    assert_non_null(exact);
    memcpy(exact, text, bytes);
    while (nomem__sanitizer_parse(exact, bytes, &at, &found)) {
      assert_sane();
      assert_true(at > last);
      last = at;
    }
    free(exact);
  }
}

/* A flood in one line, and one in many, is read through once, and not once for each head. */
static void flood(void **state) {
  static char text[NOMEM_SANITIZER_OUTPUT];
  static const char *const words[] = {": runtime error: ", "a:1: runtime error: \n", "ERROR: AddressSanitizer: "};
  (void)state;
  for (size_t i = 0; i < 3; i++) {
    for (size_t at = 0; at < sizeof text; at++) text[at] = words[i][at % strlen(words[i])];
    size_t at = 0, count = 0;
    while (nomem__sanitizer_parse(text, sizeof text, &at, &found)) count++;
    assert_true(count <= sizeof text / 16);
  }
}

static int output_of(const char *text) {
  int fd = memfd_create("output", MFD_CLOEXEC);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  return fd;
}

/* What the program reports without any fault is its own; all else is new. */
static void known(void **state) {
  static const char own[] = "a.c:1:2: runtime error: x\n#0 0x1 (/a+0x1)\n",
                    both[] = "a.c:1:2: runtime error: x\n#0 0x1 (/a+0x1)\nb.c:1:2: runtime error: y\n#0 0x9 (/a+0x9)\n";
  struct nomem__sanitizer_memory memory = {0};
  struct nomem__sanitizer_report report;
  int own_fd = output_of(own), both_fd = output_of(both);
  (void)state;
  nomem__sanitizer_learn(&memory, own_fd, sizeof own - 1);
  nomem__sanitizer_read(&memory, own_fd, sizeof own - 1, &report);
  assert_string_equal(report.kind, "");
  nomem__sanitizer_read(&memory, both_fd, sizeof both - 1, &report);
  assert_string_equal(report.kind, "UndefinedBehaviorSanitizer: y");
  assert_string_equal(report.trace.frame[0].path, "/a");
  assert_int_equal(report.trace.frame[0].offset, 9);
  nomem__sanitizer_read(&memory, both_fd, 0, &report);
  assert_string_equal(report.kind, "");
  nomem__sanitizer_forget(&memory);
  close(own_fd);
  close(both_fd);
}

/* A report that is cut short wherever that may be is read to its end, and no byte further: behind it is no memory. */
static void cut(void **state) {
  static const char *const texts[] = {
      "==1==ERROR: LeakSanitizer: detected memory leaks\nDirect leak of 10 byte(s)\n    #0 0x1 (/a+0x1)\n",
      "==1==ERROR: AddressSanitizer: SEGV on unknown address\n    #0 0x1 (/a+0x1)\n",
      "/a.c:1:2: runtime error: x\n    #0 0x1 (/a+0x1)\n"};
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  (void)state;
  char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(pages, MAP_FAILED);
  assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (size_t bytes = strlen(texts[i]); bytes > 0; bytes--) {
      char *text = memcpy(pages + page - bytes, texts[i], bytes);
      size_t at = 0;
      while (nomem__sanitizer_parse(text, bytes, &at, &found)) assert_in_range(at, 1, bytes);
    }
  munmap(pages, 2 * page);
}

static const char *value_of(char *entries[NOMEM_SANITIZER_OPTIONS], const char *name) {
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++)
    if (strncmp(entries[i], name, strlen(name)) == 0 && entries[i][strlen(name)] == '=')
      return entries[i] + strlen(name) + 1;
  return "";
}

/* What the user has set stands between what may be changed and what may not: the last one counts. */
static void options(void **state) {
  char *entries[NOMEM_SANITIZER_OPTIONS];
  (void)state;
  setenv("ASAN_OPTIONS", "handle_segv=1:abort_on_error=0", 1);
  unsetenv("TSAN_OPTIONS");
  nomem__sanitizer_options(true, true, entries);
  const char *asan = value_of(entries, "ASAN_OPTIONS"), *tsan = value_of(entries, "TSAN_OPTIONS");
  assert_true(strstr(asan, "handle_segv=0") < strstr(asan, "handle_segv=1"));
  assert_true(strstr(asan, "abort_on_error=0") < strstr(asan, "abort_on_error=1"));
  assert_non_null(strstr(asan, "detect_leaks=0"));
  assert_non_null(strstr(asan, "symbolize=0"));
  assert_null(strstr(tsan, "::"));
  assert_null(strstr(tsan, "exitcode"));
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) {
    assert_non_null(nomem__sanitizer_variable(entries[i]));
    free(entries[i]);
  }
  nomem__sanitizer_options(false, false, entries);
  asan = value_of(entries, "ASAN_OPTIONS");
  assert_null(strstr(asan, "detect_leaks"));
  assert_null(strstr(asan, "symbolize"));
  for (size_t i = 0; i < NOMEM_SANITIZER_OPTIONS; i++) free(entries[i]);
  unsetenv("ASAN_OPTIONS");
  assert_null(nomem__sanitizer_variable("ASAN_OPTIONS_OF_MINE=1"));
  assert_null(nomem__sanitizer_variable("PATH=/bin"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(address),       cmocka_unit_test(undefined),
      cmocka_unit_test(leaks),         cmocka_unit_test(frames_of_the_injector),
      cmocka_unit_test(child_residue), cmocka_unit_test(no_reports),
      cmocka_unit_test(odd_frames),    cmocka_unit_test(garbage),
      cmocka_unit_test(flood),         cmocka_unit_test(known),
      cmocka_unit_test(options),       cmocka_unit_test(cut),
      cmocka_unit_test(signals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
