# SPDX-License-Identifier: MIT
# The fuzz targets: fuzz/NAME.c, with seeds and regressions in corpus/NAME and libFuzzer's options in fuzz/NAME.options.
# A target that needs them has FUZZ_LIBS_NAME here (linked before the project's own code) and is listed in
# FUZZ_THREADED.

FUZZ_SECONDS = 60
FUZZ_JOBS = 2
FUZZ_TARGETS = $(filter-out driver,$(patsubst fuzz/%.c,%,$(wildcard fuzz/*.c)))

FUZZ_OUT = $(BUILD)/fuzz
FUZZ_INCLUDES = -Ilib -Ifaults -Ifuzz
# Sibling calls would remove from the stack the frames that in= looks for.
FUZZ_CFLAGS = -std=gnu11 $(WARN) -g -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-sanitize-recover=all \
  $(FUZZ_INCLUDES) -MMD -MP

# The code under test and what the targets share: an archive, from which each target links what it needs.
FUZZ_PARTS = $(wildcard lib/*.c) $(INJECT_COMMON) faults/inject/backend_uv.c $(wildcard fuzz/common/*.c) \
  $(wildcard fuzz/libuv/*.c)

# The whole library, because the parts in fuzz/libuv/, which need it, come from the archive that is linked behind it.
FUZZ_LIBS_libuv = -Wl,--whole-archive $(or $(LIBUV_ARCHIVE),-l:libuv_a.a) -Wl,--no-whole-archive

# LIBUV=FOLDER: the sources of a libuv to build and fuzz instead of the distribution's, instrumented, and without
# inlining, so that a function of fuzz/libuv.suppressions is on the stack whenever it runs. Each folder has its own
# objects.
ifneq ($(LIBUV),)
LIBUV_FOLDER := $(abspath $(LIBUV))
FUZZ_OUT := $(BUILD)/fuzz-libuv/$(notdir $(LIBUV_FOLDER))-$(firstword $(shell echo $(LIBUV_FOLDER) | cksum))
LIBUV_ARCHIVE = $(FUZZ_OUT)/obj-$(3)/libuv.a # $(3) as in fuzz_program
LIBUV_SOURCES := $(shell tools/libuv.sh sources $(LIBUV_FOLDER))
FUZZ_INCLUDES := -isystem $(LIBUV_FOLDER)/include $(FUZZ_INCLUDES)
LIBUV_CFLAGS = -D_GNU_SOURCE -g -O1 -fno-inline -fno-omit-frame-pointer -fno-optimize-sibling-calls -w -MMD -MP \
  -fno-sanitize=undefined $(foreach f,include src src/unix,-I$(LIBUV_FOLDER)/$(f))
endif

# Targets whose oracle is ThreadSanitizer instead of the address and undefined behaviour ones.
FUZZ_THREADED = threads mempool_threads

# Each variant is a folder of objects: how its parts are compiled, its targets where that differs, how it is linked, and
# what stands for libFuzzer's main. The parts of tsan have no coverage counters: see fuzz/threads.c.
FUZZ_CC_asan = $(CLANG) -fsanitize=fuzzer-no-link,address,undefined
FUZZ_LD_asan = $(CLANG) -fsanitize=fuzzer,address,undefined
FUZZ_CC_tsan = $(CLANG) -fsanitize=thread
FUZZ_CC_TARGET_tsan = $(CLANG) -fsanitize=fuzzer-no-link,thread
FUZZ_LD_tsan = $(CLANG) -fsanitize=fuzzer,thread
# For threads, too: gcc's ThreadSanitizer does not support fences.
FUZZ_CC_gcc = $(CC) -fsanitize=address,undefined
FUZZ_LD_gcc = $(FUZZ_CC_gcc)
FUZZ_MAIN_gcc = driver
FUZZ_CC_msan = $(CLANG) -fsanitize=memory -fsanitize-memory-track-origins
FUZZ_LD_msan = $(FUZZ_CC_msan)
FUZZ_MAIN_msan = driver
FUZZ_CC_cov = $(CLANG) -fprofile-instr-generate -fcoverage-mapping
FUZZ_LD_cov = $(FUZZ_CC_cov)
FUZZ_MAIN_cov = driver
FUZZ_CC_afl = AFL_QUIET=1 AFL_USE_ASAN=1 AFL_USE_UBSAN=1 afl-clang-fast
FUZZ_LD_afl = $(FUZZ_CC_afl) -fsanitize=fuzzer
FUZZ_VARIANTS = asan tsan gcc msan cov afl

## fuzz: run every target for FUZZ_SECONDS (60), FUZZ_JOBS (2) of them at a time; fuzz-NAME runs one
fuzz: setup-demo fuzz-build
	$(Q)printf '%s\n' $(FUZZ_TARGETS) | xargs -P $(FUZZ_JOBS) -I{} tools/fuzz.sh run {} $(FUZZ_OUT) $(FUZZ_SECONDS)

$(filter-out fuzz-libuv,$(FUZZ_TARGETS:%=fuzz-%)): fuzz-%: setup-demo $(FUZZ_OUT)/bin/%
	$(Q)tools/fuzz.sh run $* $(FUZZ_OUT) $(FUZZ_SECONDS)

## fuzz-libuv: fuzz the distribution's libuv, or the one whose sources are in a folder (LIBUV=folder); goes on after a finding
fuzz-libuv: setup-demo $(FUZZ_OUT)/bin/libuv
	$(Q)tools/libuv.sh fuzz "$(LIBUV_FOLDER)" $(FUZZ_OUT) $(FUZZ_SECONDS)

fuzz-build: $(FUZZ_TARGETS:%=$(FUZZ_OUT)/bin/%)

## fuzz-regress: replay every corpus through libFuzzer with clang and through a plain driver with gcc
fuzz-regress: setup-demo fuzz-regress-build
	$(Q)tools/fuzz.sh regress "$(FUZZ_TARGETS)" $(FUZZ_OUT)

fuzz-regress-build: fuzz-build $(FUZZ_TARGETS:%=$(FUZZ_OUT)/gcc/%)

# MemorySanitizer does not notice what code writes that it did not compile, such as the C library's unwinder and libuv:
# so only targets that name no call stacks and use no libuv.
FUZZ_MSAN = errno mempool mempool_check plan replace_allocator

## fuzz-msan: replay the corpora of the targets that MemorySanitizer can judge under it
fuzz-msan: setup-demo $(FUZZ_MSAN:%=$(FUZZ_OUT)/msan/%)
	$(Q)for target in $(FUZZ_MSAN); do $(FUZZ_OUT)/msan/$$target corpus/$$target || exit 1; done

## corpus-minimise: keep of each corpus, and of what `make fuzz` found, one input for each thing covered
corpus-minimise: setup-demo fuzz-build
	$(Q)for target in $(FUZZ_TARGETS); do tools/fuzz.sh minimise $$target $(FUZZ_OUT) || exit 1; done

# The targets of the project's own code.
FUZZ_COVERING = $(filter-out libuv,$(FUZZ_TARGETS))

## coverage: lines and branches of lib/, the plan and the injector that the corpora cover, in build/coverage/
coverage: setup-demo $(FUZZ_COVERING:%=$(FUZZ_OUT)/cov/%)
	$(Q)tools/fuzz.sh coverage "$(FUZZ_COVERING)" $(FUZZ_OUT) $(BUILD)/coverage

## mutants: plant one-line bugs, one at a time, and see each killed by its fuzz target
mutants: setup-demo fuzz-build
	$(Q)tools/mutants.sh "$(FUZZ_OUT)" "$(CLANG) $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) -w"
	$(Q)tools/mutants-libuv.sh "$(FUZZ_OUT)" "$(CLANG) $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) -w"

## mutants-all: plant every one-line bug that can be made mechanically, run the targets that have its code (FILES="faults/plan.c", SAMPLE=20, SECONDS_EACH=15)
mutants-all: setup-demo fuzz-build
	$(Q)FILES="$(FILES)" SAMPLE="$(SAMPLE)" tools/mutants-all.sh "$(FUZZ_OUT)" "$(CLANG) $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) -w"

## fuzz-afl: run every target for FUZZ_SECONDS under AFL++
fuzz-afl: setup-fuzz $(FUZZ_TARGETS:%=$(FUZZ_OUT)/afl/%)
	$(Q)for target in $(FUZZ_TARGETS); do tools/fuzz.sh afl $$target $(FUZZ_OUT) $(FUZZ_SECONDS) || exit 1; done

## fuzz-libuv-coverage: functions, lines and UV_ENOMEM lines of libuv that corpus/libuv reaches (LIBUV=folder: of that libuv)
ifneq ($(LIBUV),)
fuzz-libuv-coverage: setup-demo $(FUZZ_OUT)/cov/libuv
	$(Q)tools/libuv.sh coverage $(LIBUV_FOLDER) $(FUZZ_OUT) $(FUZZ_OUT)/coverage
else
fuzz-libuv-coverage:
	$(Q)folder=$$(tests/downstream/fetch.sh $(BUILD)/downstream libuv1) && \
	  $(MAKE) --no-print-directory LIBUV="$$folder" $@
endif

## oss-fuzz: build the targets as OSS-Fuzz does, and replay what was built
oss-fuzz: setup-fuzz
	$(Q)tools/oss-fuzz/test.sh $(BUILD)/oss-fuzz

.PHONY: fuzz fuzz-build fuzz-regress fuzz-msan corpus-minimise coverage mutants mutants-all fuzz-afl fuzz-libuv-coverage oss-fuzz \
  $(FUZZ_TARGETS:%=fuzz-%)

# fuzz_variant(variant)
define fuzz_variant
$(FUZZ_OUT)/obj-$(1)/%.o: %.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$< ($(1)))$(FUZZ_CC_$(1)) $(FUZZ_CFLAGS) -c $$< -o $$@
$(FUZZ_OUT)/obj-$(1)/target/%.o: fuzz/%.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$< ($(1)))$(or $(FUZZ_CC_TARGET_$(1)),$(FUZZ_CC_$(1))) $(FUZZ_CFLAGS) -c $$< -o $$@
$(FUZZ_OUT)/obj-$(1)/parts.a: $(patsubst %.c,$(FUZZ_OUT)/obj-$(1)/%.o,$(FUZZ_PARTS))
endef

# fuzz_libuv(variant, folder): the libuv in LIBUV
define fuzz_libuv
$(FUZZ_OUT)/obj-$(1)/libuv/%.o: $(LIBUV_FOLDER)/%.c
	@mkdir -p $$(@D)
	$$(call say,CC,$$< ($(1)))$(FUZZ_CC_$(1)) $(LIBUV_CFLAGS) -c $$< -o $$@
$(FUZZ_OUT)/obj-$(1)/libuv.a: $(patsubst %.c,$(FUZZ_OUT)/obj-$(1)/libuv/%.o,$(LIBUV_SOURCES))
$(FUZZ_OUT)/$(2)/libuv: $(FUZZ_OUT)/obj-$(1)/libuv.a
endef

# fuzz_program(folder, target, variant)
define fuzz_program
$(FUZZ_OUT)/$(1)/$(2): $(patsubst %,$(FUZZ_OUT)/obj-$(3)/target/%.o,$(2) $(FUZZ_MAIN_$(3))) $(FUZZ_OUT)/obj-$(3)/parts.a
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$(FUZZ_LD_$(3)) -g -o $$@ $$(filter %.o,$$^) $(FUZZ_LIBS_$(2)) $$(filter %/parts.a,$$^) -pthread
endef

$(foreach v,$(FUZZ_VARIANTS),$(eval $(call fuzz_variant,$(v))))
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_program,bin,$(t),$(if $(filter $(t),$(FUZZ_THREADED)),tsan,asan))))
$(foreach t,$(FUZZ_TARGETS),$(foreach v,gcc msan cov afl,$(eval $(call fuzz_program,$(v),$(t),$(v)))))
ifneq ($(LIBUV),)
$(foreach v,$(FUZZ_VARIANTS),$(eval $(call fuzz_libuv,$(v),$(if $(filter asan,$(v)),bin,$(v)))))
endif
