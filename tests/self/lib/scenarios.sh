# SPDX-License-Identifier: MIT
# What the command is asked for while its own allocations fail, and what it came to. Sourced, with self_build set.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
scenarios='explore suppressed reports known resumed kinds tests names hang untraced engines sanitizer suite report run
  sites minimise replay list diff merge explain refused'
# Of these, only the call stacks that none before them has: they take long, or have most stacks in common with others.
with_new_stacks='known resumed kinds tests hang engines sanitizer suite'

# words_of SCENARIO: how the command is called, in a folder that prepare has filled. All points and a time limit: what is
# chosen otherwise depends on how fast the machine is.
words_of() {
  case $1 in
    explore) echo "explore --all -t 20 -j 1 --store store.db -- ./program" ;;
    suppressed) echo "explore --all -t 20 -j 1 --store store.db --verbose --suppress all.supp -- ./program" ;;
    reports) echo "explore --all -t 20 -j 1 --no-store --strict --suppress some.supp --json json --html html --junit junit
      --sarif sarif --tap tap -- ./program" ;;
    known) echo "explore --all -t 20 -j 1 --no-store --baseline known.db --sites careless|loses --json - -- ./program" ;;
    resumed) echo "explore --all -t 20 -j 1 --store store.db --faults all --suppress some.supp -- ./program" ;;
    kinds) echo "explore --all -t 20 -j 1 --no-store --strict --leaks all --verbose -- ./program --kinds" ;;
    tests) echo "explore --all -t 20 -j 1 --no-store --json json -- ./test_thing" ;;
    sanitizer) echo "explore --all -t 20 -j 1 --no-store --leaks all --json json -- ./sanitized" ;;
    names) echo "explore --all -t 20 -j 1 --no-store --suppress names.supp -- ./names" ;;
    hang) echo "explore --all -t 0.3 -j 1 --no-store --under-test program --json json -- ./program --hang" ;;
    untraced) echo "explore --all -t 20 -j 2 --no-trace --isolate off --no-store -- ./program" ;;
    engines) echo "explore --all -t 20 -j 2 --engine snapshot --no-store --suppress all.supp -- ./program" ;;
    suite) echo "suite --all -t 20 -j 1 --store store.db --suppress all.supp --json json --junit junit -- ./runner" ;;
    report) echo "report suite.db --json json --html html --junit junit --sarif sarif --tap tap" ;;
    run) echo "run --fail nth=4 --leaks all -- ./program" ;;
    sites) echo "sites --stacks --sites careless -- ./program" ;;
    minimise) echo "minimise --fail nth=1..2 -- ./program" ;;
    replay) echo "replay --store known.db 1" ;;
    list) echo "replay --store known.db" ;;
    diff) echo "diff known.db less.db" ;;
    merge) echo "merge store.db known.db less.db" ;;
    explain) echo "explain crash" ;;
    refused) echo "explore --no-store --suppress mistakes.supp -- ./program" ;;
  esac
}

# prepare SCENARIO: fills the current folder with what it needs, from $self_work/common.
prepare() {
  ln -s "$self_work"/common/* .
  case $1 in resumed | known | report | replay | list | diff | merge) cp "$self_work"/stores/* . ;; esac
  case $1 in resumed) mv known.db store.db ;; esac
}

# What of a text is the same each time. Progress is printed when it takes a while.
steady() {
  sed -e '/^nomem: [0-9]* \(of [0-9]* \)*runs, /d' -e '/^nomem: [0-9]* of [0-9]*: /d' -e "s,$PWD,HERE,g" \
    -e 's/[0-9.]* [mu]*s a run/T a run/; s/([0-9.]* s)/(T)/; s/, [0-9.]* a second//; s/, [0-9]* us)/)/' \
    -e 's/; [0-9.]* s, after [0-9.]* s of/; T of/' \
    -e 's/nonce[-=]"*[0-9a-f]*"*/nonce/g; s/"date":"[^"]*"/"date"/g; s/"seconds":[-0-9.e]*/"seconds"/g' \
    -e 's/"microseconds":[0-9]*/"microseconds"/g; s/ time="[0-9.]*"/ time/g; s/ timestamp="[^"]*"/ timestamp/g' "$@"
}

# summary: all that a scenario came to in the current folder, and nothing that depends on time.
summary() {
  case $(head -c 1 out) in '{') mv out document ;; esac # a report on standard output
  for file in out err html junit tap; do
    [ ! -e "$file" ] || { echo "== $file" && steady "$file"; }
  done
  for file in json sarif document; do
    [ ! -s "$file" ] || {
      echo "== $file" && jq -S 'del(.date, .seconds, .recording_seconds, .baseline?.microseconds?, .passes?[]?.seconds,
        .runs?[]?.invocations, .cases?[]?.explored_seconds, .cases?[]?.seconds)' "$file" | steady
    }
  done
  [ ! -e store.db ] || sqlite3 store.db '
    SELECT site,occurrence,persistent,second,verdict,finding FROM runs WHERE unconfirmed=0 ORDER BY 1,2,3,4;
    SELECT site,name,calls FROM sites ORDER BY 1;
    SELECT verdict,finding,site,occurrence,persistent,id,runs,flaky,plan,message,exclusion FROM findings ORDER BY 1,2,3,4,5;
    SELECT count(*) FROM campaigns WHERE ended IS NOT NULL' | steady
  find . -type f ! -name '*.db-*' ! -name came_to ! -name said ! -name status | sort
}
