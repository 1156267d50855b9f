# SPDX-License-Identifier: MIT
# One exploration by each engine, and the comparison of what came of every point; sourced after suite.sh. max_points of
# each program, 150 unless it is set.
# shellcheck shell=sh
# shellcheck disable=SC2154 # what suite.sh sets

max_points=${max_points:-150}
# Where two engines differ, both explore again, so often before it is called a difference: tests whose threads race, and
# programs that take a seed from the clock, end now so, now so, by any engine. Every second time, exec has the libraries
# bound at the start, as they are in what is forked: a program that uses memory before it was written finds there what
# the dynamic linker has left.
rounds=10
compared=0
skips_unsteady= # not empty: leave out, and say so, what does not always pass without a fault
fresh=: # what is done before each exploration
outcomes=$work/outcomes # what came of the points, and what else an exploration says
mkdir "$outcomes"

# engine_explores ENGINE FILE [OPTION...] -- PROGRAM...: appends what came of each point to the file, as
# "plan, engine, verdict and status, output". Status 1: refused for this program, 2: failed; the reason is in $outcomes/err.
engine_explores() {
  engine=$1 file=$2
  shift 2
  ended=0
  $fresh
  # shellcheck disable=SC2086 # a list of words
  timeout -k 5 280 ${as_user:-} ${bound:-} "$build/nomem" explore -v --jobs 2 --heap off --timeout 5 --engine "$engine" \
    --all --max-points "$max_points" "$@" >"$outcomes/out" 2>"$outcomes/err" </dev/null || ended=$?
  if [ $ended -ge 2 ]; then
    if grep -q 'is not safe for this program' "$outcomes/err"; then return 1; else return 2; fi
  fi
  sed -n 's/^nomem: \([a-z]*=[^ :]*\): \([a-z]* ([a-z]* [0-9]*\), \(.*\), by \([a-z]*\), [0-9]* us)$/\1\t\4\t\2)\t\3/p' \
    "$outcomes/err" >>"$outcomes/$file"
}

# Both engines again, as long as they differ; the last word is in $outcomes/result.
compare_engines() {
  other=$1
  shift
  round=1
  while :; do
    awk -v other="$other" -v last=$((round == rounds)) -f "$here/lib/compare.awk" "$outcomes"/exec.* \
      "$outcomes/$other".* >"$outcomes/result"
    read -r points unsteady different alone <"$outcomes/result"
    if [ "$different" -eq 0 ] || [ $round -eq $rounds ]; then break; fi
    round=$((round + 1))
    bound=
    [ $((round % 2)) = 1 ] || bound='env LD_BIND_NOW=1'
    engine_explores exec exec.$round "$@" || return 1
    bound=
    engine_explores "$other" "$other.$round" "$@" || return 1
  done
}

# same_by ENGINE NAME [OPTION...] -- PROGRAM...: status 1 when the engine is refused for the program.
same_by() {
  by=$1 by_name=$2
  shift 2
  rm -f "$outcomes"/fork.* "$outcomes"/snapshot.* "$outcomes"/exec.[2-9]
  status=0
  engine_explores "$by" "$by.1" "$@" || status=$?
  [ $status -ne 1 ] || return 1
  if [ $status -ne 0 ] || ! compare_engines "$by" "$@"; then
    cat "$outcomes/err" >>"$outcomes/out"
    fail "$by_name: $by" "$outcomes/out"
    return 0
  fi
  compared=$((compared + points))
  if [ "$different" -gt 0 ] || [ "$points" -eq 0 ]; then
    grep '^engines:' "$outcomes/out" >>"$outcomes/result" || :
    fail "$by_name: $by as exec: $different of $points points differ" "$outcomes/result"
  else
    not_always="$([ "$unsteady" -eq 0 ] || echo ", $unsteady of them not always the same")"
    not_always="$not_always$([ "$alone" -eq 0 ] || echo ", and $alone that one of them met seldom or never")"
    pass "$by_name: $points points by $by as by exec$not_always"
  fi
}

# same NAME [OPTION...] -- PROGRAM...: by each engine that may run it as by exec. The runs are isolated where that
# leaves the fork server: it is refused for isolated programs that write files, which it makes one after the other in
# the open, as exec then does, too.
same() {
  name=$1
  shift
  rm -f "$outcomes"/exec.*
  apart='-j 2'
  if engine_explores fork ignored --max-points 1 "$@" || ! grep -q 'writes or removes files' "$outcomes/err"; then :; else
    apart='-j 1 --isolate off'
  fi
  # shellcheck disable=SC2086 # a list of words
  set -- $apart "$@"
  if ! engine_explores exec exec.1 "$@" || [ ! -s "$outcomes/exec.1" ]; then
    left_out='nothing to explore: all that allocates is'
    [ -z "$skips_unsteady" ] || left_out="without any fault\\|$left_out"
    if grep "$left_out" "$outcomes/err" >"$outcomes/result"; then
      sed "s/^nomem: /# $name is left out: /" "$outcomes/result"
      return 0
    fi
    cat "$outcomes/err" >>"$outcomes/out"
    fail "$name: exec" "$outcomes/out"
    return 0
  fi
  for other_engine in fork snapshot; do
    same_by $other_engine "$name" "$@" ||
      pass "$name: $other_engine is refused: $(sed -n 's/.*is not safe for this program: \(.*\): use.*/\1/p' "$outcomes/err")"
  done
}
