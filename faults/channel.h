/* SPDX-License-Identifier: MIT */
/* The pages shared between a program under test and the nomem command.
 *
 * The command creates them as a memory file, fills in the first part, and tells the program the path to open in the
 * environment variable NOMEM_CHANNEL. Every process of a run maps the same pages, so counters and the last fault
 * survive a crash, a hang and a kill, and are those of the run rather than of one of its processes. Without a command
 * the injector keeps the same structure in memory of its own.
 *
 * All-zero pages are a valid, empty channel except for the magic. Everything that the program writes is a lock-free
 * atomic or is published by one (ready, count), so the command may read it at any time. There, all of it is to be
 * treated as hostile, because a crashing program may have written anything into it.
 */
#ifndef NOMEM_CHANNEL_H
#define NOMEM_CHANNEL_H

#include <stdint.h>

#include "plan.h"

#define NOMEM_PAGE 4096

#define NOMEM_CHANNEL_ENV "NOMEM_CHANNEL"
#define NOMEM_PLAN_ENV "NOMEM_PLAN"
/* The first of the variables that only a program that is forked has, behind all others. */
#define NOMEM_BIND_NOW "LD_BIND_NOW=1"

/* A further argument of the one madvise() by which the injector asks for a page that forks find empty, which tells it
 * from those of the program. */
#define NOMEM_ADVICE_MARK 0x6e6f6d65

/* How many frames a site has, from the innermost on. Deeper ones are cut off, so that a recursion cannot make any
 * number of sites. */
#define NOMEM_DEPTH 32
/* How many distinct sites, modules, programs and faults of a run are recorded. Real programs had up to some thousand
 * sites; calls of sites that do not fit are counted in sites_lost, and reported. */
#define NOMEM_SITES 65536
#define NOMEM_SITE_SLOTS ((uint64_t)2 * NOMEM_SITES)
/* A site's slot is searched among these few first, so that those of most programs lie on two pages. */
#define NOMEM_NEAR_SLOTS 2048
#define NOMEM_NEAR_PROBES 8
#define NOMEM_MODULES 1024
#define NOMEM_IMAGES 64
#define NOMEM_FAULTS 64
/* Of more faults the last ones are recorded, too: most often one of them is what a run blew up for. */
#define NOMEM_LAST_FAULTS 64
#define NOMEM_KNOWN_FAULTS (NOMEM_FAULTS + NOMEM_LAST_FAULTS)
/* How many sites are recorded that are reached only after a fault, and how many calls after it are examined in each
 * process: recovery comes soon, and to name every call to the end of a long run would take longer than the run. */
#define NOMEM_RECOVERIES 64
#define NOMEM_RECOVERY_CALLS 10000
#define NOMEM_MISUSES 8
/* How many processes of a run can report their ends besides the first one. */
#define NOMEM_CHILD_REPORTS 256
#define NOMEM_PATH_BYTES 512
#define NOMEM_GLOB_BYTES 256

/* A frame: the number of its module, from 1, and in it the offset of the return address, as the file's symbol table has
 * it. 0 is no frame. Module number 0 with an offset is code outside every module. */
typedef uint64_t nomem_frame;
#define NOMEM_FRAME(module, offset) ((nomem_frame)(module) << 48 | ((offset) & (((nomem_frame)1 << 48) - 1)))
#define NOMEM_FRAME_MODULE(frame) ((unsigned)((frame) >> 48))
#define NOMEM_FRAME_OFFSET(frame) ((frame) & (((nomem_frame)1 << 48) - 1))

/* Whether the program stops at a call that is to fail. */
enum nomem_stop {
  NOMEM_STOP_NEVER,
  NOMEM_STOP_ONCE,   /* at the first one the process stops, for a debugger to attach */
  NOMEM_STOP_EACH,   /* at each one the thread stops, for the command to examine it, as long as faults[] has room */
  NOMEM_STOP_INSTEAD /* the same, but then the call does not fail */
};

