/* SPDX-License-Identifier: MIT */
/* What a block table shows of a process at its end, on images that are made up: what is leaked. */
#include "fixtures/scanned_heap.h"

/* A variable, other memory, the stack and a register keep a block; what lies below the stack pointer does not, but for
 * the red zone. */
static void roots(void **state) {
  (void)state;
  assert_true(is_root(DATA + 8));
  assert_true(is_root(MAPPED + AREA_BYTES - 8));
  assert_true(is_root(STACK_POINTER + 8));
  assert_true(is_root(STACK_POINTER - 128));
  assert_false(is_root(STACK_POINTER - 136));
  process.image.registers[NOMEM__IMAGE_REGISTERS - 1] = BLOCK(0);
  assert_int_equal(leaked(), 0);
}

/* Once main() has returned, what it and its callees left on the stack is no root, though it lies among the frames of
 * what runs at the end; what lies further out is. Elsewhere it says nothing. */
static void when_main_has_returned(void **state) {
  (void)state;
  report.returned_to = STACK_POINTER + 2048;
  assert_false(is_root(STACK_POINTER + 8));
  assert_false(is_root(STACK_POINTER + 2040));
  assert_true(is_root(STACK_POINTER + 2048));
  assert_true(is_root(DATA + 8));
  report.returned_to = MAPPED + 2048;
  assert_true(is_root(STACK_POINTER + 8));
  assert_true(is_root(MAPPED + 8));
}

/* The copy of main()'s own frame is no root either; but what is reachable only from there, main() still held. */
static void held_by_main(void **state) {
  (void)state;
  allocate(BLOCK(1), 64, 0);
  allocate(BLOCK(2), 64, 1);
  report.main_frame = OWN + sizeof process.table + 512;
  report.main_frame_bytes = 256;
  put(BLOCK(1) + 8, BLOCK(2)); /* by way of another block */
  assert_int_equal(leaked(), 2);
  assert_int_equal(heap.leaks[0].held_blocks, 0);
  put(report.main_frame + 248, BLOCK(1));
  assert_int_equal(leaked(), 2);
  assert_true(heap.leaks[0].blocks == 2 && heap.leaks[0].held_blocks == 1 && heap.leaks[0].held_bytes == 64);
  put(report.main_frame + 256, BLOCK(0)); /* it ends there */
  put(report.main_frame - 8, BLOCK(0));
  assert_int_equal(leaked(), 1); /* which is the injector's, but not excluded here */
}

/* Numbers that main() still had may be descriptors: in its variables, and in blocks that they lead to, whoever else has
 * these; of a process in which one call was failed and that has some open. */
static void numbers_held_by_main(void **state) {
  (void)state;
  allocate(BLOCK(1), 64, 0);
  allocate(BLOCK(2), 64, 1);
  report.main_frame = OWN + sizeof process.table + 512;
  report.main_frame_bytes = 64;
  report.descriptors = 1;
  channel->fault_count = 1;
  put(DATA + 8, BLOCK(1));
  put(DATA + 16, 9);
  put(report.main_frame, BLOCK(1));
  put(report.main_frame + 8, UINT64_C(5) << 32 | 6);
  put(report.main_frame + 64, 10);
  put(BLOCK(1) + 8, BLOCK(2));
  put(BLOCK(2) + 8, 7);
  put(BLOCK(2) + 64, 11);
  assert_int_equal(scan(), 0);
  assert_int_equal(heap.held_numbers & ~UINT64_C(1), 1 << 5 | 1 << 6 | 1 << 7);
  report.descriptors = 0;
  assert_int_equal(scan(), 0);
  assert_int_equal(heap.held_numbers, 0);
  report.descriptors = 1;
  channel->fault_count = 2;
  assert_int_equal(scan(), 0);
  assert_int_equal(heap.held_numbers, 0);
}

/* A normal mutex, locked by this thread. */
static void put_mutex(uint64_t address, uint32_t tid) {
  put(address, 1);
  put(address + 8, UINT64_C(1) << 32 | tid);
}

static unsigned locked(void) {
  assert_int_equal(scan(), 0);
  return heap.locked_mutexes;
}

/* Locked mutexes are counted in variables and in reachable blocks: of the main thread and of the one in which the call
 * failed; without a fault, of any. */
