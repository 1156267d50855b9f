/* SPDX-License-Identifier: MIT */
/* The pages shared between a program under test and the nomem command.
 *
 * The command makes them (a memory file), fills in the first part and names them to the program in the environment
 * variable NOMEM_CHANNEL (a path to open). Every process of a run maps the same pages, so counters and the last fault
 * outlive a crash, a hang and a kill, and mean the run rather than one of its processes. Without a command the
 * injector keeps the same structure in memory of its own.
 *
 * All-zero pages are a valid, empty channel but for magic. Everything the program writes is a lock-free atomic or is
 * published by one (ready, count): the command may read at any time. Treat all of it as hostile there: a crashing
 * program may have scribbled on it.
 */
#ifndef NOMEM_CHANNEL_H
#define NOMEM_CHANNEL_H

#include <stdint.h>

#include "plan.h"

#define NOMEM_PAGE 4096

#define NOMEM_CHANNEL_ENV "NOMEM_CHANNEL"
#define NOMEM_PLAN_ENV "NOMEM_PLAN"

/* Frames in a site: the innermost ones. Deeper recursion is cut off, so that it cannot make sites without end. */
#define NOMEM_DEPTH 32
/* Distinct sites, modules, program images and remembered faults in one run. Real programs had up to some thousand
 * sites; calls from those that do not fit are counted in sites_lost, and said. */
#define NOMEM_SITES 65536
#define NOMEM_SITE_SLOTS ((uint64_t)2 * NOMEM_SITES)
/* A site's slot is looked for among these few first: those of most programs then lie on two pages. */
#define NOMEM_NEAR_SLOTS 2048
#define NOMEM_NEAR_PROBES 8
#define NOMEM_MODULES 1024
#define NOMEM_IMAGES 64
#define NOMEM_FAULTS 64
/* Sites remembered that came only after a fault, and so many calls after it are looked at in each process: recovery
 * comes soon, and to name every call to the end of a long run takes longer than the run. */
#define NOMEM_RECOVERIES 64
#define NOMEM_RECOVERY_CALLS 10000
#define NOMEM_MISUSES 8
/* Processes of a run whose ends are known, beside the first. */
#define NOMEM_OTHERS 256
#define NOMEM_PATH_BYTES 512
#define NOMEM_GLOB_BYTES 256

/* A frame: the number of its module, from 1, and the offset of the return address in it (module-relative, as in the
 * file's symbol table). 0 is no frame. Module number 0 with an offset is code outside every module. */
typedef uint64_t nomem_frame;
#define NOMEM_FRAME(module, offset) ((nomem_frame)(module) << 48 | ((offset) & (((nomem_frame)1 << 48) - 1)))
#define NOMEM_FRAME_MODULE(frame) ((unsigned)((frame) >> 48))
#define NOMEM_FRAME_OFFSET(frame) ((frame) & (((nomem_frame)1 << 48) - 1))

/* What becomes of a call that is to fail, besides. */
enum nomem_stop {
  NOMEM_STOP_NOT,
  NOMEM_STOP_ONCE,   /* the process of the first one stops there, for a debugger to attach */
  NOMEM_STOP_EACH,   /* its thread stops there, for the command to look at it, as long as there is room in faults[] */
  NOMEM_STOP_INSTEAD /* the same, and then it does not fail */
};

/* Who makes the calls of a site. */
enum nomem_maker { NOMEM_MAKER_UNKNOWN, NOMEM_MAKER_PROGRAM, NOMEM_MAKER_SANITIZER };

/* One distinct call stack of allocations. */
struct nomem_site {
  _Atomic uint64_t key; /* 0: not in use, or not yet */
  _Atomic uint64_t count;
  uint64_t first_size;    /* bytes asked for by its first call */
  uint64_t first_nth;     /* which allocation of the run that was, from 1 */
  uint32_t fn;            /* enum nomem_fn of its first call */
  uint32_t before_main;   /* its first call came before main() */
  _Atomic uint32_t maker; /* enum nomem_maker; a sanitizer's own calls are never failed */
  uint32_t depth;
  uint32_t next_point, end_point; /* what is left of it in points[] */
  nomem_frame frame[NOMEM_DEPTH]; /* [0] is the caller of the allocation function */
};

struct nomem_module {
  _Atomic uint64_t path_hash; /* 0: the slot is free */
  _Atomic uint32_t ready;
  uint32_t unused;
  char path[NOMEM_PATH_BYTES]; /* absolute */
};

/* A program image (one exec) that loaded the injector. */
struct nomem_image {
  _Atomic uint32_t ready;
  int32_t pid;
  uint32_t injected; /* 0: a launcher, or not what was asked for: left alone */
  uint32_t unused;
  char path[NOMEM_PATH_BYTES];
};

