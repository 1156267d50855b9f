#!/bin/sh
# SPDX-License-Identifier: MIT
# The preload backend in real processes: every function fails as its manual says, and from wherever it is called.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"

programs=$here/programs
compile() { "$cc" -std=gnu11 -g -O0 -pthread "$@"; }
for program in api api_count threads processes hard; do compile -o "$program" "$programs/$program.c"; done
g++ -g -O0 -o api++ "$programs/api.cc"
compile -shared -fPIC -o plugin.so "$programs/plugin.c"
compile -shared -fPIC -fno-builtin -o allocator.so "$programs/allocator.c"
compile -shared -fPIC -Wl,-z,now -o libearly.so "$programs/early_lib.c"
compile -shared -fPIC -Wl,-z,now -o libuser.so "$programs/early_user.c" -L. -learly -Wl,-rpath,"$work"
for binding in lazy now; do
  compile -o early-$binding "$programs/early.c" -L. -luser -learly -Wl,-rpath,"$work" -Wl,-z,$binding
done
export PLUGIN="$work/plugin.so"

# Each function by its contract, failing and not.
expect 'each function fails as its manual says' 'status=0 faults=20' ./probe -p 'in=tested*' -- ./api
expect 'operator new throws, or returns null' status=0 ./probe -p 'in=*tested*' -- ./api++
expect 'each call is counted once, as what it was' \
  'malloc=1 calloc=2 realloc=3 reallocarray=4 aligned_alloc=5 posix_memalign=6 memalign=7 valloc=8 pvalloc=9 frees=10' \
  ./probe -s -- ./api_count
for function in malloc calloc realloc reallocarray aligned_alloc posix_memalign memalign valloc pvalloc; do
  expect "fn=$function fails that one" 'status=1 faults=1' ./probe -p "fn=$function nth=1" -- ./api_count
done
expect 'live bytes come back to nothing' 'live=0 status=0' ./probe -p 'budget=1G' -- ./processes fork

# Before relocation, in constructors and destructors.
for binding in lazy now; do
  expect "before relocation ($binding)" status=0 ./probe -s -- ./early-$binding
  expect "before relocation ($binding, bound at start)" status=0 env LD_BIND_NOW=1 ./probe -s -- ./early-$binding
  expect "constructors of library and program, atexit and destructor ($binding)" 'status=2 faults=4' \
    ./probe -p 'size=77..80' -- ./early-$binding
done

# Threads and processes: every call is counted, and one call fails exactly once.
expect 'threads: the counts add up' 'status=0 malloc=16001' ./probe -- ./threads 8 2000
expect 'threads: more of them than there are counters of their own' 'status=0 malloc=40001' ./probe -- ./threads 400 100
expect 'threads: one call fails once' 'faults=1 failed=1' ./probe -p 'size=4321 nth=777' -- ./threads 8 1000
expect 'threads: a burst' 'failed=50' ./probe -p 'size=4321 nth=101..150' -- ./threads 8 1000
expect 'threads: one occurrence of a site' 'failed=7' ./probe -s -p 'size=4321 in=work max=7' -- ./threads 8 1000
for sites in '' -s; do
  expect "fork: the children's calls count $sites" 'status=0 calls=9000 faults=1' \
    ./probe $sites -p 'size=4321 nth=4500' -- ./processes fork
  expect "fork: children of children $sites" 'status=0 calls=150 faults=1' \
    ./probe $sites -p 'size=4321 nth=77' -- ./processes tree
  expect "fork in threads $sites" 'status=0 malloc=1200 faults=1' \
    ./probe $sites -p 'size=4321 nth=1000' -- ./processes threads-fork
done
for way in vfork spawn exec; do
  expect "$way: the program executed counts in the same run" 'status=0 calls=10 faults=1 images=2 mains=2' \
    ./probe -p 'size=4321 nth=10' -- ./processes $way
done

# Uncommon places, with faults and without, with sites and without.
for place in signals alternate-stack coroutines tiny-stack cancellation exit-with-threads plugins no-descriptors \
  little-memory recursion; do
  expect "$place" status=0 ./probe -p 'size=99999;size=4321 p=0.1' -- ./hard $place
  expect "$place, with sites" 'status=0 lost=0 mismatches=0' ./probe -v -p 'size=99999;size=4321 p=0.1' -- ./hard $place
done
expect 'cancellation, while symbols are read' status=0 ./probe -p 'in=nothing' -- ./hard cancellation
expect 'a plugin that comes and goes keeps its sites' 'sites=12 site_calls=2206' ./probe -s -- ./hard plugins

# Another allocator behind.
export ALLOCATOR_COUNT="$work/served"
expect 'another preloaded allocator keeps its place' 'status=0 failed=10' \
  env PROBE_BEHIND=./allocator.so ./probe -p 'size=4321 nth=1..10' -- ./threads 4 1000
expect 'and served all that did not fail' "$((4001 + 4 - 10))" cat "$ALLOCATOR_COUNT"

finish
