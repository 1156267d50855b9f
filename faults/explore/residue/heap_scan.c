/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "heap_scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "../../block_table_format.h"
#include "../../program_kinds.h"
#include "../stack/memory_map.h"
#include "../text/grow.h"
#include "../text/hash.h"

/* What is looked at takes about a second at the most. */
#define BLOCKS_MAX ((size_t)4 << 20)
#define LOOKED_AT_BYTES_MAX (UINT64_C(1) << 30)
#define SITES_MAX 4096
#define BUFFER_BYTES 65536
/* Below the stack pointer, what a function that calls no other may use. */
#define RED_ZONE_BYTES 128

const char *const nomem__heap_misuse_texts[NOMEM_MISUSE_KINDS] = {
#define X(upper, text) [NOMEM_MISUSE_##upper] = text,
    NOMEM_MISUSE_MAP(X)
#undef X
};

struct block {
  uint64_t address, size;
  uint32_t site, freed_at;
  bool is_marked_end; /* the bytes behind it are filled */
  bool is_held;       /* freed, and nobody else's yet: no root, and never left */
  bool is_used;
  bool is_referred; /* another that is left points to it */
};

struct range {
  uint64_t start, end;
};

struct scan {
  pid_t pid;
  const struct nomem_channel *channel;
  const struct nomem_exit_report *ending;
  struct block *blocks; /* by address */
  size_t block_count, block_room;
  uint64_t lowest, highest; /* addresses of blocks lie between */
  size_t *due;              /* blocks in use whose contents have not been looked at yet */
  size_t due_count;
  struct range excluded[NOMEM_BLOCK_TABLE_PARTS + 3]; /* the injector's own memory */
  size_t excluded_count;
  struct nomem__memory_map maps;
  uint64_t stack_pointer, heap_start;
  uint64_t looked_at_bytes;
  struct nomem__leak_list *left;
};

static void exclude(struct scan *scan, uint64_t start, uint64_t bytes) {
  scan->excluded[scan->excluded_count++] = (struct range){start, start + bytes};
}

static int add_block(struct scan *scan, uint64_t address, uint64_t word) {
  if (scan->block_count == BLOCKS_MAX) return -E2BIG;
  struct block *blocks = nomem__grow(scan->blocks, scan->block_count, &scan->block_room, sizeof *blocks);
  if (blocks == NULL) return -ENOMEM;
  scan->blocks = blocks;
  bool is_held = NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_QUARANTINED;
  scan->blocks[scan->block_count++] =
      (struct block){.address = address,
                     .size = NOMEM_BLOCK_TABLE_SIZE(word),
                     .site = NOMEM_BLOCK_TABLE_SITE(word),
                     .freed_at = NOMEM_BLOCK_TABLE_FREED_AT(word),
                     .is_marked_end = NOMEM_BLOCK_TABLE_STATE(word) == NOMEM_BLOCK_TABLE_LIVE_CANARY,
                     .is_held = is_held,
                     .is_used = is_held};
  return 0;
}

static int read_page(struct scan *scan, uint64_t words_at, uint64_t address) {
  uint64_t word[NOMEM_BLOCK_TABLE_PAGE_WORDS];
  if (nomem__process_read(scan->pid, words_at, word, sizeof word) != sizeof word) return -EIO;
  int result = 0;
  for (uint64_t i = 0; i < NOMEM_BLOCK_TABLE_PAGE_WORDS && result == 0; i++) {
    enum nomem_block_table_state state = NOMEM_BLOCK_TABLE_STATE(word[i]);
    if (state == NOMEM_BLOCK_TABLE_LIVE || state == NOMEM_BLOCK_TABLE_LIVE_CANARY ||
        state == NOMEM_BLOCK_TABLE_QUARANTINED)
      result = add_block(scan, address + i * NOMEM_BLOCK_TABLE_GRAIN, word[i]);
  }
  return result;
}

