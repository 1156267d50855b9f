# SPDX-License-Identifier: MIT
# nomem: the only build. `make help` lists the targets; V=1 prints the full commands.
#
# Sources are found by folder: a new file in lib/, faults/, tests/unit/, tests/victims/, bench/ or examples/ is built
# without an edit here.

CC = gcc
CLANG = clang
CXX = g++
AR = ar
LD = ld
OBJCOPY = objcopy
PREFIX = /usr/local
LIBDIR = $(PREFIX)/lib
DESTDIR =
BUILD = build

WARN = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS = -O2 -g
ALL_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) -MMD -MP
# What is linked or loaded into other people's processes: no symbol but the interface, no lazy binding (the first call
# of each function would otherwise run the dynamic linker inside somebody's malloc), thread variables that need no
# allocation, unwind tables for our own frames, and frame pointers, which unwind_rules.h relies on. Position-independent,
# because one object serves both libraries.
INJECT_CFLAGS = $(ALL_CFLAGS) -fPIC -fvisibility=hidden -fno-plt -ftls-model=initial-exec -fasynchronous-unwind-tables \
  -fno-omit-frame-pointer -fno-builtin-malloc -fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
# The static part of the C++ runtime: its demangler (the shared library would add a millisecond to every start).
EXPLORE_LIBS = -luv -ldw -lelf -ljansson -lsqlite3 -lsupc++

VERSION := $(shell sed -n 's/^.define NOMEM_VERSION_[A-Z]* \([0-9]*\)$$/\1/p' faults/nomem_version.h | paste -sd.)

EXPLORE_MAIN = faults/explore/command/main.c
EXPLORE_MAIN_OBJ = $(EXPLORE_MAIN:%.c=$(BUILD)/obj/%.o)
LIB_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/*.c))
PLAN_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard faults/*.c))
INJECT_COMMON = $(wildcard faults/*.c) $(filter-out faults/inject/backend_%.c,$(wildcard faults/inject/*.c))
LINK_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(INJECT_COMMON) faults/inject/backend_uv.c)
LINKED_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard faults/inject/backend_link*.c) faults/inject/backend_new.c \
  $(filter-out faults/inject/scope.c faults/inject/check.c,$(INJECT_COMMON)))
PRELOAD_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(INJECT_COMMON) $(wildcard faults/inject/backend_preload*.c) \
  faults/inject/backend_new.c)
EXPLORE_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out $(EXPLORE_MAIN),$(wildcard faults/explore/*/*.c)))

PRODUCTS = $(BUILD)/nomem $(BUILD)/libuvalloc.a $(BUILD)/libmempool.a $(BUILD)/libnomem.a $(BUILD)/libnomem-preload.so \
  $(BUILD)/nomem-link.o $(BUILD)/libnomem-fuzz.a
# For nobody but install; see tools/install.mk.
SHARED = $(BUILD)/libnomem.so.0 $(BUILD)/libmempool.so.0
MANUALS = $(patsubst %,$(BUILD)/man/nomem%,.1 -suite.1 .3 -plan.5 -suppressions.5)
COMPLETIONS = $(patsubst %,$(BUILD)/completion/nomem.%,bash zsh fish)

# Of the command and the unit tests, but not of what is put into other people's programs: see check-asan.
SANITIZE =
ASAN_FLAGS = -fsanitize=address,undefined -fno-omit-frame-pointer
ASAN_MAKE = $(MAKE) --no-print-directory BUILD=$(BUILD)/asan CFLAGS='-O1 -g' SANITIZE='$(ASAN_FLAGS)'

# The command works within a stack of 256 KiB (ulimit -s 256), the injector within a signal stack of 4 KiB.
SMALL_FRAMES = -Wframe-larger-than=32768
INJECT_FRAMES = -Wframe-larger-than=1280

Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1) $(2)";)

## all: build the command, the libraries and the manual pages into build/ (the default)
all: $(PRODUCTS) $(SHARED) $(MANUALS) $(COMPLETIONS)

## demo: the main job, on real libuv: fuzz targets, then the exploration that finds its abort
demo: setup-demo
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS) $(BUILD)/examples/uv_loop fuzz-build
	$(Q)tools/demo.sh $(BUILD)

## check: build and run all tests (twenty minutes on two processors of a virtual machine)
check: setup-check
	$(Q)$(MAKE) --no-print-directory -j2 all check-build
	$(Q)tests/run.sh $(BUILD)

## check-all: the same, and each test in all its builds, where check takes one after the other in turn (twice as long)
check-all:
	$(Q)NOMEM_ALL_TESTS=1 $(MAKE) --no-print-directory check

## check-elsewhere: demo and check in a bare Debian, with rights missing, under load (needs root; an hour; VARIANTS='root user')
check-elsewhere:
	$(Q)tests/elsewhere.sh $(BUILD) $(VARIANTS)