/* Who makes the calls of a site. ALLOCATOR: a sanitizer, or another allocator than the C library's, for itself. */
enum nomem_caller { NOMEM_CALLER_UNKNOWN, NOMEM_CALLER_PROGRAM, NOMEM_CALLER_ALLOCATOR };

/* One distinct call stack of allocations. */
struct nomem_site {
  _Atomic uint64_t key; /* 0: not in use, or not yet */
  _Atomic uint64_t count;
  uint64_t first_size;     /* bytes requested by its first call */
  uint64_t first_nth;      /* which allocation of the run that was, from 1 */
  uint32_t fn;             /* enum nomem_fn of its first call */
  uint32_t before_main;    /* its first call was made before main() */
  _Atomic uint32_t caller; /* enum nomem_caller; an allocator's own calls never fail */
  uint32_t depth;
  uint32_t next_point, end_point; /* its points in points[] that are still to come */
  nomem_frame frame[NOMEM_DEPTH]; /* [0] is the caller of the allocation function */
};

struct nomem_module {
  _Atomic uint64_t path_hash; /* 0: the slot is free */
  _Atomic uint32_t ready;
  uint32_t unused;
  char path[NOMEM_PATH_BYTES]; /* absolute */
};

/* A program that loaded the injector; each exec counts. */
struct nomem_image {
  _Atomic uint32_t ready;
  int32_t pid;
  uint32_t injected; /* 0: no call of it fails, because it is a launcher or was not asked for */
  uint32_t unused;
  char path[NOMEM_PATH_BYTES];
};

/* One call that was failed, or that was served in a hostile way. */
struct nomem_fault {
  _Atomic uint32_t ready;
  uint32_t fn; /* NOMEM_FN_COUNT: free, which never fails */
  int32_t pid, tid;
  uint64_t size_bytes;
  uint64_t nth;        /* which allocation of the run, from 1 */
  uint64_t site;       /* key; 0 when the site table was full */
  uint64_t occurrence; /* of that site; 0: not counted */
  _Atomic uint32_t is_being_written;
  uint32_t depth;
  uint32_t hostile; /* bits of enum nomem_hostile: how it was served; 0: it was failed */
  uint32_t unused;
  nomem_frame frame[NOMEM_DEPTH];
};

/* A site that is not one of the known ones and was reached after the fault of a plan site=S@1. Each is recorded once.
 */
struct nomem_recovery {
  _Atomic uint64_t key; /* 0: not complete yet */
  uint32_t unused;
  uint32_t depth;
  nomem_frame frame[NOMEM_DEPTH];
};

/* What a program does wrong with a block. */
#define NOMEM_MISUSE_MAP(X)                                   \
  X(TWICE, "a block was freed twice")                         \
  X(REALLOC, "a freed block was given to realloc")            \
  X(INSIDE, "a pointer into the middle of a block was freed") \
  X(FOREIGN, "what was freed is not on the heap")             \
  X(OVERRUN, "a block was written past its end")              \
  X(WRITTEN, "a block was written after it was freed")

enum nomem_misuse_kind {
#define X(upper, text) NOMEM_MISUSE_##upper,
  NOMEM_MISUSE_MAP(X)
#undef X
      NOMEM_MISUSE_KINDS
};

/* A misuse, with the stacks of the call that showed it, of the block's allocation, and of the call that freed it
 * before. */
struct nomem_misuse {
  _Atomic uint32_t ready;
  uint32_t kind;
  int32_t pid;
  uint32_t call_depth, block_depth, freed_depth;
  uint64_t address, size_bytes; /* of the block */
  nomem_frame call[NOMEM_DEPTH], block[NOMEM_DEPTH], freed[NOMEM_DEPTH];
};

/* What the test has said by nomem_wrong. The first call's text is kept, as far as there is room. */
#define NOMEM_WRONG_BYTES 256
struct nomem_wrong {
  _Atomic uint32_t count; /* of the calls */
  _Atomic uint32_t ready; /* the text is there */
  char text[NOMEM_WRONG_BYTES];
};