static int read_part(struct scan *scan, uint64_t number, uint64_t part) {
  uint64_t touched[NOMEM_BLOCK_TABLE_PART_PAGES / 64];
  if (nomem__process_read(scan->pid, part, touched, sizeof touched) != sizeof touched) return -EIO;
  exclude(scan, part, sizeof(struct nomem_block_table_part));
  uint64_t words_at = part + offsetof(struct nomem_block_table_part, word);
  uint64_t address = (number - 1) * NOMEM_BLOCK_TABLE_PART_BYTES;
  int result = 0;
  for (uint64_t page = 0; page < NOMEM_BLOCK_TABLE_PART_PAGES && result == 0; page++)
    if (touched[page / 64] >> page % 64 & 1)
      result = read_page(scan, words_at + page * NOMEM_BLOCK_TABLE_PAGE_WORDS * sizeof(uint64_t),
                         address + page * NOMEM_BLOCK_TABLE_PAGE_WORDS * NOMEM_BLOCK_TABLE_GRAIN);
  return result;
}

static int by_address(const void *left, const void *right) {
  const struct block *a = left, *b = right;
  return a->address < b->address ? -1 : a->address > b->address;
}

static int read_blocks(struct scan *scan) {
  struct nomem_block_table block_table;
  uint64_t at = scan->ending->block_table;
  if (at == 0) return -ENOENT;
  if (nomem__process_read(scan->pid, at, &block_table, sizeof block_table) != sizeof block_table) return -EIO;
  if (block_table.magic != NOMEM_BLOCK_TABLE_MAGIC) return -ENOENT;
  exclude(scan, at, sizeof block_table);
  exclude(scan, scan->ending->stacks, scan->ending->stacks_bytes);
  int result = 0;
  for (size_t i = 0; i < NOMEM_BLOCK_TABLE_PARTS && result == 0; i++)
    if (block_table.parts[i].number != 0 && block_table.parts[i].part != 0)
      result = read_part(scan, block_table.parts[i].number, block_table.parts[i].part);
  if (result != 0 || scan->block_count == 0) return result;
  qsort(scan->blocks, scan->block_count, sizeof *scan->blocks, by_address);
  scan->lowest = scan->blocks[0].address;
  scan->highest = scan->blocks[scan->block_count - 1].address + scan->blocks[scan->block_count - 1].size + 1;
  return 0;
}

/* The block that an address lies in, or NULL. A block of no bytes has its address; one byte behind a block is still its
 * own, for programs that keep where it ends. */
static struct block *block_at(const struct scan *scan, uint64_t address) {
  if (address < scan->lowest || address > scan->highest) return NULL;
  size_t low = 0, high = scan->block_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (scan->blocks[middle].address <= address)
      low = middle + 1;
    else
      high = middle;
  }
  struct block *block = low > 0 ? &scan->blocks[low - 1] : NULL;
  return block != NULL && address <= block->address + block->size ? block : NULL;
}

/* Where glibc's next block has its size: it names a free block by the address 8 bytes before that, which still is in
 * the block below. */
static bool is_next_header(const struct block *block, uint64_t address) {
  return address == block->address + block->size + nomem__block_table_slack(block->size) - 8;
}

static void use(struct scan *scan, uint64_t address, bool by_allocator) {
  struct block *block = block_at(scan, address);
  if (block == NULL || block->is_used || (by_allocator && is_next_header(block, address))) return;
  block->is_used = true;
  scan->due[scan->due_count++] = (size_t)(block - scan->blocks);
}

static void refer(struct scan *scan, const struct block *from, uint64_t address) {
  struct block *block = block_at(scan, address);
  if (block != NULL && !block->is_used && block != from) block->is_referred = true;
}

/* Looks at every word of a stretch of memory: of memory in use, or, when from is not NULL, of that block, which is
 * left. by_allocator: the allocator's own pointers may stand there. Returns 0, or -E2BIG when it is too much. */
static int look_at(struct scan *scan, uint64_t start, uint64_t end, bool by_allocator, const struct block *from) {
  static uint64_t buffer[BUFFER_BYTES / sizeof(uint64_t)];
  scan->looked_at_bytes += end - start;
  if (scan->looked_at_bytes > LOOKED_AT_BYTES_MAX) return -E2BIG;
  start = (start + 7) & ~UINT64_C(7);
  while (start + 8 <= end) {
    uint64_t bytes = end - start < sizeof buffer ? (end - start) & ~UINT64_C(7) : sizeof buffer;
    size_t got = nomem__process_read(scan->pid, start, buffer, bytes);
    for (size_t i = 0; i < got / 8; i++) {
      if (from == NULL)
        use(scan, buffer[i], by_allocator);
      else
        refer(scan, from, buffer[i]);
    }
    if (got < bytes) got = (got / 4096 + 1) * 4096; /* a page that cannot be read */
    start = (start + got) & ~UINT64_C(7);
  }
  return 0;
}

