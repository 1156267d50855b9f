#!/bin/sh
# SPDX-License-Identifier: MIT
# What completes the command line in bash, zsh and fish: all that --help names, the values of options, the commands, and
# nothing of nomem's behind the program. Each shell is asked as a user asks it, where it is installed.
#
#   tests/completion/run.sh BUILD
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
# shellcheck source-path=SCRIPTDIR/../lib source=tap.sh
. "$root/tests/lib/tap.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1
PATH=$build:$PATH
export LC_ALL=C HOME="$work"
touch data-file
mkdir folder
seen=$work/seen

# same NAME EXPECTED: what was completed is in the file "got".
same() {
  printf '%s\n' "$2" | tr ' ' '\n' | grep -v '^$' | sort -u >expected
  sort -u got | grep -v '^$' >sorted
  if diff expected sorted >"$seen"; then pass "$1"; else fail "$1" "$seen"; fi
}

# in_bash WORD...: the last is the one that is being written.
# shellcheck disable=SC2016 # expanded by bash
in_bash() {
  timeout 60 bash --norc -c '
    source "$0"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _nomem 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' "$work/nomem.bash" nomem "$@" >got
}

# in_fish LINE
in_fish() {
  # shellcheck disable=SC2016 # expanded by fish
  timeout 60 fish --no-config -c 'source nomem.fish; complete -C $argv[1]' "nomem $1" 2>/dev/null | cut -f 1 >got
}

# options_of COMMAND: the long ones, by its help.
options_of() { nomem help "$1" | sed -n 's/^  .... *\(--[a-z-]*\).*/\1/p'; }

commands=$(nomem --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for shell in bash zsh fish; do nomem --completion $shell >"nomem.$shell"; done
nomem --completion csh >"$seen" 2>&1
if [ $? = 2 ] && grep -qx "nomem: --completion 'csh': give bash, zsh or fish (try 'nomem --help')" "$seen"; then
  pass 'another shell is refused'
else
  fail 'another shell is refused' "$seen"
fi

if command -v bash >/dev/null 2>&1; then
  in_bash '' && same 'bash: commands' "$commands"
  in_bash explor && same 'bash: a command' explore
  in_bash help explor && same 'bash: help of a command' explore
  for command in $commands; do
    [ "$command" != help ] || continue
    in_bash "$command" -- && same "bash: options of $command" "$(options_of "$command")"
  done
  in_bash explore --engine '' && same 'bash: values' 'auto exec fork snapshot'
  in_bash explore --engine = s && same 'bash: values behind =' snapshot
  in_bash explore --engine exec --eng && same 'bash: behind a value' --engine
  in_bash explore -j 3 --eng && same 'bash: behind the value of a letter' --engine
  in_bash run --eng && same "bash: not another command's" ''
  in_bash explore ls --eng && same "bash: not behind the program" ''
  in_bash explore -- ls --eng && same 'bash: not behind --' ''
  in_bash explore -- true && grep -qx true got && echo true >got
  same 'bash: a program' true
else
  skip 'bash' 'bash is not installed'
fi

if command -v fish >/dev/null 2>&1; then
  in_fish '' && same 'fish: commands' "$commands"
  in_fish explor && same 'fish: a command' explore
  for command in explore replay; do
    in_fish "$command --" && same "fish: options of $command" "$(options_of "$command")"
  done
  in_fish 'explore --engine ' && same 'fish: values' 'auto exec fork snapshot'
  in_fish 'run --eng' && same "fish: not another command's" ''
  in_fish 'explore -- ls --eng' && same 'fish: not behind --' ''
  in_fish 'explore --json dat' && same 'fish: a file' data-file
  in_fish 'explore --coverage fold' && same 'fish: a folder' folder/
else
  skip 'fish' 'fish is not installed'
fi

# in_zsh NAME LINE EXPECTED: what the line has become behind a tab; a terminal of its own is looked at until it has.
cat >drive.zsh <<'END'
zmodload zsh/zpty zsh/datetime
TERM=vt100 zpty -b shell zsh -f -i
zpty -w shell "PROMPT=; fpath=($1 \$fpath); autoload -U compinit; compinit -D -u; unsetopt beep; print REA''DY"
wait_for() {
  local part seen= end=$((EPOCHSECONDS + 60))
  while ((EPOCHSECONDS < end)) && [[ $seen != *$1* ]]; do
    while zpty -rt shell part; do seen+=${part//[[:cntrl:]]/}; done
    sleep 0.05
  done
  [[ $seen == *$1* ]] || { print -r -- "instead of '$1': $seen"; return 1 }
}
wait_for READY && zpty -w -n shell $2$'\t' && wait_for $3
result=$?
zpty -d shell
exit $result
END
in_zsh() {
  if timeout 150 zsh -f drive.zsh "$work/functions" "$2" "$3" >"$seen" 2>&1 </dev/null; then pass "zsh: $1"; else
    fail "zsh: $1" "$seen"
  fi
}
if ! command -v zsh >/dev/null 2>&1; then skip 'zsh' 'zsh is not installed'
elif ! zsh -f -c 'zmodload zsh/zpty && zpty x true' 2>/dev/null; then skip 'zsh' 'zsh cannot have a terminal of its own here'
else
  mkdir functions
  cp nomem.zsh functions/_nomem
  in_zsh 'a command' 'nomem explor' 'nomem explore'
  in_zsh 'an option' 'nomem explore -j 3 --eng' '--engine'
  in_zsh 'a value' 'nomem explore --engine=sn' '--engine=snapshot'
  in_zsh 'an option of a command' 'nomem replay --gd' 'replay --gdb'
  in_zsh 'the program, and no option of nomem behind it' 'nomem run --fail nth=1 -- nomem explore --eng' 'explore --engine'
  in_zsh 'without a command' 'nomem --comp' '--completion'
fi
finish