/* What is recorded of blocks. */
enum nomem_watch {
  NOMEM_WATCH_NONE,
  NOMEM_WATCH_LIVE,       /* how many are in use, and how large they are together */
  NOMEM_WATCH_BLOCK_TABLE /* each of them; only in a program that is started for the run */
};

/* What a block counts for in nomem_screening.live, in addition to its bytes. */
#define NOMEM_LIVE_BLOCK (UINT64_C(1) << 44)

/* What a process reports at its end, and where in its memory the command finds the rest. */
struct nomem_exit_report {
  _Atomic int32_t pid;
  _Atomic uint32_t has_ended;              /* it exited, not by a signal or _exit: then the next three are known */
  uint32_t descriptors, threads, children; /* of children only whether there are any */
  uint32_t unused;
  _Atomic uint64_t block_table; /* the address of its block table; 0: none */
  _Atomic uint64_t returned_to; /* the end of the stack that main() and what it called have left; 0: main() has
                                   not returned */
  _Atomic uint64_t main_frame, main_frame_bytes; /* where a copy lies of what main() held then, and its size; 0: none */
  _Atomic uint64_t stacks, stacks_bytes;         /* the address and size of the injector's cache of stacks */
};

/* Why no block is guarded in a run for which that was asked. */
enum nomem_guard_obstacle {
  NOMEM_GUARD_OBSTACLE_NONE,
  NOMEM_GUARD_OBSTACLE_LIMIT,     /* the process may not have any amount of memory */
  NOMEM_GUARD_OBSTACLE_ALLOCATOR, /* blocks are not the C library's */
  NOMEM_GUARD_OBSTACLE_KERNEL,    /* it gives no room */
  NOMEM_GUARD_OBSTACLES
};

/* What every run notes of what it leaves behind. Where it differs from the baseline, the command examines the run once
 * more, closely. */
struct nomem_screening {
  _Atomic uint32_t misses_operator_new; /* a sanitizer's or an allocator's, which cannot be made to fail */
  _Atomic uint32_t allocator; /* number of the module that serves malloc in place of the C library; 0: none, or a
                                 sanitizer */
  /* The first process has a sanitizer that detects leaks: at the end, live has what it counts. */
  _Atomic uint32_t has_leak_check;
  _Atomic uint64_t allocations; /* of the run, as its last process counted them when it exited; 0: none exited */
  _Atomic uint64_t live; /* in use in the run, or in the fork that runs, after which its parent restores its own */
  _Atomic uint32_t guard_obstacle;   /* enum nomem_guard_obstacle, of some process of the run */
  _Atomic uint64_t unguarded_blocks; /* for which there was no room among the guarded ones */
  struct nomem_exit_report first; /* of the first process that was injected, even after it executed another program */
};

/* The value of the SIGSTOP that a process sends to itself at its end where check_leaks is set: it asks to be traced no
 * longer, and gets no signal. */
#define NOMEM_DETACH_REQUEST 0x6e6f6d65

/* What a thread counted. A thread owns its slot and adds without a locked instruction, so two threads never share a
 * cache line; the last slot is shared, with locked adds, by all threads for which there is none. */
#define NOMEM_COUNTS 256
struct nomem_counts {
  _Alignas(128) _Atomic uint64_t calls[NOMEM_FN_COUNT]; /* allocation calls seen, by function */
  _Atomic uint64_t frees;
};

/* How the runs of a channel are started. */
enum nomem_engine {
  NOMEM_ENGINE_EXEC,    /* the program is executed for each run */
  NOMEM_ENGINE_SERVER,  /* it is executed once, stops before main(), and is forked for each run */
  NOMEM_ENGINE_SNAPSHOT /* it runs once, and is forked at each point of points[] */
};