## hostile: explore 200 hostile programs by every engine, print a table (30 minutes; NAMES='flood': only those); bad conditions
hostile: setup-check
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS) $(BUILD)/victims/handled
	$(Q)$(if $(NAMES),,tests/adverse/run.sh $(BUILD) --all || status=1;) tests/hostile/run.sh $(BUILD) $(or $(NAMES),--all) && exit $${status:-0}

## kills: kill explorations at random moments, and let them go on: 1,000 times (30 minutes; KILLS=100)
kills: setup-check
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS) $(BUILD)/victims/handled
	$(Q)tests/kill/run.sh $(BUILD) --kills $(or $(KILLS),1000)

## self: fail every allocation of the command itself, in all subcommands and reports (two hours; SCENARIOS='run merge')
self: setup-check
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS)
	$(Q)tests/self/run.sh $(BUILD) --all $(SCENARIOS)

## check-asan: the command and its unit tests under AddressSanitizer and UBSan: tests, victims, scribbled pages (SEEDS=200)
check-asan: setup-check
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS) $(VICTIMS)
	$(Q)$(ASAN_MAKE) -j2 $(BUILD)/asan/nomem $(UNIT_TESTS:$(BUILD)/%=$(BUILD)/asan/%)
	$(Q)tests/asan/check.sh $(BUILD)/asan $(BUILD) --seeds $(or $(SEEDS),200)

## runners: a small project under each runner and framework of tests (a quarter of an hour; NAMES='meson gtest': only those)
runners: setup-check setup-runners all
	$(Q)$(if $(NAMES),,tests/run.sh $(BUILD) "e2e wrapper" "e2e split" || status=1;) tests/runners/run.sh $(BUILD) $(or $(NAMES),--all) && exit $${status:-0}

## check-html: look at, click through and photograph the page of --html in a real browser
check-html: setup-html
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS)
	$(Q)tests/html/check.sh $(BUILD)

## bench: print every performance figure of the documentation
bench: setup-bench
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS) bench-build
	$(Q)bench/run.sh $(BUILD)
	$(Q)bench/explore.sh $(BUILD)
	$(Q)bench/suite.sh $(BUILD)

## downstream: explore real programs and test suites, print a table (15 minutes; SUITES='jansson cjson@newest': only those)
downstream: setup-equivalence
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS)
	$(Q)tests/downstream/table.sh $(BUILD) $(SUITES)

## equivalence: real programs and tests, explored by each engine: every point must come out the same (20 minutes)
equivalence: setup-equivalence
	$(Q)$(MAKE) --no-print-directory -j2 $(PRODUCTS)
	$(Q)tests/equivalence/compare_all.sh $(BUILD)

## lint: includes between folders, clang-format, clang-tidy, cppcheck and shellcheck over every source file
lint: setup-lint
	$(Q)tools/lint.sh

## setup-build: install missing packages; also setup-demo, -check, -runners, -bench, -lint, -install, -adapters, -package, -html, -equivalence (NOMEM_NO_INSTALL=1: only say which, as plain make does)
setup-build setup-demo setup-check setup-runners setup-fuzz setup-bench setup-lint setup-install setup-adapters setup-package setup-html \
  setup-equivalence: setup-%:
	$(Q)tools/setup.sh $*

# Nothing is compiled while a package is missing; what is missing is said, not installed. The engine for fuzz targets needs
# no more than a compiler.
ifneq ($(MAKECMDGOALS),engine)
$(LIB_OBJS) $(PLAN_OBJS) $(LINK_OBJS) $(LINKED_OBJS) $(PRELOAD_OBJS) $(EXPLORE_OBJS) $(EXPLORE_MAIN_OBJ): | packages
endif
packages:
	$(Q)NOMEM_NO_INSTALL=1 tools/setup.sh build

## clean: remove build/
clean:
	rm -rf $(BUILD)

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: all packages demo check check-all check-build sanitized-command check-elsewhere runners check-html check-asan hostile kills self bench \
  bench-build downstream \
  equivalence lint clean help \
  setup-build setup-demo setup-check setup-runners setup-fuzz setup-bench setup-lint setup-install setup-adapters setup-package setup-html \
  setup-equivalence
.DELETE_ON_ERROR:

# Libraries and the command.

$(BUILD)/obj/lib/%.o: lib/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -fPIC -c $< -o $@

$(BUILD)/obj/faults/inject/%.o: faults/inject/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(INJECT_CFLAGS) $(INJECT_FRAMES) -c $< -o $@

$(BUILD)/obj/faults/%.o: faults/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(INJECT_CFLAGS) -c $< -o $@

$(BUILD)/obj/faults/explore/%.o: faults/explore/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(or $(SANITIZE),$(SMALL_FRAMES)) -c $< -o $@

