# SPDX-License-Identifier: MIT
# The drop-in engine, libnomem-fuzz.a, which runs inside a fuzz target. call_decision.c takes the place of the
# injector's own counters and scopes, so only a part of faults/inject/ is needed.

ENGINE_OBJS = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard faults/*.c) faults/inject/unwind_rules.c \
  faults/inject/module_names.c faults/inject/call_site.c faults/inject/growing_map.c faults/inject/main_frame.c \
  faults/inject/backend_link.c $(wildcard fuzz/engine/*.c))

$(BUILD)/libnomem-fuzz.a: $(ENGINE_OBJS)
$(ENGINE_OBJS): | packages

$(BUILD)/obj/fuzz/engine/%.o: fuzz/engine/%.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(INJECT_CFLAGS) -c $< -o $@

## downstream-fuzz: other projects' fuzz targets with the engine: findings, edges and speed (half an hour; needs cmake)
downstream-fuzz: $(BUILD)/libnomem-fuzz.a
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) build
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) bugs
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) coverage
	$(Q)tests/downstream/fuzz_targets.sh $(BUILD) speed

.PHONY: downstream-fuzz
