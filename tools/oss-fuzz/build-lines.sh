# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the build.sh of somebody else's project, to be read (".") before its targets are linked: adds the engine to each of
# them. It stays idle but in a copy whose name ends in _nomem: see docs/fuzzing.md. Nothing is installed.
make -s -C "$SRC/nomem" engine CC=gcc CFLAGS='-O2 -g'
export LIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE -Wl,--wrap=LLVMFuzzerTestOneInput \
  -Wl,--defsym=nomem_fuzz_named=1 $SRC/nomem/build/libnomem-fuzz.a"
