#!/bin/sh
# SPDX-License-Identifier: MIT
# The command while its own allocations fail, one in each run, or one and all later ones: it comes to the same result as
# if none had, or ends with status 2 and one line. Nothing else: no signal, no other status, no lost rule, no hang.
#
#   tests/self/run.sh BUILD [--all] [SCENARIO...]
#
# Without --all, the sample: so many of each scenario's as SELF_SAMPLE says (8). An allocation is named by its call stack,
# of which the first, the second and the last call fail. After SELF_SECONDS (9000) none is begun any more, and what is left
# out is skipped, and said. SELF_FROM (1): the number of the first of a scenario's, where another machine has had those
# before.
# shellcheck source-path=SCRIPTDIR
set -eu
case $0 in /*) ;; *) exec "$PWD/$0" "$@" ;; esac # what is sourced looks for itself beside it, from another folder
# shellcheck source-path=SCRIPTDIR source=../e2e/lib/suite.sh
. "$(dirname "$0")/../e2e/lib/suite.sh"
here=$tests/self
# shellcheck source-path=SCRIPTDIR source=../lib/machine.sh
. "$tests/lib/machine.sh"
# shellcheck source-path=SCRIPTDIR/lib source=lib/scenarios.sh
. "$here/lib/scenarios.sh"
needs_ptrace
sample=${SELF_SAMPLE:-8} from=${SELF_FROM:-1}
shift
if [ "${1:-}" = --all ]; then
  sample=
  shift
fi
[ $# -eq 0 ] || scenarios=$*
self_build=$build self_work=$work self_end=$(($(date +%s) + ${SELF_SECONDS:-9000}))
export self_build self_work self_end

mkdir common stores
: >made
(
  cd common
  "$cc" -std=gnu11 -g -O0 -w -o program "$here/programs/program.c"
  "${CXX:-g++}" -g -O0 -w -o names "$here/programs/names.cc"
  "$cc" -std=gnu11 -g -O0 -w -o test_thing "$here"/programs/project/*.c "$here"/programs/project/tests/*.c
  "$cc" -std=gnu11 -g -O0 -w -fsanitize=address -o sanitized "$here/programs/program.c" 2>/dev/null || :
  printf 'crash function=careless # one\nleak site=loses # two\n' >all.supp
  printf '# one\ncrash function=care* site=careless<-main # one\n' >some.supp
  printf 'crash function=outer::Holder<long>::* # one\nabort function=main # two\n' >names.supp
  printf 'crash function=a\ncrush function=b # unknown\n' >mistakes.supp
  printf '#!/bin/sh\n./program\n./names\n' >runner
  chmod +x runner
  nomem suite --all -t 20 --heap off -j 1 --store ../stores/suite.db -- ./runner >/dev/null 2>&1 || [ $? -eq 1 ]
  nomem explore --all -t 20 --heap off --store ../stores/known.db -- ./program >/dev/null 2>&1 || [ $? -eq 1 ]
  nomem explore --all -t 20 --heap off --store ../stores/less.db --sites loses -- ./program >/dev/null 2>&1 || [ $? -eq 1 ]
)

# Whoever allocates by himself would have to look at what he gets. The explanations have examples in them.
allocating='(^|[^_a-zA-Z"])(malloc|calloc|realloc|reallocarray|strdup|strndup|v?asprintf|getline|getdelim|open_memstream)\('
opening='(^|[^_a-zA-Z"])(fopen|fdopen|fopencookie|opendir|fdopendir|realpath)\('
grep -nE "$allocating|$opening" "$tests"/../faults/explore/*/*.[ch] |
  grep -v '/report/explanations\.c:\|/text/memory\.[ch]:\|/text/library_memory\.c:\|nomem__checked(' >own || :
if [ -s own ]; then fail 'only text/memory.c allocates' own; else pass 'only text/memory.c allocates'; fi

# undisturbed SCENARIO: what it comes to, into a folder of its name.
undisturbed() {
  mkdir "$1" && cd "$1"
  prepare "$1"
  status=0
  # shellcheck disable=SC2046 # a list of words
  nomem $(words_of "$1") >out 2>err </dev/null || status=$?
  summary >came_to 2>&1
  # Lines that it prints in any case may be there when it gives up.
  steady err >said
  echo "$status" >status
  echo >>said
  cd ..
}

# list_plans SCENARIO: those by which its allocations fail, one a line.
list_plans() {
  mkdir "list-$1" && cd "list-$1"
  prepare "$1"
  # The outer command wants a program that succeeds.
  # shellcheck disable=SC2016,SC2046 # expanded by the inner shell; a list of words
  SCENARIO=$1 nomem explore --no-trace --isolate off --image nomem --leaks off --heap off --no-store --max-points 1 --faults transient \
    -q --json sites.json -- sh -c '"$@" >/dev/null 2>&1 </dev/null; rm -f store.db; [ "$SCENARIO" != resumed ] ||
    cp ../stores/known.db store.db' sh "$build/nomem" $(words_of "$1") >seen 2>&1 || :
  jq -r '.sites[] | "\(.key) \(.calls)"' sites.json | awk '
    { print "site=" $1 "@1" }
    $2 > 1 { print "site=" $1 "@2" }
    $2 > 2 { print "site=" $1 "@" $2 }
    NR % 10 == 0 { print "site=" $1 "@1;from=" $1 }'
  cd ..
}

for scenario in $scenarios; do
  if [ "$scenario" = sanitizer ] && [ ! -e common/sanitized ]; then
    skip sanitizer 'the compiler has no AddressSanitizer here'
    continue
  fi
  undisturbed "$scenario"
  if ! list_plans "$scenario" >plans || [ ! -s plans ]; then
    fail "$scenario: its allocations are known" "list-$scenario/seen"
    continue
  fi
  case " $with_new_stacks " in *" $scenario "*)
    grep -vxF -f made plans >new || :
    mv new plans
    ;;
  esac
  cat plans >>made
  count=$(wc -l <plans)
  awk -v sample="${sample:-$count}" -v count="$count" -v from="$from" \
    'NR >= from && int(NR * sample / count) != int((NR - 1) * sample / count)' plans >chosen
  rm -f part-* came
  split -l 500 chosen part-
  for part in part-*; do
    xargs -n 20 -P 2 "$here/lib/one.sh" "$scenario" <"$part" >>came 2>&1 || :
    [ -n "$sample" ] || echo "# $scenario: $(wc -l <came) of $count" >&2
  done
  done=$(grep -cE '^(ok|refused)$' came || :)
  name="$scenario: $(wc -l <chosen) of $count"
  if grep -qvE '^(ok|refused|skip .*)$' came; then
    grep -vE '^(ok|refused|skip .*)$' came >why
    fail "$name" why
  elif grep -q '^skip' came; then
    skip "$name" "$(grep -c '^skip' came) were not begun: the time was up"
  elif [ "$done" -eq "$(wc -l <chosen)" ]; then
    pass "$name ($(grep -c '^refused' came || :) gave up)"
  else
    fail "$name" came
  fi
done
finish