/* A point at which a snapshot is taken. Those of a site lie together, by occurrence. */
struct nomem_snapshot_point {
  uint64_t occurrence;
  uint64_t second; /* key of a site whose first call fails, too; 0: none */
  uint32_t persistent, unused;
};

/* How the command and a process that is forked for it work together (engines server and snapshot). */
struct nomem_fork {
  uint32_t engine;           /* enum nomem_engine */
  uint32_t avoid_shared;     /* take no snapshot while something is open that a fork would share (sockets, pipes ...) */
  uint64_t point_count;      /* of points[] */
  _Atomic int32_t owner;     /* the process that is forked; 0: none yet. The others of the run are not */
  _Atomic uint32_t turn;     /* a futex, to which the command adds one when the process may go on */
  int32_t child;             /* the injector's fork, not the program's; the kernel writes it before the fork runs */
  _Atomic uint32_t point;    /* index in points[] of the point that it is forked for */
  _Atomic uint32_t obstacle; /* enum nomem_obstacle: why a server cannot stop there */
};

/* What keeps a program from being forked before main(). */
#define NOMEM_OBSTACLE_MAP(X)                                            \
  X(NONE, "none")                                                        \
  X(THREADS, "a thread runs before main()")                              \
  X(DESCRIPTORS, "more than the standard streams is open before main()") \
  X(TIMERS, "a timer is set before main()")                              \
  X(SIGNALS, "a signal is pending before main()")                        \
  X(MEMORY, "memory is shared before main()")                            \
  X(KERNEL, "the kernel does not allow it")

enum nomem_obstacle {
#define X(upper, text) NOMEM_OBSTACLE_##upper,
  NOMEM_OBSTACLE_MAP(X)
#undef X
};

struct nomem_channel {
  /* Written by the command before the program starts. */
  uint64_t magic;             /* NOMEM_CHANNEL_MAGIC: the command has this same layout */
  uint32_t record_sites;      /* name every allocation, even when the plan does not need it */
  uint32_t known_sites;       /* so many sites, the first in sites[], are those of runs without a fault; 0: not known */
  uint32_t counts_live_bytes; /* count live bytes, even when the plan does not need it */
  uint32_t verify;            /* compare every stack from the cache with a real unwind, and count those that differ */
  _Atomic uint32_t stop_at_fault; /* enum nomem_stop */
  char plan[NOMEM_PLAN_BYTES];
  char image[NOMEM_GLOB_BYTES]; /* base names of the programs to inject, globs with commas; "": all but launchers */
  uint32_t watch;               /* enum nomem_watch */
  uint32_t check_leaks; /* sanitizers detect leaks, which they cannot in a traced process: see NOMEM_DETACH_REQUEST */
  uint32_t measures_coverage; /* what a compiler's run-time allocates to write coverage data is never failed */
  uint32_t unused;
  uint64_t guarded_from; /* blocks are guarded from this allocation of the run on, counted from 1; 0: none is. It takes
                            a block table, which says what that means */

  /* Written by the program. What a fork writes lies together, because each page that it writes to costs it a
   * microsecond or two. */
  _Alignas(NOMEM_PAGE) struct nomem_fork fork; /* written by both */
  struct nomem_screening screening;
  _Atomic uint32_t image_count, fault_count; /* may exceed the arrays */
  _Atomic uint32_t misuse_count;             /* may, too */
  _Atomic uint64_t errno_lost;               /* as in nomem_counters */
  _Atomic uint64_t hostile_calls;            /* calls that were served in a hostile way */
  struct nomem_fault hostile_call;           /* the first of them */
  struct nomem_fault faults[NOMEM_FAULTS];
  _Atomic uint32_t module_count;
  struct nomem_module modules[NOMEM_MODULES]; /* number n is modules[n - 1]. All forks of a program have the same
                                                 numbers, so that the command can read the frames of their faults */
  struct nomem_image images[NOMEM_IMAGES];
  struct nomem_misuse misuses[NOMEM_MISUSES];
  struct nomem_wrong wrong;
  _Atomic uint32_t child_report_count; /* may exceed the array */
  struct nomem_exit_report child_reports[NOMEM_CHILD_REPORTS];
  _Atomic uint32_t recovery_count; /* may exceed the array */
  struct nomem_recovery recoveries[NOMEM_RECOVERIES];
  struct nomem_fault last_faults[NOMEM_LAST_FAULTS]; /* those that have no room in faults[], in turn */

