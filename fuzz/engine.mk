# SPDX-License-Identifier: MIT
# The drop-in engine, libnomem-fuzz.a, which runs inside a fuzz target. call_decision.c takes the place of the
# injector's own counters and scopes: of faults/inject/ the linker takes what is asked for.

## engine: only libnomem-fuzz.a, in somebody else's build: needs no packages, and looks for none
engine: $(BUILD)/libnomem-fuzz.a

ENGINE_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard fuzz/engine/*.c) faults/inject/backend_link.c)
ENGINE_PARTS = $(BUILD)/obj/fuzz/engine/parts.a

$(ENGINE_PARTS): $(patsubst %.c,$(BUILD)/obj/%.o,$(INJECT_COMMON))

# One object, though it has an archive's name: it is linked whether or not anything asks for it, because a driver that
# refers to the target weakly asks for nothing. Of its names only the allocator's and --wrap's are seen.
$(BUILD)/libnomem-fuzz.a: $(ENGINE_OBJS) $(ENGINE_PARTS)
	$(call say,LD,$@)rm -f $@ && $(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

ifneq ($(MAKECMDGOALS),engine)
$(ENGINE_OBJS): | packages
endif

$(BUILD)/obj/fuzz/engine/%.o: fuzz/engine/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(INJECT_CFLAGS) -c $< -o $@

## downstream-fuzz: other projects' fuzz targets with the engine: findings, edges and speed (half an hour; needs cmake)
downstream-fuzz: $(BUILD)/libnomem-fuzz.a
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) build
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) bugs
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) coverage
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) speed

## downstream-fuzz-pairs: seven targets with the engine and without, at the same time, in pairs of a minute (an hour)
OTHER_TARGETS = nghttp2 libcbor pcre2 libplist-xml libplist-binary oniguruma c-ares
downstream-fuzz-pairs: $(BUILD)/libnomem-fuzz.a
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) build $(OTHER_TARGETS)
	$(Q)SECONDS_EACH=60 tests/downstream/fuzz_targets.sh $(BUILD) pairs $(OTHER_TARGETS)

## fuzz-drivers: the drop-in engine with every kind of driver, sanitizer and compiler (two minutes)
fuzz-drivers: setup-check $(BUILD)/libnomem-fuzz.a
	$(Q)tests/fuzz_drivers/run.sh $(BUILD) --all

.PHONY: engine downstream-fuzz downstream-fuzz-pairs fuzz-drivers