static void locked_mutexes(void **state) {
  (void)state;
  report.pid = 70;
  put_mutex(DATA + 64, 70);
  put_mutex(BLOCK(0) + 8, 71);
  put_mutex(MAPPED + 65520, 72); /* its end cannot be read */
  assert_int_equal(locked(), 1);
  put(DATA + 8, BLOCK(0));
  assert_int_equal(locked(), 2);
  channel->fault_count = 1;
  channel->faults[0] = (struct nomem_fault){.ready = 1, .pid = 70, .tid = 70};
  assert_int_equal(locked(), 1);
  channel->faults[0].tid = 71;
  assert_int_equal(locked(), 2);
  put(DATA + 64, 0); /* it was unlocked */
  assert_int_equal(locked(), 1);
}

/* What glibc keeps in a mutex; and what only resembles it. */
static void what_is_a_mutex(void **state) {
  const uint64_t user = UINT64_C(1) << 32 | 70, elision = UINT64_C(1) << 48;
  static const struct nomem__mutex_holders any;
  const struct {
    uint64_t words[NOMEM__MUTEX_WORDS];
    bool is_locked;
  } cases[] = {
      {{1, user}, true},
      {{2, user}, true}, /* others wait */
      {{3, user}, false},
      {{0, user}, false},
      {{UINT64_C(1) << 32 | 1, user}, false},
      {{UINT64_C(2) << 32 | 1, user, 1}, true}, /* a recursive one */
      {{1, user, 1}, false},
      {{UINT64_C(5000) << 32 | 1, user, 1}, false},
      {{1, user, 2}, true},
      {{1, user, 0x103}, true},
      {{1, user, UINT64_C(9) << 32 | 3}, true},
      {{1, user, elision}, false},
      {{1, user, 16}, false},
      {{1, user, 0, 1}, false},
      {{1, user, 0, 0, 1}, false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(nomem__mutex_is_locked(cases[i].words), cases[i].is_locked);
  assert_true(nomem__mutex_may_be_held(user, &any));
  assert_false(nomem__mutex_may_be_held(UINT64_C(1) << 32, &any));
  assert_false(nomem__mutex_may_be_held(70, &any));
  assert_false(nomem__mutex_may_be_held(UINT64_C(2) << 32 | 70, &any));
}

/* A block in use whose realloc was refused has the site of that call. */
static void refused_realloc(void **state) {
  (void)state;
  assert_int_equal(leaked(), 1);
  assert_int_equal(heap.leaks[0].lost_by, 8);
  put(PART + offsetof(struct nomem_block_table_part, word) + (BLOCK(0) - HEAP) / NOMEM_BLOCK_TABLE_GRAIN * 8,
      NOMEM_BLOCK_TABLE_WORD(NOMEM_BLOCK_TABLE_LIVE, 64, NOMEM_BLOCK_TABLE_NO_SITE, 0));
  assert_int_equal(leaked(), 1);
  assert_int_equal(heap.leaks[0].lost_by, 0);
}

/* Freed memory still holds old pointers, and the injector has its own; before the heap area begins lie variables of the
 * program where addresses are not random. */
static void what_is_no_root(void **state) {
  (void)state;
  assert_false(is_root(HEAP + 8));
  assert_false(is_root(BLOCK(0) + 128));
  assert_false(is_root(report.stacks + 8));
  assert_true(is_root(report.stacks + report.stacks_bytes));
  process.table.parts[400].part = BLOCK(0); /* in the table itself */
  assert_int_equal(leaked(), 1);
  process.table.parts[400].part = 0;
  process.image.heap_start = HEAP + 32;
  assert_true(is_root(HEAP + 8));
  assert_false(is_root(HEAP + 40));
  process.image.heap_start = HEAP + AREA_BYTES; /* it is an arena of glibc's */
  assert_true(is_root(HEAP + 40));
  assert_false(is_root(BLOCK(0) + 8)); /* but what lies in a block is none */
}

/* Memory that the program cannot write has no pointers, unless it could before: what the dynamic linker protects lies
 * right before what stays writable. */
static void protected_memory(void **state) {
  static char device[] = "/dev/dri", shared[] = "/memfd:nomem-channel (deleted)";
  (void)state;
  struct nomem__area *area = &process.areas[IN_DATA], *next = &process.areas[IN_MAPPED];
  area->is_writable = false;
  assert_false(is_root(DATA + 8));
  next->inode = 5;
  assert_false(is_root(DATA + 8)); /* it does not lie right behind it */
  next->start = area->end;
  assert_true(is_root(DATA + 8));
  next->is_writable = false;
  assert_false(is_root(DATA + 8));
  next->is_writable = true;
  next->inode = 6;
  assert_false(is_root(DATA + 8));
  area->inode = 0; /* of no file: only the program can have filled it */
  assert_true(is_root(DATA + 8));
  area->is_writable = area->is_executable = true;
  assert_false(is_root(DATA + 8));
  area->is_executable = area->is_readable = false;
  assert_false(is_root(DATA + 8));
  area->is_readable = true;
  area->path = device;
  assert_false(is_root(DATA + 8));
  area->path = shared;
  assert_false(is_root(DATA + 8));
}

/* An address anywhere in a block keeps it, and that of the first byte behind it; none of the next. */
static void interior_pointers(void **state) {
  (void)state;
  const struct {
    uint64_t address;
    bool is_reachable;
  } cases[] = {{BLOCK(0) - 1, false}, {BLOCK(0) + 1, true}, {BLOCK(0) + 64, true}, {BLOCK(0) + 65, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    put(DATA, cases[i].address);
    assert_int_equal(leaked(), !cases[i].is_reachable);
  }
  allocate(BLOCK(1), 0, 0); /* a block of no bytes */
  put(DATA, BLOCK(0));
  assert_int_equal(leaked(), 1);
  put(DATA + 8, BLOCK(1));
  assert_int_equal(leaked(), 0);
}

/* glibc's lists of free blocks point to the header of the next block, which may lie in this one. */
static void pointers_of_the_allocator(void **state) {
  static char libc[] = "/lib/libc.so.6";
  uint64_t header = BLOCK(0) + 64;
  (void)state;
  enter(BLOCK(0), 72, NOMEM_BLOCK_TABLE_LIVE, 0); /* fills its block of the C library */
  put(DATA, header);
  assert_int_equal(leaked(), 0);
  process.areas[IN_DATA].path = libc;
  assert_int_equal(leaked(), 1);
  put(DATA, header - 8);
  assert_int_equal(leaked(), 0);
  put(DATA, 0);
  process.image.heap_start = HEAP + AREA_BYTES; /* an arena of glibc's lies among blocks */
  put(HEAP + 8, header);
  assert_int_equal(leaked(), 1);
}

/* What a reachable block points to is reachable, however far; a quarantined block reaches nothing. */
static void chains(void **state) {
  (void)state;
  allocate(BLOCK(1), 64, 1);
  allocate(BLOCK(2), 64, 2);
  put(BLOCK(0) + 8, BLOCK(1));
  put(BLOCK(1) + 56, BLOCK(2));
  put(DATA, BLOCK(0));
  assert_int_equal(leaked(), 0);
  put(DATA, 0);
  quarantine(BLOCK(0), 64, 0);
  put(BLOCK(0) + 8, BLOCK(1));
  assert_int_equal(leaked(), 1);
  assert_int_equal(heap.leaks[0].site, 1);
}

/* A leaked block that only another one points to is not counted; in a ring all are; one that points to itself is. */
static void indirect_leaks(void **state) {
  (void)state;
  allocate(BLOCK(1), 64, 1);
  put(BLOCK(0), BLOCK(1));
  assert_int_equal(leaked(), 1);
  assert_int_equal(heap.leaks[0].site, 0);
  put(BLOCK(1), BLOCK(0));
  assert_int_equal(leaked(), 2);
  put(BLOCK(1), BLOCK(1));
  put(BLOCK(0), 0);
  assert_int_equal(leaked(), 2);
}

static void set_stack(uint32_t site, nomem_frame inner, nomem_frame outer) {
  channel->sites[site].depth = 2;
  channel->sites[site].frame[0] = inner;
  channel->sites[site].frame[1] = outer;
}

/* Whether a leaked block of a site was counted. */
static bool counts(uint32_t site) {
  for (size_t i = 0; i < heap.leak_count; i++)
    if (heap.leaks[i].site == site) return true;
  return false;
}

/* A ring counts although something else is leaked as well, but not what it leads to, nor one to which a block leads
 * that is leaked. After a fault one block counts for all: the one that was allocated nearest to it. */
static void rings(void **state) {
  (void)state;
  for (uint32_t i = 1; i < 5; i++) allocate(BLOCK(i), 64, i);
  put(BLOCK(1), BLOCK(2));
  put(BLOCK(2), BLOCK(1));
  put(BLOCK(2) + 8, BLOCK(3));
  put(BLOCK(3), BLOCK(4));
  put(BLOCK(4), BLOCK(3));
  assert_int_equal(leaked(), 3);
  assert_true(counts(0) && counts(1) && counts(2));
  channel->fault_count = 1;
  channel->faults[0] = (struct nomem_fault){
      .ready = 1, .depth = 3, .frame = {NOMEM_FRAME(2, 0x50), NOMEM_FRAME(2, 0x30), NOMEM_FRAME(2, 0x20)}};
  set_stack(1, NOMEM_FRAME(2, 0x30), NOMEM_FRAME(2, 0x20));
  set_stack(2, NOMEM_FRAME(2, 0x60), NOMEM_FRAME(2, 0x20));
  assert_int_equal(leaked(), 2);
  assert_true(counts(0) && counts(1));
  set_stack(1, NOMEM_FRAME(2, 0x70), NOMEM_FRAME(2, 0x20));
  assert_int_equal(leaked(), 2);
  assert_true(counts(0) && counts(2)); /* the later one */
  put(BLOCK(0), BLOCK(1));
  assert_int_equal(leaked(), 1);
  assert_true(counts(0));
}

/* By site, in the order of the keys; without a site there is nothing to show. */
static void sites(void **state) {
  (void)state;
  allocate(BLOCK(1), 32, 1);
  allocate(BLOCK(2), 16, 0);
  allocate(BLOCK(3), 16, NOMEM_BLOCK_TABLE_NO_SITE);
  channel->sites[2].key = 0;
  allocate(BLOCK(4), 16, 2);
  assert_int_equal(leaked(), 3);
  assert_int_equal(heap.leak_count, 2);
  assert_true(heap.leaks[0].key == 99 && heap.leaks[0].site == 1 && heap.leaks[0].bytes == 32);
  assert_true(heap.leaks[1].key == 100 && heap.leaks[1].blocks == 2 && heap.leaks[1].bytes == 80);
}

/* Two sites have one culprit where the same call outside the run-times leads to both. */
static void culprits(void **state) {
  (void)state;
  strcpy(channel->modules[0].path, "/lib/libc.so.6");
  strcpy(channel->modules[1].path, "/w/app");
  allocate(BLOCK(1), 64, 1);
  set_stack(0, NOMEM_FRAME(1, 0x10), NOMEM_FRAME(2, 0x30));
  set_stack(1, NOMEM_FRAME(1, 0x20), NOMEM_FRAME(2, 0x30));
  assert_int_equal(leaked(), 2);
  assert_true(heap.leaks[0].culprit == heap.leaks[1].culprit && heap.leaks[0].culprit != 0);
  set_stack(1, NOMEM_FRAME(1, 0x20), NOMEM_FRAME(2, 0x40));
  assert_int_equal(leaked(), 2);
  assert_true(heap.leaks[0].culprit != heap.leaks[1].culprit);
}

/* No table, one of another program, one that cannot be read, one of memory that no program has, and more memory than
 * can be scanned. */
static void what_cannot_be_scanned(void **state) {
  (void)state;
  report.block_table = 0;
  assert_int_equal(scan(), -ENOENT);
  report.block_table = OWN;
  process.table.magic++;
  assert_int_equal(scan(), -ENOENT);
  process.table.magic--;
  process.table.parts[4].number = 1;
  process.table.parts[4].part = 8;
  assert_int_equal(scan(), -EIO);
  process.table.parts[4].number = UINT64_MAX;
  process.table.parts[4].part = PART;
  assert_int_equal(scan(), -EIO);
  process.table.parts[4].number = 0;
  process.areas[IN_MAPPED].end = MAPPED + (UINT64_C(1) << 31);
  assert_int_equal(scan(), -E2BIG);
  assert_true(heap.leaks == NULL && heap.leak_count == 0 && heap.quarantined == NULL);
}

/* A page that cannot be read is passed over, not what lies behind it. */
static void an_unreadable_page(void **state) {
  (void)state;
  process.unreadable = MAPPED + 4096;
  assert_false(is_root(MAPPED + 4096));
  assert_true(is_root(MAPPED + 4088));
  assert_true(is_root(MAPPED + 8192));
}

/* Of more than a page of memory only the pages that the process ever touched are read; of one that is shared, all:
 * other processes may have filled it. */
static void untouched_memory(void **state) {
  (void)state;
  process.image.find_touched = find_touched;
  process.touched = MAPPED + 8192;
  assert_true(is_root(MAPPED + 8192));
  assert_true(is_root(MAPPED + 12280));
  assert_false(is_root(MAPPED + 8184));
  assert_false(is_root(MAPPED + 12288));
  assert_true(is_root(DATA + 8));
  process.areas[IN_MAPPED].is_shared = true;
  assert_true(is_root(MAPPED + 8184));
  process.areas[IN_MAPPED].is_shared = false;
  process.areas[IN_MAPPED].end = MAPPED + 8192;
  assert_false(is_root(MAPPED + 8184));
  process.areas[IN_MAPPED].end = MAPPED + 4096; /* too small to ask */
  assert_true(is_root(MAPPED + 4088));
  process.areas[IN_MAPPED].end = MAPPED + (UINT64_C(1) << 27);
  process.reads = 0;
  assert_true(is_root(MAPPED + 8192));
  assert_true(process.reads < 100);
}

/* Blocks that lie near one another are read together, however many there are. */
static void reads_in_large_pieces(void **state) {
  (void)state;
  put(DATA, BLOCK(0));
  assert_int_equal(leaked(), 0);
  process.reads = 0;
  assert_int_equal(leaked(), 0);
  unsigned of_one = process.reads;
  for (unsigned i = 0; i < 1000; i++) {
    allocate(HEAP + 8192 + (uint64_t)i * 48, 24, 1);
    put(i == 0 ? DATA + 8 : HEAP + 8192 + (uint64_t)(i - 1) * 48, HEAP + 8192 + (uint64_t)i * 48);
  }
  process.reads = 0;
  assert_int_equal(leaked(), 0);
  assert_true(process.reads < of_one + 10);
  put(DATA + 8, 0);
  assert_int_equal(leaked(), 1);
}

/* The parts of the table are in no order. */
static void parts_in_any_order(void **state) {
  (void)state;
  process.table.parts[2].number = process.table.parts[3].number + 1;
  process.table.parts[2].part = PART; /* the same blocks once more, further on */
  assert_int_equal(leaked(), 2);
  put(DATA, BLOCK(0));
  assert_int_equal(leaked(), 1);
  put(DATA + 8, BLOCK(0) + NOMEM_BLOCK_TABLE_PART_BYTES);
  assert_int_equal(leaked(), 0);
}

/* Where a page between blocks cannot be read, those behind it are read all the same; and so is a block that is too
 * large to be copied, and those around it. */
static void blocks_that_are_not_copied(void **state) {
  (void)state;
  put(DATA, BLOCK(1));
  put(BLOCK(1) + 8, BLOCK(0));
  allocate(BLOCK(1), 64, 1);
  process.unreadable = HEAP + 4096;
  assert_int_equal(leaked(), 0);
  put(BLOCK(1) + 64, 0);
  leaked();
  assert_true(heap.has_misuse && heap.misuse.site == 1);
  process.unreadable = 0;
  allocate(BLOCK(1), 64, 1);
  enter(BLOCK(2), UINT64_C(17) << 20, NOMEM_BLOCK_TABLE_LIVE, 2); /* though the rest of it is not there */
  assert_int_equal(leaked(), 1);
  put(BLOCK(0), BLOCK(2));
  assert_int_equal(leaked(), 0);
  put(BLOCK(0), 0);
  put(DATA, 0);
  put(BLOCK(2) + 32768, BLOCK(1));
  put(DATA + 8, BLOCK(2) + (UINT64_C(5) << 20)); /* inside it, on a page of its own */
  assert_int_equal(leaked(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      CASE(roots),
      CASE(when_main_has_returned),
      CASE(held_by_main),
      CASE(numbers_held_by_main),
      CASE(refused_realloc),
      CASE(locked_mutexes),
      CASE(what_is_a_mutex),
      CASE(what_is_no_root),
      CASE(protected_memory),
      CASE(interior_pointers),
      CASE(pointers_of_the_allocator),
      CASE(chains),
      CASE(indirect_leaks),
      CASE(rings),
      CASE(sites),
      CASE(culprits),
      CASE(what_cannot_be_scanned),
      CASE(an_unreadable_page),
      CASE(untouched_memory),
      CASE(reads_in_large_pieces),
      CASE(parts_in_any_order),
      CASE(blocks_that_are_not_copied),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
