#!/bin/sh
# SPDX-License-Identifier: MIT
# One exploration of a hostile program, bounded and watched.
#
#   one.sh ID BEHAVIOUR WAY ENGINE ISOLATE EXPECTED [OPTION...]
#
# ENGINE: auto, exec, fork, snapshot, or untraced: --no-trace. ISOLATE: on, off. EXPECTED and the options are as in the
# table; a=WORD is one more argument of the program. hostile_build, hostile_work, hostile_end (seconds of the clock after
# which nothing is begun) and hostile_megabytes (of address space; 0: as much as there is) are in the environment. Writes
# $hostile_work/results/ID: one line of
#
#   JUDGEMENT BEHAVIOUR WAY ENGINE ISOLATE MILLISECONDS STATUS VERDICT LEFT REASON
#
# separated by tabs, JUDGEMENT being ok, not_ok, unused (the engine says that it is not for this program) or skip; beside
# it ID.points, what came of each point, and ID.seen, what the command printed.
# shellcheck disable=SC2154 # what is in the environment
set -u
id=$1 behaviour=$2 way=$3 engine=$4 isolate=$5 expected=$6
shift 6
work=$hostile_work
folder=$work/runs/$id
out=$work/results/$id.seen
points=$work/results/$id.points
tab=$(printf '\t')

# result JUDGEMENT [REASON]
result() {
  printf '%s\n' "$1$tab$behaviour$tab$way$tab$engine$tab$isolate$tab${time_ms:--}$tab${status:--}$tab${verdict:--}$tab${left:--}$tab${2:--}" \
    >"$work/results/$id"
  chmod -R u+rwx "$folder" 2>/dev/null
  rm -rf "$folder"
  exit 0
}

seconds=3
is_racy=no
contain="-m ${hostile_megabytes:-32768}"
argument=
options=
for option; do
  case $option in
    t=*) seconds=${option#t=} ;;
    a=*) argument=${option#a=} ;;
    terminal) contain="$contain -T" ;;
    races) is_racy=yes ;;
    check) ;;
    *) options="$options $option" ;;
  esac
done
[ "$(date +%s)" -lt "$hostile_end" ] || result skip 'the time was up'

mkdir -p "$folder/cwd" "$folder/home"
cd "$folder/cwd" || exit 2
HOSTILE_NAME=nomem-hostile-$$-$id
HOME=$folder/home
export HOSTILE_NAME HOME
hostile=$work/bin/hostile

# What the machine does not allow is not the command's fault.
tell() { sed -n "s/^$1=//p" "$folder/report"; }
case $engine in untraced) by=--no-trace ;; *) by="--engine $engine" ;; esac
# shellcheck disable=SC2086 # lists of words
"$work/contain" -t $((25 + 3 * seconds)) $contain -o "$folder/report" -- "$hostile_build/nomem" explore -v --no-store $by --isolate "$isolate" \
  --timeout "$seconds" $options -- "$hostile" "$behaviour" "$way" $argument >"$out" 2>"$folder/err" </dev/null ||
  result not_ok 'could not be contained'
# What came of each point: of one that was tried again, because it was not reached, what came of it in the end.
sed -n 's/^nomem: \([a-z]*=[^ :]*\): \([a-z]*\) (.*/\1 \2/p' "$folder/err" |
  awk '{ if ($2 != "unreached" || !($1 in of)) of[$1] = $2 } END { for (plan in of) print plan, of[plan] }' | sort >"$points"
cat "$folder/err" >>"$out"
time_ms=$(tell time_ms)
status=$(tell status)
left=$(tell left | awk '/^process/ { processes++; sub(/ Umask.*/, "") ; sub(/^process [0-9]* Name: /, ""); name = $0; next }
  { print } END { if (processes > 0) print processes, "processes:", name }' | tr '\n\t' '; ')
for path in /tmp/"$HOSTILE_NAME"* /dev/shm/"$HOSTILE_NAME"* "$folder"/cwd/* "$folder"/home/*; do
  if [ -e "$path" ] || [ -L "$path" ]; then left="$left file $path" && rm -rf "$path"; fi
done
verdict=$(sed -n 's/^\([0-9]* runs\{0,1\}: .*\) ([0-9.]* s.*)$/\1/p' "$out" | tail -n 1)
[ -n "$verdict" ] || verdict=$(sed -n 's/^nomem: //p' "$out" | tail -n 1 | cut -c 1-120 | tr '\t' ' ')

if grep -q 'engine [a-z]* is not safe for this program' "$out" && [ "$status" = 'exit 2' ]; then
  [ -z "$left" ] || result not_ok "left: $left"
  result unused
fi

# finding VERDICT [PLACE]: one, or, where nobody sees what was not checked, several of them; and no other.
finding() {
  [ "$status" = 'exit 1' ] && grep -q "^$1 in ${2:-}" "$out" || return 1
  if grep -E '^[a-z]+ in .*: .*, [0-9]+ runs?$' "$out" | grep -qv "^$1 in "; then return 1; fi
  [ "$engine" = untraced ] || [ "$is_racy" = yes ] || grep -q '; 1 finding (' "$out"
}

says() { tr '\n' ' ' <"$out" | grep -qE -e "$1"; }

# CAP_SYS_PTRACE
reads_undumpable() { [ $((0x$(sed -n 's/^CapEff:[[:blank:]]*//p' /proc/self/status) >> 19 & 1)) = 1 ]; }

came_out() {
  case $1 in
    passes)
      [ "$status" = 'exit 0' ] && grep -q '^[1-9][0-9]* runs.*; 0 findings (' "$out" &&
        { ! grep -qE '^[1-9][0-9]* runs.* (unreached|flaky)' "$out" || [ "$is_racy" = yes ]; }
      ;;
    output) [ "${status#exit }" -le 1 ] 2>/dev/null && says 'more than 64 MiB' && ! grep -q '^hang in' "$out" ;;
    refuses:*) [ "$status" = 'exit 2' ] && says "${1#refuses:}" ;;
    says:*) [ "${status#exit }" -le 1 ] 2>/dev/null && says "${1#says:}" ;;
    ends:*) [ "$status" = "signal ${1#ends:}" ] ;;
    sane) [ "${status#exit }" -le 2 ] 2>/dev/null ;;
    crash-anywhere) finding crash ;;
    crash-undumpable) if reads_undumpable; then came_out crash; else finding crash; fi ;;
    crash) if [ "$way" = careless ]; then finding crash 'careless '; else finding crash; fi ;;
    *) finding "$1" ;;
  esac
}

[ -z "$(tell late)" ] || result not_ok "it did not end ($(tell late | tr '\n' ' '))"
[ -z "$left" ] || result not_ok "left: $left"
# Whatever a program wrote or called itself, a report is text.
if [ "$(tr -d '\n\t\040-\176\200-\377' <"$out" | wc -c)" -gt 0 ] || ! iconv -f UTF-8 -t UTF-8 "$out" >/dev/null 2>&1 ||
  LC_ALL=C grep -qE "$(printf '\302[\200-\237]|\342\200[\252-\256]')" "$out"; then
  result not_ok 'control characters or no UTF-8 in the report'
fi
for word in '(null)' 'AddressSanitizer' 'runtime error:' 'Assertion'; do
  if grep -qF -e "$word" "$out"; then result not_ok "'$word' in the report"; fi
done
rest=$expected
while [ -n "$rest" ]; do
  one=${rest%%/*}
  rest=${rest#"$one"}
  rest=${rest#/}
  if came_out "$one"; then result ok; fi
done
result not_ok "expected $expected"
