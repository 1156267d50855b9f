#!/bin/sh
# SPDX-License-Identifier: MIT
# The text of an exploration and of a suite on a terminal: no line is wider than the terminal, what is to be pasted can be,
# and colours are there only where they are wanted.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace
python=/usr/bin/python3
$python -c 'import pty' 2>/dev/null || skip_suite 'no python3 to make a terminal with'

folder=a_folder_whose_name_is_so_long_that_no_line_of_a_terminal_has_room_for_more_than_this
mkdir $folder
cat >$folder/named.c <<'END'
#include <stdlib.h>
#include <string.h>
__attribute__((noinline)) char *a_function_whose_name_is_long_too_as_such_names_are_in_generated_code(const char *text) {
  char *copy = malloc(strlen(text) + 1);
                                                            copy[0] = text[0]; return copy;
}
__attribute__((noinline)) static char *other(const char *text) {
  char *copy = malloc(strlen(text) + 1);
  strcpy(copy, text);
  return copy;
}
int main(int argc, char **argv) {
  free(a_function_whose_name_is_long_too_as_such_names_are_in_generated_code(argv[argc - 1]));
  free(other(argv[argc - 1]));
  return 0;
}
END
"$cc" -g -O1 -fno-builtin -o $folder/named $folder/named.c
printf 'int main(void) { return 0; }\n' >nothing.c
"$cc" -o nothing nothing.c
cat >clean.c <<'END'
#include <stdlib.h>
int main(void) {
  char *text = malloc(10);
  if (text == NULL) return 1;
  free(text);
  return 0;
}
END
"$cc" -g -o clean clean.c
printf '%s\n' "./$folder/named 'two words'" ./nothing ./clean >tests.sh

# fits NAME COLUMNS COMMAND...
fits() {
  test=$1 columns=$2
  shift 2
  timeout 300 $python "$here/lib/terminal.py" "$columns" screen env TERM=xterm "$@" >wide 2>&1 || :
  if grep -q '^ *crash ' screen && [ "$(cat wide)" -le "$columns" ]; then pass "$test"; else
    cat wide screen >seen
    fail "$test" seen
  fi
}
for columns in 40 80 120; do
  fits "an exploration on $columns columns" "$columns" nomem explore -- ./$folder/named 'two words'
  fits "a suite on $columns columns" "$columns" nomem suite -- sh tests.sh
done

# So are the command's other messages.
timeout 300 $python "$here/lib/terminal.py" 40 screen nomem explore -- sh -c 'exit 3' >wide 2>&1 || :
if [ "$(cat wide)" -le 40 ] && tr -s '\n ' '  ' <screen | grep -q '^nomem: without any fault the program exits with 3: mend that first'; then
  pass 'a message'
else
  cat wide screen >seen
  fail 'a message' seen
fi

# What is pasted from a narrow terminal does what the report says; a shell reads it as one line.
fits 'the last of them' 50 nomem explore -- ./$folder/named 'two words'
sed -n '/^  reproduce: /,/[^\\]$/p' screen | sed '1s/^  reproduce: //' >pasted
sed -n '1,/[^\\]$/p' pasted >first
sh first >seen 2>&1 || :
if [ "$(wc -l <first)" -gt 1 ] && grep -q '^nomem: malloc of 10 bytes returned NULL' seen; then
  pass 'a command of several lines is pasted'
else
  cat pasted screen >>seen
  fail 'a command of several lines is pasted' seen
fi

# coloured NAME 0|1 VARIABLE...: whether the report has colours with these variables set.
coloured() {
  test=$1 wanted=$2
  shift 2
  timeout 300 $python "$here/lib/terminal.py" 80 screen env -u NO_COLOR "$@" nomem explore -- ./$folder/named x >wide 2>&1 || :
  if [ "$(grep -c "$(printf '\033\\[1;31mcrash')" screen)" = $((wanted * 4)) ]; then pass "$test"; else
    cat -v screen >seen
    fail "$test" seen
  fi
}
coloured 'colours on a terminal' 1 TERM=xterm
coloured 'none with NO_COLOR' 0 TERM=xterm NO_COLOR=1
coloured 'none where TERM is dumb' 0 TERM=dumb
coloured 'some there that are asked for' 1 TERM=dumb CLICOLOR_FORCE=1

# In a file nothing is folded.
nomem explore -- ./$folder/named 'two words' >screen 2>/dev/null || :
if [ "$(grep -c "^  reproduce: nomem run --fail .* -- ./$folder/named 'two words'\$" screen)" = 2 ]; then
  pass 'nothing is folded in a file'
else
  fail 'nothing is folded in a file' screen
fi

# Nothing found is said in a few lines.
for command in 'explore -- ./clean' 'suite -- ./clean'; do
  # shellcheck disable=SC2086 # words
  nomem $command >screen 2>/dev/null || :
  if [ "$(wc -l <screen)" -le 5 ] && ! grep -q '^next:' screen; then pass "$command: short"; else
    fail "$command: short" screen
  fi
done
finish
