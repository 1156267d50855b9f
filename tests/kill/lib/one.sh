#!/bin/sh
# SPDX-License-Identifier: MIT
# Kills one exploration, so many times over, and lets it come to its end.
#
#   one.sh ID SET SIGNAL:MICROSECONDS...
#
# kill_build, kill_work and kill_end (see run.sh) are in the environment. Writes $kill_work/results/ID: a line that begins
# with ok, skip or not_ok, and with the last what went wrong.
# shellcheck disable=SC2154 # what is in the environment
set -u
id=$1 set=$2
shift 2
work=$kill_work
folder=$work/runs/$id
# shellcheck source-path=SCRIPTDIR source=sets.sh
. "$(dirname "$0")/sets.sh"

result() {
  echo "$1 $set $moments ${2:-}" >"$work/results/$id"
  rm -rf "$folder"
  exit 0
}
moments=$*
[ "$(date +%s)" -lt "$kill_end" ] || result skip 'the time was up'
mkdir -p "$folder" && cd "$folder" || exit 2

# explore SIGNAL MICROSECONDS: 0 0: to the end.
explore() {
  # shellcheck disable=SC2046,SC2086 # lists of words
  "$work/contain" -t 60 -k "$1" -a "$2" -o report -- $(command_of "$set") --store store.db --json out.json \
    -- $(words_of "$set") >seen 2>&1 </dev/null || result not_ok 'could not be contained'
  status=$(sed -n 's/^status=//p' report)
  left=$(sed -n 's/^left=//; s/ Umask.*//p' report)
  [ -z "$left" ] || result not_ok "left: $(echo "$left" | tr '\n' ';')"
  ! grep -q '^late' report || result not_ok 'it did not end'
  [ ! -e /tmp/nomem-kill-file ] || { rm -f /tmp/nomem-kill-file && result not_ok 'left a file'; }
}

for moment; do
  signal=${moment%%:*}
  explore "$signal" "${moment#*:}"
  if grep -q '^killed' report && [ "$signal" = 9 ]; then
    [ "$status" = 'signal 9' ] || grep -q '^status=exit [01]$' report || result not_ok "ended with $status"
  else
    # Before it has begun anything, the signal is not its own business yet.
    case $status in
      'exit 0' | 'exit 1' | 'exit 2') ;;
      "signal $signal") if [ -s seen ] || [ "${moment#*:}" -gt 50000 ]; then result not_ok "ended with $status"; fi ;;
      *) result not_ok "ended with $status" ;;
    esac
  fi
  [ -e store.db ] || continue
  whole=$(sqlite3 store.db 'PRAGMA integrity_check' 2>&1)
  [ "$whole" = ok ] || result not_ok "the store: $whole"
  # Before the first transaction it is none yet.
  "$kill_build/nomem" replay --store store.db >listed 2>&1 || grep -q 'no such store' listed ||
    result not_ok "the store does not open: $(head -n 1 listed)"
done
explore 0 0
[ "$status" = "$(cat "$work/$set.status")" ] || result not_ok "came to $status"
summary store.db out.json >content 2>&1
cmp -s content "$work/$set.content" ||
  result not_ok "came to another end: $(diff "$work/$set.content" content | grep '^[<>]' | head -n 6 | tr '\n' ' ')"
result ok