/* One call that was failed. */
struct nomem_fault {
  _Atomic uint32_t ready;
  uint32_t fn;
  int32_t pid, tid;
  uint64_t size_bytes;
  uint64_t nth;        /* which allocation of the run, from 1 */
  uint64_t site;       /* key; 0 when the site table was full */
  uint64_t occurrence; /* of that site */
  uint32_t unused;
  uint32_t depth;
  nomem_frame frame[NOMEM_DEPTH];
};

/* A site that is not among the known ones, and came after the fault of a plan site=S@1; each once. */
struct nomem_recovery {
  _Atomic uint64_t key; /* 0: not there yet */
  uint32_t unused;
  uint32_t depth;
  nomem_frame frame[NOMEM_DEPTH];
};

/* What is wrong with a pointer that the program gave to free or realloc. */
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

/* One of them, with the stacks of the call, of the block's allocation, and of the call that freed it before. */
struct nomem_misuse {
  _Atomic uint32_t ready;
  uint32_t kind;
  int32_t pid;
  uint32_t call_depth, block_depth, freed_depth;
  uint64_t address, size_bytes; /* of the block */
  nomem_frame call[NOMEM_DEPTH], block[NOMEM_DEPTH], freed[NOMEM_DEPTH];
};

/* How closely blocks are watched. */
enum nomem_watch {
  NOMEM_WATCH_NONE,
  NOMEM_WATCH_LIVE,       /* how many are in use, and how large they are together */
  NOMEM_WATCH_BLOCK_TABLE /* each of them: exec only */
};

/* What a block counts for in nomem_watched.live, beside its bytes. */
#define NOMEM_LIVE_BLOCK (UINT64_C(1) << 44)

/* A process whose end may be looked at, and where in it what tells is to be found. */
struct nomem_exit_report {
  _Atomic int32_t pid;
  _Atomic uint32_t has_ended;              /* by itself, not by a signal or _exit: then the next three are known */
  uint32_t descriptors, threads, children; /* of children only whether there are any */
  uint32_t unused;
  _Atomic uint64_t block_table;          /* where its block table is; 0: none */
  _Atomic uint64_t stacks, stacks_bytes; /* where what the injector remembers of stacks is */
};

struct nomem_watched {
  _Atomic uint32_t keeps_new;      /* a sanitizer's operator new was called that cannot be failed */
  _Atomic uint32_t has_leak_check; /* the first has a sanitizer that looks for leaks: live are its bytes, at the end */
  _Atomic uint64_t live; /* what is in use, in the run, or in the fork that runs: its parent puts back its own */
  struct nomem_exit_report first; /* the first process that was injected, also after it has executed another program */
};

/* In the value of the SIGSTOP that a process sends to itself at its end, where check_leaks is set: it is to be traced
 * no longer, and gets no signal. */
#define NOMEM_DETACH_REQUEST 0x6e6f6d65

/* What one thread counted. A thread owns its slot and adds without a locked instruction, so two threads never share a
 * cache line; the last slot is shared, with locked adds, by whoever came too late for one. */
#define NOMEM_COUNTS 256
struct nomem_counts {
  _Alignas(128) _Atomic uint64_t calls[NOMEM_FN_COUNT]; /* allocation calls seen, by function */
  _Atomic uint64_t frees;
};

/* How the runs of a channel come about. */
enum nomem_engine {
  NOMEM_ENGINE_EXEC,    /* the program is started anew for each run */
  NOMEM_ENGINE_SERVER,  /* it is started once, stands before main(), and is forked for each run */
  NOMEM_ENGINE_SNAPSHOT /* it runs once, and is forked at each point of points[] */
};

/* A point that a snapshot is taken at. Those of one site lie together, by occurrence. */
struct nomem_snapshot_point {
  uint64_t occurrence;
  uint64_t second; /* key of a site whose first call fails, too; 0: none */
  uint32_t persistent, unused;
};

/* The dealings between the command and a process that is forked for it (engines server and snapshot). */
struct nomem_fork {
  uint32_t engine;           /* enum nomem_engine */
  uint32_t look_out;         /* snapshot: not where something is open that a fork would share (sockets, pipes ...) */
  uint64_t point_count;      /* of points[] */
  _Atomic int32_t owner;     /* process that is forked; 0: none yet. Others of the run stay out */
  _Atomic uint32_t turn;     /* a futex: the command adds one when the process may go on */
  int32_t child;             /* the injector's fork, not the program's; written by the kernel before it runs */
  _Atomic uint32_t point;    /* index in points[] of the one being forked for */
  _Atomic uint32_t obstacle; /* server: why it cannot stand there, enum nomem_obstacle */
};

/* What keeps a program from being forked before main(). */
#define NOMEM_OBSTACLE_MAP(X)                                            \
  X(NONE, "none")                                                        \
  X(THREADS, "a thread runs before main()")                              \
  X(DESCRIPTORS, "more than the standard streams is open before main()") \
  X(KERNEL, "the kernel does not allow it")