static bool is_overrun(const struct scan *scan, const struct block *block) {
  unsigned char end[NOMEM_BLOCK_TABLE_GRAIN * 2];
  uint64_t slack = nomem__block_table_slack(block->size);
  if (!block->is_marked_end || slack > sizeof end) return false;
  if (nomem__process_read(scan->pid, block->address + block->size, end, slack) != slack) return false;
  for (uint64_t i = 0; i < slack; i++)
    if (end[i] != NOMEM_BLOCK_TABLE_CANARY) return true;
  uint64_t word, at = block->address - sizeof word;
  if (slack != 0 || nomem__process_read(scan->pid, at, &word, sizeof word) != sizeof word) return false;
  at += nomem__block_table_chunk_bytes(word, block->size);
  return at > block->address && nomem__process_read(scan->pid, at, &word, sizeof word) == sizeof word &&
         !nomem__block_table_is_chunk_in_use(word);
}

/* Not where it may have been written by who wrote past the end of the block below it. */
static bool is_written(const struct scan *scan, const struct block *block) {
  unsigned char bytes[2 * NOMEM_BLOCK_TABLE_POISON_BYTES];
  struct nomem_block_table_poisoned filled = nomem__block_table_poisoned(block->size);
  for (unsigned i = 0; i < 2; i++) {
    uint64_t count = filled.bytes[i];
    if (count > sizeof bytes) return false;
    if (nomem__process_read(scan->pid, block->address + filled.from[i], bytes, count) != count) return false;
    uint64_t changed = nomem__block_table_changed(bytes, count, NOMEM_BLOCK_TABLE_POISON(block->address));
    if (changed == count) continue;
    return filled.from[i] + changed > 0 || block == scan->blocks || !is_overrun(scan, block - 1);
  }
  return false;
}

static void look_for_misuse(struct scan *scan, const struct block *block) {
  struct nomem__leak_list *left = scan->left;
  if (left->has_misuse || (block->is_held ? !is_written(scan, block) : !is_overrun(scan, block))) return;
  left->has_misuse = true;
  left->misuse = (struct nomem__leaks_misuse){.kind = block->is_held ? NOMEM_MISUSE_WRITTEN : NOMEM_MISUSE_OVERRUN,
                                              .site = block->site,
                                              .freed_at = block->freed_at};
}

/* The first block that ends behind an address; NULL: none does. */
static const struct block *first_behind(const struct scan *scan, uint64_t address) {
  size_t low = 0, high = scan->block_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (scan->blocks[middle].address + scan->blocks[middle].size <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < scan->block_count ? &scan->blocks[low] : NULL;
}

/* A stretch of writable memory, without the injector's own and without the blocks in it. */
static int look_at_root(struct scan *scan, uint64_t start, uint64_t end, bool by_allocator) {
  while (start < end) {
    uint64_t stop = end, skip_to = end;
    for (size_t i = 0; i < scan->excluded_count; i++) {
      const struct range *range = &scan->excluded[i];
      if (range->end <= start || range->start >= stop) continue;
      stop = range->start > start ? range->start : start;
      skip_to = range->end;
    }
    const struct block *next = first_behind(scan, start);
    if (next != NULL && next->address < stop) {
      stop = next->address > start ? next->address : start;
      skip_to = next->address + next->size;
    }
    int result = look_at(scan, start, stop, by_allocator, NULL);
    if (result != 0) return result;
    start = skip_to > start ? skip_to : start + 1;
  }
  return 0;
}

/* Where the program writes, or did before it had it protected: what the dynamic linker protects lies before what it
 * leaves writable. */
static bool may_have_pointers(const struct scan *scan, const struct nomem__area *area) {
  if (strncmp(area->path, "/memfd:nomem-", 13) == 0 || strncmp(area->path, "/dev/", 5) == 0) return false;
  const struct nomem__area *next = area + 1;
  bool was_written = next < scan->maps.areas + scan->maps.area_count && next->start == area->end && next->is_writable &&
                     next->inode == area->inode;
  return area->is_readable && !area->is_executable && (area->is_writable || area->inode == 0 || was_written);
}

static int look_at_area(struct scan *scan, const struct nomem__area *area) {
  uint64_t start = area->start, end = area->end;
  if (!may_have_pointers(scan, area)) return 0;
  /* What was freed still holds what it held: of the heap, only blocks in use are looked at. Without randomisation the
   * program's variables and the heap are one area. */
  if (strcmp(area->path, "[heap]") == 0 && scan->heap_start < end)
    end = scan->heap_start > start ? scan->heap_start : start;
  uint64_t frames = scan->stack_pointer - RED_ZONE_BYTES;
  if (frames > start && frames < end) start = frames;
  const struct block *within = first_behind(scan, start);
  bool is_library = nomem__glob("libc.so.*", nomem__base_name(area->path));
  return look_at_root(scan, start, end, is_library || (within != NULL && within->address < end));
}

static int read_heap_start(struct scan *scan) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)scan->pid);
  FILE *file = fopen(path, "re");
  size_t length = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
  if (file != NULL) fclose(file);
  text[length] = '\0';
  const char *at = strrchr(text, ')'); /* the name may have blanks and brackets in it */
  for (int field = 2; at != NULL && field < 47; field++) at = strchr(at + 1, ' ');
  return at != NULL && sscanf(at, " %" SCNu64, &scan->heap_start) == 1 ? 0 : -EIO;
}

