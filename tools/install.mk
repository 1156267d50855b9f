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

# Manual pages, each from the one text that there is: nomem(1) from docs/nomem.1.in and the table of options, the others
# from a document or a header. PREFIX and LIBDIR are filled in when they are installed.
MAN = awk -v version='$(VERSION)' -v date="$$(sed -n 's/^\.TH NOMEM 1 \([0-9-]*\) .*/\1/p' docs/nomem.1.in)" -f tools/man/text.awk
man_page = -v page='$(basename $(@F))' -v section='$(subst .,,$(suffix $(@F)))' -v volume='$(VOLUME$(suffix $(@F)))' \
  -v summary='$(SUMMARY_$(@F))' -v see_also='$(SEE_ALSO)'
VOLUME.1 = User Commands
VOLUME.3 = Library Functions
VOLUME.5 = File Formats
SUMMARY_nomem.3 = make allocation calls return NULL on purpose, from a test
SUMMARY_nomem-plan.5 = which allocation calls fail
SUMMARY_nomem-suite.1 = explore all programs that a test suite runs
SUMMARY_nomem-suppressions.5 = findings that do not count
SEE_ALSO = .BR nomem (1)

$(MANUALS): | packages

$(BUILD)/man/nomem.1: $(BUILD)/nomem docs/nomem.1.in $(wildcard tools/man/*.awk)
	@mkdir -p $(@D)
	$(call say,MAN,$@)$(BUILD)/nomem --man | sed -e '/@OPTIONS@/r /dev/stdin' -e '/@OPTIONS@/d' -e 's/@VERSION@/$(VERSION)/' \
	  docs/nomem.1.in | $(MAN) -f tools/man/fold.awk > $@

$(BUILD)/man/nomem.3: faults/nomem.h $(wildcard tools/man/*.awk)
	@mkdir -p $(@D)
	$(call say,MAN,$@)$(MAN) $(man_page) -v header=$(<F) -f tools/man/header.awk $< $< > $@

document_as_page = $(call say,MAN,$@)mkdir -p $(@D) && $(MAN) $(man_page) -f tools/man/markdown.awk $< > $@
$(BUILD)/man/nomem-suite.1: docs/suites.md $(wildcard tools/man/*.awk)
	$(document_as_page)
$(BUILD)/man/nomem-%.5: docs/%.md $(wildcard tools/man/*.awk)
	$(document_as_page)

$(COMPLETIONS): $(BUILD)/completion/nomem.%: $(BUILD)/nomem
	@mkdir -p $(@D)
	$(call say,GEN,$@)$(BUILD)/nomem --completion $* > $@

INSTALL = DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' tools/install.sh

## install: copy the command, libraries, headers, manual pages, documents and examples below $(DESTDIR)$(PREFIX), the libraries to $(DESTDIR)$(LIBDIR)
install: all
	$(Q)$(INSTALL) install $(BUILD)

## uninstall: remove what install has put there, by the same PREFIX, LIBDIR and DESTDIR
uninstall:
	$(Q)mkdir -p $(BUILD) && $(INSTALL) uninstall $(BUILD)

## check-install: what make check skips of an installed copy where CMake, Meson, mandoc, zsh or fish are missing
check-install: setup-install
	$(Q)$(MAKE) --no-print-directory -j2 all $(BUILD)/victims/crash_write
	$(Q)tests/run.sh $(BUILD) install completion ci

## check-adapters: examples/adapters/ against the distribution's libraries
check-adapters: setup-adapters
	$(Q)$(MAKE) --no-print-directory -j2 all
	$(Q)tests/run.sh $(BUILD) adapters

## check-package: make Debian's packages, look at them with lintian, install and use them in a bare Debian (as root; a quarter of an hour)
check-package: setup-package
	$(Q)tests/package.sh $(BUILD)

.PHONY: install uninstall check-install check-adapters check-package