  /* From here on, a process that is forked for the command, and its forks, write to copies of their own: a fork begins
   * with the counts of its parent. Everything here but the counts stays from run to run. */
  _Alignas(NOMEM_PAGE) _Atomic int64_t live_bytes;             /* usable bytes, when they are counted */
  _Atomic uint64_t main_reached;                               /* programs that reached main() */
  _Atomic uint64_t sites_lost;                                 /* allocations for whose site there was no room */
  _Atomic uint64_t stack_hits, stack_misses, stack_mismatches; /* counted when verify is set */
  struct nomem_plan_state state;
  _Atomic uint32_t counts_used; /* slots of counts[] that have an owner; may exceed the array */
  _Atomic uint32_t site_count;  /* may exceed the array */
  struct nomem_counts counts[NOMEM_COUNTS];
  /* A hash table by key, with open addressing: the number of the site plus 1; 0: free. */
  _Atomic uint32_t site_slots[NOMEM_NEAR_SLOTS + NOMEM_SITE_SLOTS];
  struct nomem_site sites[NOMEM_SITES]; /* in the order of their first calls, so that few pages are used */

  _Alignas(NOMEM_PAGE) struct nomem_snapshot_point points[]; /* as many as the file has room for */
};

/* Returns the number of allocation calls in the run so far; while threads run, it is approximate. */
static inline uint64_t nomem__channel_calls(const struct nomem_channel *channel) {
  uint32_t used = channel->counts_used;
  uint64_t all_calls = 0;
  for (uint32_t i = 0; i < (used < NOMEM_COUNTS ? used : NOMEM_COUNTS); i++)
    for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) all_calls += channel->counts[i].calls[fn];
  return all_calls;
}

/* How many faults of a run are recorded. */
static inline uint32_t nomem__channel_faults(const struct nomem_channel *channel) {
  uint32_t all_faults = channel->fault_count;
  return all_faults < NOMEM_KNOWN_FAULTS ? all_faults : NOMEM_KNOWN_FAULTS;
}

/* Returns one of them, from the first, which is number 0, to the last one. The number must be below their count. */
static inline const struct nomem_fault *nomem__channel_fault(const struct nomem_channel *channel, uint32_t number) {
  if (number < NOMEM_FAULTS) return &channel->faults[number];
  uint32_t late = channel->fault_count - NOMEM_FAULTS, oldest = late > NOMEM_LAST_FAULTS ? late : 0;
  return &channel->last_faults[(oldest + number - NOMEM_FAULTS) % NOMEM_LAST_FAULTS];
}

/* The section that a program has when the injector is linked into it. Its value is NOMEM_CHANNEL_MAGIC. */
#define NOMEM_NOTE_SECTION ".note.nomem"

/* Returns the slot where a key is searched first (probe 0), and those that follow while they belong to other keys. */
static inline _Atomic uint32_t *nomem__site_slot(struct nomem_channel *channel, uint64_t key, uint64_t probe) {
  uint64_t near = (key + probe) % NOMEM_NEAR_SLOTS, far = NOMEM_NEAR_SLOTS + (key + probe) % NOMEM_SITE_SLOTS;
  return &channel->site_slots[probe < NOMEM_NEAR_PROBES ? near : far];
}

#define NOMEM_CHANNEL_MAGIC (UINT64_C(0x6e6f6d656d000000) ^ sizeof(struct nomem_channel))

#endif
