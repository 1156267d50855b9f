# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Sourced by what runs programs with a sanitizer.

# Runs a command without address randomisation where the kernel randomises more bits than the sanitizers of clang 14 and
# gcc 12 can cope with.
placed() {
  if [ "$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)" -gt 28 ]; then
    setarch "$(uname -m)" -R "$@"
  else
    "$@"
  fi
}
