#!/bin/sh
# SPDX-License-Identifier: MIT
# Programs that scribble over the pages that they share with the command: it ends with a report or a refusal, in time, and
# by no signal, whatever it reads there. What is written, where and when is a function of a seed (tests/hostile/programs/
# channel.c); engine, isolation and way follow from it, too.
#
#   tests/scribble/run.sh BUILD [--seeds N] [--from N]
#
# 30 seeds without options. The command is one with sanitizers, where BUILD has one, as make check makes it: it shows
# more than a crash. After HOSTILE_SECONDS (1680) none is begun any more, and what is left out is skipped, and said.
# shellcheck source-path=SCRIPTDIR
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
# shellcheck source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
here=$tests/hostile
# shellcheck source=../lib/machine.sh
. "$tests/lib/machine.sh"
shift
seeds=30
from=26
while [ $# -ge 2 ]; do
  case $1 in --seeds) seeds=$2 ;; --from) from=$2 ;; esac
  shift 2
done
# shellcheck disable=SC2119
look_at_isolation

mkdir bin results runs
"$cc" -std=gnu11 -O1 -o contain "$here/contain.c"
"$cc" -std=gnu11 -g -O0 -w -o bin/hostile "$here"/programs/*.c -pthread
if [ -x "$build/asan/nomem" ]; then
  mkdir sanitized
  cp "$build/asan/nomem" "$build/libnomem-preload.so" sanitized
  build=$work/sanitized
  hostile_megabytes=0
  export hostile_megabytes
  # LeakSanitizer takes ptrace.
  [ -z "$no_ptrace" ] || export ASAN_OPTIONS=detect_leaks=0
fi
hostile_build=$build
hostile_work=$work
hostile_end=$(($(date +%s) + ${HOSTILE_SECONDS:-1680}))
export hostile_build hostile_work hostile_end

seed=$from
: >todo
while [ "$seed" -lt $((from + seeds)) ]; do
  engine=$(echo auto exec fork snapshot untraced | cut -d ' ' -f $((seed % 5 + 1)))
  isolate=$(echo on off | cut -d ' ' -f $((seed / 5 % 2 + 1)))
  way=$(echo careful careless | cut -d ' ' -f $((seed / 10 % 2 + 1)))
  [ -z "$no_ptrace" ] || engine=untraced
  [ -z "$no_isolation" ] || isolate=off
  printf '%06d scribble %s %s %s sane t=1 a=%s\n' "$seed" "$way" "$engine" "$isolate" "$seed" >>todo
  seed=$((seed + 1))
done
# A program that writes nothing there is explored as ever: otherwise the others would show nothing.
printf '%06d block_all careful exec off passes\n' 0 >>todo
nice xargs -L 1 -P "${HOSTILE_JOBS:-2}" "$here/lib/one.sh" <todo || echo '# not all were made'

tab=$(printf '\t')
while read -r id behaviour way engine isolate _; do
  test="seed $((${id#"${id%%[!0]*}"} + 0)), $way, $engine, isolated $isolate"
  [ "$behaviour" = scribble ] || test='a program that writes nothing there'
  [ -f "results/$id" ] || printf 'not_ok\t-\t-\t-\t-\t-\t-\t-\t-\tno result\n' >"results/$id"
  IFS=$tab read -r judgement _ _ _ _ _ status _ _ reason <"results/$id"
  case $judgement in
    ok | unused) pass "$test" ;;
    skip) skip "$test" "$reason" ;;
    *)
      { echo "$status: $reason" && cat "results/$id.seen"; } >why 2>&1
      fail "$test: $status: $reason" why
      ;;
  esac
done <todo
finish
