#!/bin/sh
# SPDX-License-Identifier: MIT
# Explores hostile programs, and asks of each: does it end in time, is the verdict right, is it the same by every engine,
# and is nothing left? tests/hostile/table says what has to come out.
#
#   tests/hostile/run.sh BUILD [--all] [BEHAVIOUR...]
#
# Without --all or names, the sample: the behaviours with the word check, by the engine that the command chooses and by
# one other. HOSTILE_JOBS explorations are made at a time (2); after HOSTILE_SECONDS none is begun any more (1680), and
# what is left out is skipped, and said. Prints the Test Anything Protocol, and as comments a table: program, way, engine,
# isolated or not, milliseconds, what came out, and what was left.
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
# shellcheck source-path=SCRIPTDIR source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
here=$tests/hostile
# shellcheck source-path=SCRIPTDIR source=../lib/machine.sh
. "$tests/lib/machine.sh"
shift
is_whole=no
case ${1:-} in --all) is_whole=yes && shift ;; esac
[ $# -eq 0 ] || is_whole=yes
names=$*

# Below the suite's own folder, where everybody may look: some of them change their user.
chmod 755 "$work"
mkdir bin results runs
"$cc" -std=gnu11 -O1 -o contain "$here/contain.c"
"$cc" -std=gnu11 -g -O0 -w -o bin/hostile "$here"/programs/*.c -pthread
cp bin/hostile bin/hostile-other
printf '#!/bin/sh\nexec "%s" "$@"\n' "$work/bin/hostile" >bin/hostile-script
chmod 755 bin bin/*

# shellcheck disable=SC2119
look_at_isolation
hostile_build=$build
hostile_work=$work
hostile_end=$(($(date +%s) + ${HOSTILE_SECONDS:-1680}))
export hostile_build hostile_work hostile_end

# is_wanted BEHAVIOUR OPTION...
is_wanted() {
  if [ -n "$names" ]; then
    case " $names " in *" $1 "*) return 0 ;; *) return 1 ;; esac
  fi
  [ $is_whole = no ] || return 0
  case " $* " in *' check '*) return 0 ;; *) return 1 ;; esac
}

# Whether a line of the table speaks of explorations by this engine, isolated or not.
is_spoken_of() {
  case ,$1, in *,traced,*) [ "$2" != untraced ] || return 1 ;; esac
  case ,$1, in *,untraced,*) [ "$2" = untraced ] || return 1 ;; esac
  case ,$1, in *,isolated,*) [ "$3" = on ] || return 1 ;; esac
  case ,$1, in *,shared,*) [ "$3" = off ] || return 1 ;; esac
}

# In the sample: what people get, and one of the nine others in turn.
turn=0
is_in_turn() {
  [ $is_whole = no ] && [ "$1-$2" != auto-on ] || return 0
  turn=$((turn + 1))
  [ $((turn % 10)) = 3 ]
}

# The explorations, one a line, as one.sh takes them.
count=0
: >job_list
sed -e '/^#/d' -e '/^$/d' "$here/table" >lines
while read -r name careful careless where options; do
  # shellcheck disable=SC2086 # a list of words
  is_wanted "$name" $options || continue
  for way in careful careless; do
    expected=$careful
    [ $way = careful ] || expected=$careless
    [ "$expected" != - ] || continue
    for isolate in on off; do
      for engine in auto exec fork snapshot untraced; do
        if ! is_spoken_of "$where" $engine $isolate || ! is_in_turn $engine $isolate; then continue; fi
        count=$((count + 1))
        printf '%04d %s %s %s %s %s %s\n' $count "$name" $way $engine $isolate "$expected" "$options" >>job_list
      done
    done
  done
done <lines
[ $count -gt 0 ] || { echo "nomem: no such behaviour: $names" >&2 && exit 2; }

# What cannot be made here is not begun.
cannot() {
  [ "$2" != on ] || [ -z "$no_isolation" ] || { echo "$no_isolation" && return; }
  [ "$1" = untraced ] || [ -z "$no_ptrace" ] || echo "$no_ptrace"
}
: >todo
while read -r id name way engine isolate rest; do
  reason=$(cannot "$engine" "$isolate")
  if [ -z "$reason" ]; then
    echo "$id $name $way $engine $isolate $rest" >>todo
  else
    printf 'skip\t%s\t%s\t%s\t%s\t-\t-\t-\t-\t%s\n' "$name" "$way" "$engine" "$isolate" "$reason" >"results/$id"
  fi
done <job_list
echo "# $count explorations, $(wc -l <todo) of them here"
nice xargs -L 1 -P "${HOSTILE_JOBS:-2}" "$here/lib/one.sh" <todo || echo '# not all were made'

tab=$(printf '\t')
while read -r id name way engine isolate rest; do
  [ -f "results/$id" ] || printf 'not_ok\t%s\t%s\t%s\t%s\t-\t-\t-\t-\tno result\n' "$name" "$way" "$engine" "$isolate" >"results/$id"
  IFS=$tab read -r judgement _ _ _ _ time_ms status verdict left reason <"results/$id"
  printf '#| %-22s %-8s %-8s %-3s %6s ms  %-9s %s; left: %s\n' \
    "$name" "$way" "$engine" "$isolate" "$time_ms" "$status" "$verdict" "$left"
  test="$name $way, $engine, isolated $isolate"
  case $judgement in
    ok) pass "$test" ;;
    unused) pass "$test: not used for it" ;;
    skip) skip "$test" "$reason" ;;
    *)
      { echo "$reason" && cat "results/$id.seen"; } >why 2>&1
      fail "$test: $reason" why
      ;;
  esac
done <job_list

# Each point comes out the same by every engine that makes it.
cut -d ' ' -f 2,3 job_list | sort -u >programs
while read -r name way; do
  case $(grep "^[0-9]* $name $way " job_list | head -n 1) in *' races'*) continue ;; esac
  first=
  is_same=yes
  number=0
  : >why
  # shellcheck disable=SC2013 # numbers
  for id in $(sed -n "s/^\([0-9]*\) $name $way [^u].*/\1/p" job_list); do
    case $(cat "results/$id") in unused* | skip*) continue ;; esac
    [ -s "results/$id.points" ] || continue
    number=$((number + 1))
    if [ -z "$first" ]; then
      first=$id
    elif ! cmp -s "results/$first.points" "results/$id.points"; then
      is_same=no
      { cut -f 2-5 "results/$first" "results/$id" && diff "results/$first.points" "results/$id.points"; } >>why || :
    fi
  done
  [ $number -ge 2 ] || continue
  if [ $is_same = yes ]; then pass "$name $way: the same $number times"; else fail "$name $way: not always the same" why; fi
done <programs
finish
