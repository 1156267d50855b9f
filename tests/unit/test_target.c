/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../faults/explore/target/target_check.h"

/* Enough to meet every kind of damage in the tables, in about a second. */
#define MUTATIONS 3000
#define CUTS 200

static char folder[] = "/tmp/nomem-test-target-XXXXXX";
static struct nomem__target target;
static char reason[NOMEM_TARGET_REASON_BYTES];
static char *image; /* this test program's file */
static size_t image_bytes;

/* Writes a file into the folder, which is the working directory. */
static void put(const char *name, const void *data, size_t bytes, mode_t mode) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, data, bytes), bytes);
  assert_int_equal(fchmod(fd, mode), 0);
  close(fd);
}

static void put_script(const char *name, const char *text) {
  put(name, text, strlen(text), 0755);
}

static int check(const char *name) {
  return nomem__target_check(name, &target, reason, sizeof reason);
}

/* name is refused with this code and in these words. */
static void assert_refused(const char *name, int error, const char *words) {
  assert_int_equal(check(name), error);
  if (!strstr(reason, words)) fail_msg("'%s' does not say '%s'", reason, words);
  assert_null(strchr(reason, '\n'));
}

static ElfW(Ehdr) * header_of(char *file) {
  return (ElfW(Ehdr) *)(void *)file;
}

static int set_up(void **state) {
  (void)state;
  struct stat info;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &info) != 0 || !mkdtemp(folder) || chdir(folder) != 0) return -1;
  image_bytes = (size_t)info.st_size;
  image = malloc(image_bytes);
  if (!image || read(fd, image, image_bytes) != (ssize_t)image_bytes) return -1;
  close(fd);
  put("good", image, image_bytes, 0755);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  static const char *const names[] = {"good", "bad", "script", "nest", "d/good"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(names[i]);
  rmdir("d");
  free(image);
  return chdir("/") || rmdir(folder);
}

/* An ordinary dynamic program is accepted, by path and through PATH. */
static void test_good(void **state) {
  (void)state;
  assert_int_equal(check("./good"), 0);
  assert_string_equal(target.path, "./good");
  assert_string_equal(target.interpreter, "");
  assert_false(target.is_script);
  assert_int_equal(check("sh"), 0);
  assert_true(target.path[0] == '/');
}

/* PATH is searched as execvp does: past what cannot be run, an empty part meaning the working directory. */
static void test_path(void **state) {
  (void)state;
  const char *path = getenv("PATH");
  char *saved = strdup(path ? path : "");
  assert_non_null(saved);
  mkdir("d", 0755);
  put("d/good", image, image_bytes, 0644);
  setenv("PATH", "/nonexistent:d:", 1);
  assert_int_equal(check("good"), 0);
  assert_string_equal(target.path, "good");
  setenv("PATH", "d:/nonexistent", 1);
  assert_refused("good", -EACCES, "'d/good' is not executable");
  assert_refused("sh", -ENOENT, "is in no folder of PATH");
  unsetenv("PATH");
  assert_int_equal(check("sh"), 0);
  setenv("PATH", saved, 1);
  free(saved);
}

/* What is not a program at all is refused, each in its own words. */
static void test_not_a_program(void **state) {
  static char endless[PATH_MAX + 1];
  (void)state;
  assert_refused("./nothing", -ENOENT, "does not exist");
  assert_refused("./good/x", -ENOTDIR, "does not exist");
  assert_refused("", -ENOENT, "empty name");
  assert_refused("/tmp", -EISDIR, "is a directory");
  assert_refused("/dev/null", -EACCES, "not a regular file");
  memset(endless, 'x', sizeof endless - 1);
  assert_refused(endless, -ENAMETOOLONG, "longer than any path");
  endless[PATH_MAX / 2] = '\0';
  assert_refused(endless, -ENOENT, "in no folder of PATH");
  put("bad", image, image_bytes, 0644);
  assert_refused("./bad", -EACCES, "not executable");
  put_script("bad", "echo no first line\n");
  assert_refused("./bad", -ENOEXEC, "neither an ELF program nor a script");
  put_script("bad", "");
  assert_refused("./bad", -ENOEXEC, "neither an ELF program nor a script");
  assert_refused("./x\n\033y", -ENOENT, "'./x\\n\\x1by' does not exist");
}

/* Programs that start with more rights than their user are refused. */
static void test_privileged(void **state) {
  static const struct {
    uint32_t magic, data[4];
  } capability = {0x02000000 /* VFS_CAP_REVISION_2 */, {1 << 10 /* CAP_NET_BIND_SERVICE */, 0, 0, 0}};
  (void)state;
  put("bad", image, image_bytes, 04755);
  assert_refused("./bad", -EPERM, "is setuid");
  put("bad", image, image_bytes, 02755);
  assert_refused("./bad", -EPERM, "is setgid");
  put("bad", image, image_bytes, 02745);
  assert_int_equal(check("./bad"), 0);
  put("bad", image, image_bytes, 0755);
  if (setxattr("bad", "security.capability", &capability, sizeof capability, 0) == 0)
    assert_refused("./bad", -EPERM, "has file capabilities");
  unlink("bad");
}

