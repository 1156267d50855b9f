# SPDX-License-Identifier: MIT
# For a framework whose tests are one program, made of the file that "test" names.
CFLAGS = -g -O2
CXXFLAGS = -g -O1
LINK ?= $(CC)

check: build/checks
	$(RUN) ./build/checks $(ARGUMENTS)

build/checks: build/test.o build/basket.o build/parts.o $(more)
	$(LINK) -o $@ $^ $(LDLIBS)

build/%.o: src/%.c src/planted.h
	mkdir -p build && $(CC) $(CFLAGS) -c -o $@ $<

build/test.o: $(test)
	mkdir -p build && $(if $(filter %.c,$(test)),$(CC) $(CFLAGS),$(CXX) $(CXXFLAGS)) $(CPPFLAGS) -c -o $@ $<