# Its page is put in by the assembler, which names it to nobody.
$(BUILD)/obj/faults/explore/report/html_page.o: $(wildcard faults/explore/report/html/*)

$(BUILD)/libuvalloc.a: $(BUILD)/obj/lib/uv_alloc.o
$(BUILD)/libmempool.a: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/mempool*.c))
$(BUILD)/libnomem.a: $(LINK_OBJS)
$(BUILD)/%.a:
	$(call say,AR,$@)rm -f $@ && $(AR) rcs $@ $^

# What is inside the program under test calls nothing that a sanitizer intercepts: see libc_substitutes.c, which names it.
PLAIN_OBJ = $(BUILD)/obj/faults/inject/libc_substitutes.o
PLAIN = $(shell sed -n 's/^[a-zA-Z_].*PLAIN(\([a-z_0-9]*\)).*;$$/\1/p' faults/inject/libc_substitutes.c)
plainly = $(LD) -r -o $@.o $(filter-out $(PLAIN_OBJ) %.map,$^) && \
  $(OBJCOPY) $(foreach name,$(PLAIN),--redefine-sym $(name)=nomem__plain_$(name)) $@.o

# One object for a program whose malloc no preload can stand in front of. Of its names only the allocator's are seen.
$(BUILD)/nomem-link.o: $(LINKED_OBJS)
	$(call say,LD,$@)$(plainly) && $(LD) -r -o $@ $@.o $(PLAIN_OBJ) && $(OBJCOPY) --localize-hidden $@ && rm $@.o

# The unwinder is linked in from libgcc's archive and kept private: the program under test gets no library it did not
# ask for but ours. Its code and constants are one mapping, not three, because a fork copies each of them.
$(BUILD)/libnomem-preload.so: $(PRELOAD_OBJS) faults/libnomem-preload.map
	$(call say,LD,$@)$(plainly) && $(CC) -shared $(CFLAGS) -static-libgcc -Wl,-z,now -Wl,-z,defs \
	  -Wl,-z,noseparate-code -Wl,--exclude-libs,ALL -Wl,--version-script=$(filter %.map,$^) -o $@ $@.o $(PLAIN_OBJ) && rm $@.o

$(BUILD)/nomem: $(EXPLORE_MAIN_OBJ) $(EXPLORE_OBJS) $(PLAN_OBJS)
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(EXPLORE_LIBS)

# Benchmarks.

bench-build: $(patsubst bench/%.c,$(BUILD)/bench/%,$(wildcard bench/*.c))

$(BUILD)/bench/%: bench/%.c $(BUILD)/libexplore.a $(BUILD)/libnomem.a $(BUILD)/libmempool.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -Ilib -Ifaults -o $@ $< $(filter %.a,$^) $(BENCH_LIBS) -pthread

# Tests.

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
VICTIMS = $(patsubst tests/victims/%.c,$(BUILD)/victims/%,$(wildcard tests/victims/*.c)) \
  $(patsubst tests/victims/%.cc,$(BUILD)/victims/%,$(wildcard tests/victims/*.cc))
EXAMPLES = $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))

check-build: $(UNIT_TESTS) $(VICTIMS) $(EXAMPLES) fuzz-regress-build sanitized-command

# For tests/scribble: whatever a program writes over what the command reads.
sanitized-command:
	$(Q)$(ASAN_MAKE) $(BUILD)/asan/nomem

# A unit test may link everything: what it does not use is left out of the archives.
$(BUILD)/libexplore.a: $(EXPLORE_OBJS)
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libexplore.a $(BUILD)/libnomem.a $(BUILD)/libuvalloc.a $(BUILD)/libmempool.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) $(SANITIZE) -Ilib -Ifaults -o $@ $< $(filter %.a,$^) $(TEST_LIBS) -lcmocka $(EXPLORE_LIBS)

$(BUILD)/victims/%: tests/victims/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -O0 -o $@ $< $(VICTIM_LIBS) -pthread -luv

$(BUILD)/victims/%: tests/victims/%.cc
	@mkdir -p $(@D)
	$(call say,CXX,$<)$(CXX) -std=c++17 -Wall -Wextra -Werror -g -O0 -MMD -MP -o $@ $<

# The static library has its own functions' names; of the shared one only those of the interface are left.
EXAMPLE_LIBS_uv_loop = -l:libuv_a.a

$(BUILD)/examples/%: examples/%.c $(BUILD)/libnomem.a $(BUILD)/libmempool.a
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(ALL_CFLAGS) -Iinclude -o $@ $< $(filter %.a,$^) $(or $(EXAMPLE_LIBS_$*),-luv) -pthread

include fuzz/fuzz.mk
include fuzz/engine.mk
include tools/install.mk

# Other projects' trees below build/downstream, and another system's below build/elsewhere, have files and folders of
# that name too.
-include $(shell find $(BUILD) \( -path $(BUILD)/downstream -o -path $(BUILD)/elsewhere -o -path $(BUILD)/asan \) -prune -o -name '*.d' -type f -print 2>/dev/null)
