# SPDX-License-Identifier: MIT
# What this machine does not allow: containers, chroots and hardened kernels forbid what some tests need. Sourced after
# tap.sh, in a folder of the suite's own, with build and tests (the folder of all tests) set.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round

# Not by nomem, which is what is tested.
machine_folder=${tests:-$(cd "$(dirname "$0")/.." && pwd)}/lib
"${CC:-gcc}" -o can_trace "$tests/lib/can_trace.c"
no_ptrace= # why a program may not trace its child; empty: it may
./can_trace || no_ptrace='ptrace is not allowed here'

# Skips the whole suite where nothing of it can be told without ptrace.
needs_ptrace() { [ -z "$no_ptrace" ] || skip_suite "$no_ptrace"; }

# cannot_trace NAME: where ptrace is not allowed, skips the test of this name and succeeds.
cannot_trace() {
  [ -n "$no_ptrace" ] || return 1
  skip "$1" "$no_ptrace"
}

# look_at_isolation [COMMAND...]: sets no_isolation to why runs in the current folder cannot be isolated; empty: they
# can. Of another user: the command makes one, and is put in front. Ends the suite where it fails for another reason.
look_at_isolation() {
  no_isolation=
  "$@" env NOMEM_STORE= timeout 300 "$build/nomem" explore --isolate on --max-points 1 -- "$build/victims/handled" \
    >"$work/isolation" 2>&1 && return 0
  no_isolation=$(sed -n 's/^nomem: --isolate on: \(.*\): .*/runs cannot be isolated: \1/p' "$work/isolation")
  [ -n "$no_isolation" ] || { echo "not ok - whether runs can be isolated" && cat "$work/isolation" && exit 1; }
}