enum nomem_obstacle {
#define X(upper, text) NOMEM_OBSTACLE_##upper,
  NOMEM_OBSTACLE_MAP(X)
#undef X
};

struct nomem_channel {
  /* Written by the command before the program starts. */
  uint64_t magic;        /* NOMEM_CHANNEL_MAGIC: made by a command of this very layout */
  uint32_t record_sites; /* name every allocation, not only when the plan asks for it */
  uint32_t known_sites;  /* so many sites, the first in sites[], are those of runs without a fault; 0: not told */
  uint32_t keep_live;    /* keep live bytes, not only when the plan asks for it */
  uint32_t verify;       /* compare every remembered stack with a real unwind, and count what differs */
  _Atomic uint32_t stop_at_fault; /* enum nomem_stop */
  char plan[NOMEM_PLAN_BYTES];
  char image[NOMEM_GLOB_BYTES]; /* base names of the images to inject, globs joined by commas; "": all but launchers */
  uint32_t watch;               /* enum nomem_watch */
  uint32_t check_leaks;         /* sanitizers look for leaks, which they cannot in a process that is traced: see
                                   NOMEM_DETACH_REQUEST */

  /* Written by the program. What a fork writes lies together: each page it touches costs it a microsecond or two. */
  _Alignas(NOMEM_PAGE) struct nomem_fork fork; /* by both */
  struct nomem_watched watched;
  _Atomic uint32_t image_count, fault_count; /* may exceed the arrays */
  _Atomic uint32_t misuse_count;             /* too */
  _Atomic uint64_t errno_lost;               /* as in nomem_counters */
  struct nomem_fault faults[NOMEM_FAULTS];
  _Atomic uint32_t module_count;
  struct nomem_module modules[NOMEM_MODULES]; /* number n is modules[n - 1]; one numbering for all forks of a program,
                                                 so that the command can read the frames of their faults */
  struct nomem_image images[NOMEM_IMAGES];
  struct nomem_misuse misuses[NOMEM_MISUSES];
  _Atomic uint32_t other_count; /* may exceed the array */
  struct nomem_exit_report others[NOMEM_OTHERS];
  _Atomic uint32_t recovery_count; /* may exceed the array */
  struct nomem_recovery recoveries[NOMEM_RECOVERIES];

  /* From here on a process that is forked for the command, and its forks, write to copies of their own: a fork begins
   * with the counts that its parent had. What the pages hold otherwise stays from run to run, but for the counts. */
  _Alignas(NOMEM_PAGE) _Atomic int64_t live_bytes;             /* usable bytes, where they are kept */
  _Atomic uint64_t main_reached;                               /* images that came to main() */
  _Atomic uint64_t sites_lost;                                 /* allocations whose site found no slot */
  _Atomic uint64_t stack_hits, stack_misses, stack_mismatches; /* counted when verify is set */
  struct nomem_plan_state state;
  _Atomic uint32_t counts_used; /* slots of counts[] handed out; may exceed the array */
  _Atomic uint32_t site_count;  /* may exceed the array */
  struct nomem_counts counts[NOMEM_COUNTS];
  /* Open addressing by key: number of the site plus 1, 0 is free. */
  _Atomic uint32_t site_slots[NOMEM_NEAR_SLOTS + NOMEM_SITE_SLOTS];
  struct nomem_site sites[NOMEM_SITES]; /* in the order they came, so that few pages are touched */

  _Alignas(NOMEM_PAGE) struct nomem_snapshot_point points[]; /* as many as the file has room for */
};

/* Allocation calls of the run so far. While threads run, a moment between two truths. */
static inline uint64_t nomem__channel_calls(const struct nomem_channel *channel) {
  uint32_t used = channel->counts_used;
  uint64_t calls = 0;
  for (uint32_t i = 0; i < (used < NOMEM_COUNTS ? used : NOMEM_COUNTS); i++)
    for (unsigned fn = 0; fn < NOMEM_FN_COUNT; fn++) calls += channel->counts[i].calls[fn];
  return calls;
}

/* The section of a program that has the injector linked in; the value in it is NOMEM_CHANNEL_MAGIC. */
#define NOMEM_NOTE_SECTION ".note.nomem"

/* Where a key is looked for at first, and when that is another's. */
static inline _Atomic uint32_t *nomem__site_slot(struct nomem_channel *channel, uint64_t key, uint64_t probe) {
  uint64_t near = (key + probe) % NOMEM_NEAR_SLOTS, far = NOMEM_NEAR_SLOTS + (key + probe) % NOMEM_SITE_SLOTS;
  return &channel->site_slots[probe < NOMEM_NEAR_PROBES ? near : far];
}

#define NOMEM_CHANNEL_MAGIC (UINT64_C(0x6e6f6d656d000000) ^ sizeof(struct nomem_channel))

#endif