static int find_used(struct scan *scan) {
  struct user_regs_struct registers;
  scan->due = calloc(scan->block_count + 1, sizeof *scan->due);
  if (scan->due == NULL) return -ENOMEM;
  if (ptrace(PTRACE_GETREGS, scan->pid, NULL, &registers) != 0) return -errno;
  scan->stack_pointer = registers.rsp;
  for (size_t i = 0; i < sizeof registers / sizeof(uint64_t); i++) {
    uint64_t word;
    memcpy(&word, (const char *)&registers + i * sizeof word, sizeof word);
    use(scan, word, false);
  }
  int result = read_heap_start(scan);
  if (result == 0) result = nomem__memory_map_read(&scan->maps, scan->pid);
  for (size_t i = 0; i < scan->maps.area_count && result == 0; i++) result = look_at_area(scan, &scan->maps.areas[i]);
  while (scan->due_count > 0 && result == 0) {
    const struct block *block = &scan->blocks[scan->due[--scan->due_count]];
    result = look_at(scan, block->address, block->address + block->size, false, NULL);
  }
  return result;
}

static uint64_t culprit_of(const struct nomem_channel *channel, uint32_t site) {
  uint32_t depth = channel->sites[site].depth;
  for (uint32_t i = 0; i < depth && i < NOMEM_DEPTH; i++) {
    nomem_frame frame = channel->sites[site].frame[i];
    unsigned module = NOMEM_FRAME_MODULE(frame);
    if (module == 0 || module > NOMEM_MODULES) continue;
    char path[NOMEM_PATH_BYTES];
    memcpy(path, channel->modules[module - 1].path, sizeof path);
    path[sizeof path - 1] = '\0';
    const char *name = nomem__base_name(path);
    if (nomem__is_runtime(name)) continue;
    return nomem__hash_bytes(NOMEM_FRAME_OFFSET(frame), name, strlen(name));
  }
  return 0;
}

static int by_key(const void *left, const void *right) {
  const struct nomem__leak_site *a = left, *b = right;
  return a->key < b->key ? -1 : a->key > b->key;
}

static void add_left(struct scan *scan, const struct block *block) {
  struct nomem__leak_list *left = scan->left;
  uint64_t key = block->site < NOMEM_BLOCK_TABLE_NO_SITE ? scan->channel->sites[block->site].key : 0;
  if (key == 0) return; /* nothing to show */
  size_t i = 0;
  while (i < left->count && left->list[i].key != key) i++;
  if (i == SITES_MAX) return;
  if (i == left->count)
    left->list[left->count++] =
        (struct nomem__leak_site){.key = key, .culprit = culprit_of(scan->channel, block->site), .site = block->site};
  left->list[i].blocks++;
  left->list[i].bytes += block->size;
}