/* Headers of another class, machine or kind, and programs without a dynamic linker, are refused. */
static void test_wrong_elf(void **state) {
  char *copy = malloc(image_bytes);
  (void)state;
  assert_non_null(copy);
  memcpy(copy, image, image_bytes);
  copy[EI_CLASS] = copy[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
  put("bad", copy, image_bytes, 0755);
  assert_refused("./bad", -ENOEXEC, "-bit program and nomem is built for");

  memcpy(copy, image, image_bytes);
  header_of(copy)->e_machine = EM_S390;
  put("bad", copy, image_bytes, 0755);
  assert_refused("./bad", -ENOEXEC, "is built for another machine");

  memcpy(copy, image, image_bytes);
  header_of(copy)->e_type = ET_REL;
  put("bad", copy, image_bytes, 0755);
  assert_refused("./bad", -ENOEXEC, "an object file");

  memcpy(copy, image, image_bytes);
  ElfW(Phdr) *segment = (ElfW(Phdr) *)(void *)(copy + header_of(copy)->e_phoff);
  while (segment->p_type != PT_INTERP) segment++;
  copy[segment->p_offset + 1] = '?';
  put("bad", copy, image_bytes, 0755);
  assert_refused("./bad", -ENOEXEC, "which is not here");
  segment->p_type = PT_NULL;
  put("bad", copy, image_bytes, 0755);
  assert_refused("./bad", -ENOEXEC, "is statically linked");
  free(copy);
}

/* Scripts are followed to the program that runs them, and what is wrong with that is said of it. */
static void test_scripts(void **state) {
  char text[512];
  (void)state;
  put_script("script", "#! \t./good -x\nbody\n");
  assert_int_equal(check("./script"), 0);
  assert_true(target.is_script);
  assert_string_equal(target.path, "./script");
  assert_string_equal(target.interpreter, "./good");
  put_script("nest", "#!./script");
  assert_int_equal(check("./nest"), 0);
  assert_string_equal(target.interpreter, "./good");
  put_script("nest", "#!./nest\n");
  assert_refused("./nest", -ELOOP, "one script too many");
  put_script("script", "#!/nonexistent\n");
  assert_refused("./script", -ENOENT, "'/nonexistent', the interpreter of './script', does not exist");
  put_script("script", "#!./good\r\n");
  assert_refused("./script", -ENOEXEC, "carriage return");
  put_script("script", "#!  \n./good\n");
  assert_refused("./script", -ENOEXEC, "names no interpreter");
  put("bad", image, image_bytes, 04755);
  put_script("script", "#!./bad\n");
  assert_refused("./script", -EPERM, "'./bad', the interpreter of './script', is setuid");
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  text[0] = '#', text[1] = '!';
  put_script("script", text);
  assert_refused("./script", -ENOENT, "does not exist");
}

/* A program cut short anywhere before its last section is refused, never misread. */
static void test_cut_short(void **state) {
  ElfW(Ehdr) stripped;
  (void)state;
  put("bad", image, image_bytes, 0755);
  for (size_t i = 0; i < CUTS; i++) {
    off_t kept = (off_t)(image_bytes - 1 - (image_bytes - 1) / CUTS * i);
    assert_int_equal(truncate("bad", kept), 0);
    assert_int_equal(check("./bad"), -ENOEXEC);
    assert_true(reason[0] != '\0');
  }
  /* Without a section table only the segments tell. */
  memcpy(&stripped, image, sizeof stripped);
  stripped.e_shoff = 0;
  stripped.e_shnum = stripped.e_shstrndx = 0;
  const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(const void *)(image + stripped.e_phoff);
  for (unsigned i = 0; i < stripped.e_phnum; i++, segment++) {
    if (segment->p_type != PT_LOAD || segment->p_offset == 0) continue;
    for (off_t around = -1; around <= 1; around += 2) { /* before it begins, and within it */
      put("bad", image, image_bytes, 0755);
      int fd = open("bad", O_WRONLY | O_CLOEXEC);
      assert_int_equal(pwrite(fd, &stripped, sizeof stripped, 0), sizeof stripped);
      assert_int_equal(ftruncate(fd, (off_t)segment->p_offset + around), 0);
      close(fd);
      assert_int_equal(check("./bad"), -ENOEXEC);
      assert_non_null(strstr(reason, "cut short"));
    }
  }
  for (off_t kept = 512; kept >= 0; kept--) {
    assert_int_equal(truncate("bad", kept), 0);
    assert_int_equal(check("./bad"), -ENOEXEC);
  }
}

/* Damage to any table gives an answer, with a reason when it is no. */
static void test_mutations(void **state) {
  uint32_t random = 20240607;
  (void)state;
  put("bad", image, image_bytes, 0755);
  int fd = open("bad", O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  const ElfW(Ehdr) *header = header_of(image);
  for (int i = 0; i < MUTATIONS; i++) {
    /* By turns in the headers and dynamic tables at the front, in the section headers, and anywhere. */
    size_t start = i % 3 == 1 ? header->e_shoff : 0;
    size_t length = i % 3 == 0 ? 4096 : image_bytes - start;
    random = random * 1664525 + 1013904223;
    size_t at = start + (random >> 4) % length;
    random = random * 1664525 + 1013904223;
    char byte = (char)(random >> 24);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    int result = check("./bad");
    assert_true(result <= 0);
    assert_int_equal(result != 0, reason[0] != '\0');
    assert_int_equal(pwrite(fd, image + at, 1, (off_t)at), 1);
  }
  close(fd);
  assert_int_equal(check("./bad"), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good),       cmocka_unit_test(test_path),      cmocka_unit_test(test_not_a_program),
      cmocka_unit_test(test_privileged), cmocka_unit_test(test_wrong_elf), cmocka_unit_test(test_scripts),
      cmocka_unit_test(test_cut_short),  cmocka_unit_test(test_mutations),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
