#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes, in the current folder, a program whose function names, file names, source text and last words are all meant to
# break out of a report: markup, ends of scripts, comments, quotes, control characters, direction marks, bytes that are
# not UTF-8. The program is called hostile, and its findings are a crash and an abort.
#
#   tests/html/hostile.sh
set -eu
cc=${CC:-gcc}

# A name as long as what it is replaced by: debug information and symbol table are edited in place.
printf '</script><script>pwned=1</script><img src=x onerror=pwned=1><!--"\047&]]>{0}[a](b)%%s' >name
printf '\033[31m\342\200\256\342\200\250\377' >>name
length=$(wc -c <name)
placeholder=$(printf "%${length}s" '' | tr ' ' q)

# shellcheck disable=SC2016 # it is a file's name
file='ev"il <img src=x onerror=pwned=1> $(x)`x`&#39;%41{0}.c'
cat >"$file" <<END
#include <stdio.h>
#include <stdlib.h>
/* </script><script>pwned=1</script> <!-- ]]> &lt; */
static char *$placeholder(void) {
  char *block = malloc(6); /* "</script><img src=x onerror=pwned=1>" */
  block[0] = 'x';          /* <!-- <script> -->  */
  return block;
}
#line 7 "gone/</script><svg onload=pwned=1>'\"\033[2J\342\200\250\377].c"
static void give_up(void) {
  void *block = malloc(7);
  if (block == NULL) {
    fputs("</script><img src=x onerror=pwned=1> \033[31m & ]]> # TODO\n", stderr);
    abort();
  }
  free(block);
}
int main(void) {
  free($placeholder());
  give_up();
  return 0;
}
END
"$cc" -g -O0 -fno-builtin "$file" -o plain
sed -e 's/[]\/&[*.^$\\]/\\&/g' name >pattern
LC_ALL=C sed "s/$placeholder/$(LC_ALL=C cat pattern)/g" plain >hostile
chmod +x hostile
rm -f plain pattern
