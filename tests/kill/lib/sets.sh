# SPDX-License-Identifier: MIT
# The explorations that are killed, and what they come to. Sourced, with kill_build set.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what is set here is used there, and the other way round
sets='auto fork files daemon seconds heap suite'
more_sets='exec snapshot shared untraced' # not in the sample

command_of() {
  # All points: how many are chosen otherwise depends on how fast the machine is.
  case $1 in suite) echo "$kill_build/nomem suite" ;; *) echo "$kill_build/nomem explore" ;; esac
  echo '--all --timeout 20'
  case $1 in heap) ;; *) echo '--heap off' ;; esac
  case $1 in
    auto) echo '-j 2' ;;
    exec) echo '-j 2 --engine exec' ;;
    fork) echo '-j 1 --engine fork --isolate off' ;;
    snapshot) echo '-j 2 --engine snapshot' ;;
    untraced | daemon) echo '-j 2 --no-trace' ;;
    files | seconds | heap | suite) echo '-j 2' ;;
    shared) echo '-j 2 --isolate off' ;;
  esac
}

# What is explored: a program, or what a runner starts.
words_of() {
  case $1 in suite) echo "$kill_work/runner" ;; *) echo "$kill_work/program" ;; esac
  case $1 in
    shared | daemon) echo daemon ;;
    seconds) echo seconds ;;
    files) echo files ;;
  esac
}

# summary STORE JSON: all that an exploration came to, and nothing that depends on time or on which command did it.
summary() {
  sqlite3 "$1" 'SELECT verdict,count(*) FROM runs WHERE unconfirmed=0 GROUP BY 1;
    SELECT site,occurrence,persistent,second,verdict,finding FROM runs ORDER BY 1,2,3,4;
    SELECT site,name,calls FROM sites ORDER BY 1;
    SELECT verdict,finding,site,occurrence,persistent,id,runs,flaky,plan,message FROM findings ORDER BY 1,2,3,4,5,6;
    SELECT count(*) FROM campaigns WHERE ended IS NOT NULL'
  jq -S '{verdicts: [.verdicts[] | {name, runs}], coverage: (.coverage | del(.hangs_ended_early,
    .runs_ended_at_assertion, .heap_check_runs)), excluded, sites,
    findings: [.findings[] | {id, verdict, runs, flaky, message, fault, where, "end": .end}]}' "$2"
}
