# SPDX-License-Identifier: MIT
# The shared libraries, and what installs everything: tools/install.sh has the list.

# A name of an earlier version stays as it is: see faults/libnomem.map and lib/libmempool.map. libuvalloc is an archive
# only: libuv itself exports the same name, and which of the two a program got would depend on the order of its libraries.
SHARED_LDFLAGS = -shared -static-libgcc -Wl,-z,now -Wl,-z,defs -Wl,--exclude-libs,ALL -Wl,-soname,$(@F) \
  -Wl,--version-script=$(filter %.map,$^)

$(BUILD)/libnomem.so.0: $(LINK_OBJS) faults/libnomem.map
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SHARED_LDFLAGS) -o $@ $(filter %.o,$^)

$(BUILD)/libmempool.so.0: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/mempool*.c)) lib/libmempool.map
	$(call say,LD,$@)$(CC) $(CFLAGS) $(SHARED_LDFLAGS) -o $@ $(filter %.o,$^)

$(BUILD)/man/nomem.1: $(BUILD)/nomem docs/nomem.1.in
	@mkdir -p $(@D)
	$(call say,MAN,$@)$(BUILD)/nomem --man | sed -e '/@OPTIONS@/r /dev/stdin' -e '/@OPTIONS@/d' -e 's/@VERSION@/$(VERSION)/' docs/nomem.1.in > $@

INSTALL = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' tools/install.sh

## install: copy the command, libraries, headers, manual pages, documents and examples below $(DESTDIR)$(PREFIX), the libraries to $(DESTDIR)$(LIBDIR)
install: all
	$(Q)$(INSTALL) install $(BUILD)

## uninstall: remove what install has put there, by the same PREFIX, LIBDIR and DESTDIR
uninstall:
	$(Q)mkdir -p $(BUILD) && $(INSTALL) uninstall $(BUILD)

.PHONY: install uninstall