static int list_left(struct scan *scan) {
  size_t direct = 0, all = 0;
  int result = 0;
  for (size_t i = 0; i < scan->block_count && result == 0; i++) {
    const struct block *block = &scan->blocks[i];
    look_for_misuse(scan, block);
    if (!block->is_used) result = look_at(scan, block->address, block->address + block->size, false, block);
  }
  if (result != 0) return result;
  for (size_t i = 0; i < scan->block_count; i++) {
    all += !scan->blocks[i].is_used;
    direct += !scan->blocks[i].is_used && !scan->blocks[i].is_referred;
  }
  scan->left->list = calloc(all < SITES_MAX ? all + 1 : SITES_MAX, sizeof *scan->left->list);
  if (scan->left->list == NULL) return -ENOMEM;
  for (size_t i = 0; i < scan->block_count; i++) {
    const struct block *block = &scan->blocks[i];
    if (!block->is_used && (direct == 0 || !block->is_referred)) add_left(scan, block); /* a ring has no beginning */
  }
  qsort(scan->left->list, scan->left->count, sizeof *scan->left->list, by_key);
  return 0;
}

/* Which of them a pointer was read from is asked later. */
static int list_held(struct scan *scan) {
  struct nomem__leak_list *left = scan->left;
  left->held = calloc(NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS, sizeof *left->held);
  if (left->held == NULL) return -ENOMEM;
  for (size_t i = 0; i < scan->block_count && left->held_count < NOMEM_BLOCK_TABLE_QUARANTINED_BLOCKS; i++) {
    const struct block *block = &scan->blocks[i];
    if (block->is_held)
      left->held[left->held_count++] =
          (struct nomem__quarantined){block->address, block->size, block->site, block->freed_at};
  }
  return 0;
}

const struct nomem__quarantined *nomem__leaks_quarantined(const struct nomem__leak_list *left, uint64_t pointer) {
  uint64_t address = pointer & ~(NOMEM_BLOCK_TABLE_POISON_TAG << 48);
  const struct nomem__quarantined *found = NULL;
  for (size_t i = 0; i < left->held_count && pointer != 0; i++)
    if (left->held[i].address <= address) found = &left->held[i];
  return found != NULL && address - found->address < NOMEM_BLOCK_TABLE_POISON_REACH ? found : NULL;
}

int nomem__block_table_read(pid_t pid, const struct nomem_channel *channel, const struct nomem_exit_report *ending,
                            struct nomem__leak_list *left) {
  struct scan *scan = calloc(1, sizeof *scan);
  *left = (struct nomem__leak_list){0};
  if (scan == NULL) return -ENOMEM;
  scan->pid = pid;
  scan->channel = channel;
  scan->ending = ending;
  scan->left = left;
  int result = read_blocks(scan);
  if (result == 0) result = list_held(scan);
  if (result == 0) result = find_used(scan);
  if (result == 0) result = list_left(scan);
  if (result != 0) nomem__leaks_free(left);
  nomem__memory_map_free(&scan->maps);
  free(scan->blocks);
  free(scan->due);
  free(scan);
  return result;
}

void nomem__leaks_free(struct nomem__leak_list *left) {
  free(left->list);
  free(left->held);
  *left = (struct nomem__leak_list){0};
}

static uint64_t blocks_of_culprit(const struct nomem__leak_list *list, uint64_t culprit) {
  uint64_t blocks = 0;
  for (size_t i = 0; i < list->count; i++)
    if (list->list[i].culprit == culprit) blocks += list->list[i].blocks;
  return blocks;
}

bool nomem__leaks_more(const struct nomem__leak_list *here, const struct nomem__leak_list *const *there,
                       size_t there_count, struct nomem__leak_site *most) {
  *most = (struct nomem__leak_site){0};
  for (size_t i = 0; i < here->count; i++) {
    struct nomem__leak_site left = here->list[i];
    uint64_t blocks = 0, bytes = 0, of_culprit = 0;
    for (size_t run = 0; run < there_count; run++) {
      const struct nomem__leak_list *list = there[run];
      const struct nomem__leak_site *same =
          list->count == 0 ? NULL : bsearch(&left, list->list, list->count, sizeof left, by_key);
      if (same != NULL && same->blocks > blocks) blocks = same->blocks;
      if (same != NULL && same->bytes > bytes) bytes = same->bytes;
      uint64_t culprits = blocks_of_culprit(list, left.culprit);
      if (culprits > of_culprit) of_culprit = culprits;
    }
    if (blocks >= left.blocks || blocks_of_culprit(here, left.culprit) <= of_culprit) continue;
    left.blocks -= blocks;
    left.bytes -= bytes < left.bytes ? bytes : left.bytes;
    if (most->blocks == 0 || left.bytes > most->bytes || (left.bytes == most->bytes && left.key < most->key))
      *most = left;
  }
  return most->blocks > 0;
}
