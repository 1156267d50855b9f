/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "fingerprint.h"

#include <elfutils/libdwelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../nomem_version.h"
#include "../../program_kinds.h"
#include "../text/hash.h"
#include "../text/memory_stream.h"
#include "../text/printable.h"
#include "../text/regular_file.h"

/* A larger file counts by its size alone: to read it would take longer than a run. */
#define FILE_MAX (64 << 20)

static uint64_t hash_text(uint64_t hash, const char *text) {
  return text == NULL ? nomem__hash_number(hash, 0) : nomem__hash_bytes(hash, text, strlen(text) + 1);
}

static bool hash_build_id(uint64_t *hash, int file) {
  const void *id;
  elf_version(EV_CURRENT);
  Elf *elf = elf_begin(file, ELF_C_READ, NULL);
  ssize_t bytes = elf == NULL || elf_kind(elf) != ELF_K_ELF ? 0 : dwelf_elf_gnu_build_id(elf, &id);
  if (bytes > 0) *hash = nomem__hash_bytes(*hash, id, (size_t)bytes);
  elf_end(elf);
  return bytes > 0;
}

/* Read, not mapped: somebody may shorten the file meanwhile, and a page that is gone is a SIGBUS. */
static uint64_t hash_contents(uint64_t hash, int file) {
  unsigned char buffer[16384];
  ssize_t bytes;
  for (off_t at = 0; at < FILE_MAX && (bytes = pread(file, buffer, sizeof buffer, at)) > 0; at += bytes)
    hash = nomem__hash_bytes(hash, buffer, (size_t)bytes);
  return hash;
}

/* The contents of a file; nothing for what is no regular one. */
static uint64_t hash_file(uint64_t hash, const char *path) {
  struct stat status;
  int file = nomem__regular_file_open(path, &status);
  if (file < 0) return hash;
  if (!hash_build_id(&hash, file)) {
    hash = nomem__hash_number(hash, (uint64_t)status.st_size);
    if (status.st_size <= FILE_MAX) hash = hash_contents(hash, file);
  }
  close(file);
  return hash;
}

/* Where a copy lies depends on the store. */
static uint64_t hash_input(uint64_t hash, const struct nomem__options *options) {
  const char *path = options->stdin_path;
  if (path == NULL) return hash_text(hash, NULL);
  return hash_file(hash_text(hash, options->is_stdin_copied ? nomem__base_name(path) : path), path);
}

void nomem__fingerprint(const struct nomem__campaign *campaign, char identity[NOMEM_IDENTITY_BYTES]) {
  const struct nomem__options *options = campaign->session->options;
  uint64_t hash = hash_text(NOMEM__HASH_START, NOMEM_VERSION), modules = 0;
  for (char **word = options->program; *word != NULL; word++) hash = hash_file(hash_text(hash, *word), *word);
  hash = hash_file(hash, campaign->session->target.path);
  hash = hash_input(hash, options);
  hash = hash_text(hash, options->image);
  hash = hash_text(hash, options->under_test);
  if (options->variant != NULL) hash = hash_text(hash, options->variant);
  if (campaign->interpreter.tested.are_limit) hash = nomem__hash_number(hash, campaign->interpreter.tested.count);
  for (size_t i = 0; i < sizeof options->skip_codes / sizeof *options->skip_codes; i++)
    hash = nomem__hash_number(nomem__hash_number(hash, options->skip_codes[i]), options->bad_codes[i]);
  hash = nomem__hash_number(hash, (uint64_t)options->engine);
  hash = nomem__hash_number(hash, (uint64_t)options->isolate);
  hash = nomem__hash_number(hash, (uint64_t)options->leaks);
  hash = nomem__hash_number(hash, options->timeout_ms);
  hash = nomem__hash_number(hash, (uint64_t)campaign->session->setup.trace << 1 | (uint64_t)options->aslr);
  hash = hash_file(hash_text(hash, nomem__base_name(campaign->programs.first_path)), campaign->programs.first_path);
  /* Modules are added up, because they come in another order when threads race. */
  for (size_t i = 0; i < campaign->module_count; i++) {
    const char *path = campaign->modules[i];
    if (strcmp(nomem__base_name(path), nomem__base_name(campaign->session->preload)) == 0) continue;
    modules += hash_file(hash_text(NOMEM__HASH_START, nomem__base_name(path)), path);
  }
  snprintf(identity, NOMEM_IDENTITY_BYTES, "%016" PRIx64, nomem__hash_number(hash, modules));
}

/* Of functions that are inlined into one another the outermost one is printed: its offset tells which other it is. */
static void print_frame(FILE *out, const struct nomem__campaign *campaign, nomem_frame frame) {
  struct nomem__source_frame sources[NOMEM_INLINED_MAX];
  unsigned module = NOMEM_FRAME_MODULE(frame);
  const char *path = module >= 1 && module <= campaign->module_count ? campaign->modules[module - 1] : "";
  uint64_t offset = NOMEM_FRAME_OFFSET(frame);
  size_t count = nomem__symbols_resolve(campaign->session->symbols, path, offset, true, sources, 16);
  while (count > 1 && sources[count - 1].inlined) count--;
  const struct nomem__source_frame *source = &sources[count - 1];
  nomem__print_safe(out, nomem__base_name(path));
  if (source->function != NULL) {
    fputc('!', out);
    nomem__print_safe(out, source->function);
    offset = source->function_offset;
  }
  fprintf(out, "+0x%" PRIx64 "\n", offset);
}

char *nomem__durable_name(const struct nomem__campaign *campaign, const struct nomem__campaign_site *site) {
  struct nomem__memory_stream stream;
  FILE *out = nomem__memory_stream_open(&stream);
  for (unsigned i = 0; i < site->depth; i++) print_frame(out, campaign, site->frames[i]);
  return nomem__memory_stream_close(&stream);
}
