#!/bin/sh
# SPDX-License-Identifier: MIT
# Modules in C, tested by scripts: the interpreter is found however it is started, only calls below the module fail, and
# what the module gets wrong is found where it is wrong. In the mended module nothing is found.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

modules=$here/programs/modules
unset PYTHONMALLOC PYTHONHASHSEED PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME PERL5LIB RUBYLIB || :
unset VIRTUAL_ENV NODE_OPTIONS RUBYOPT PERL5OPT LUA_INIT LUA_CPATH || :

# line MODULE MARK: the number of the line that has the mark as a comment.
line() { grep -n "/\* $2 \*/" "$modules/$1.c" | cut -d: -f1; }

# explored NAME STATUS PATTERN [OPTION...] -- PROGRAM...: what it prints matches the pattern, in a line.
explored() {
  name=$1
  wanted=$2
  pattern=$3
  shift 3
  status=0
  timeout 600 nomem explore --jobs 2 "$@" >found 2>&1 || status=$?
  if [ "$status" = "$wanted" ] && grep -q -e "$pattern" found; then
    pass "$name"
  else
    echo "(exit status $status, sought: $pattern)" >>found
    fail "$name" found
  fi
}

# also NAME PATTERN: the last exploration printed such a line, too.
also() { if grep -q -e "$2" found; then pass "$1"; else fail "$1" found; fi; }

# compiles FLAGS HEADER
compiles() {
  # shellcheck disable=SC2086 # a list of words
  echo "#include <$2>" | "$cc" $1 -x c -fsyntax-only - 2>/dev/null
}

# Not a wrapper, such as pyenv's, but what it starts in the end; and of the system's, which has the headers.
python=/usr/bin/python3
headers=$($python-config --includes 2>/dev/null || :)
if [ ! -x $python ]; then
  skip 'modules for Python' 'no python3'
elif ! compiles "$headers" Python.h; then
  skip 'modules for Python' 'no headers of Python: python3-dev'
else
  image=$(basename "$(readlink -f $python)")
  mkdir right wrong
  for kind in right wrong; do
    bug=
    [ $kind = right ] || bug=-DBUG
    # shellcheck disable=SC2086 # lists of words
    "$cc" -g -O0 $bug $headers -shared -fPIC -o $kind/shapes.so "$modules/python.c"
    cat >$kind/test_shapes.py <<'END'
import unittest, shapes
class TestShapes(unittest.TestCase):
    def test_twice(self):
        self.assertEqual(shapes.twice("ab"), "abab")
    def test_probe(self):
        self.assertIsNone(shapes.probe())
if __name__ == "__main__":
    unittest.main()
END
    cat >$kind/handles.py <<'END'
import shapes
for function in shapes.pair, shapes.insist, shapes.lose:
    try:
        function()
    except MemoryError:
        print("no memory")
END
  done
  source=python.c
  cd wrong
  explored 'Python: a script' 1 '; 2 findings' --heap off -- $python test_shapes.py
  also 'it is said what fails' "^nomem: $image only runs the script: .* below 'shapes.so' (--image $image: all)"
  also 'returned NULL without an exception' "^internal in twice (.*$source:$(line python twice)), in shapes.so: "
  also 'in the words of the interpreter' \
    "^  what came of it: 'SystemError: <built-in .* twice.*> returned NULL without setting an exception'"
  also 'returned a result with an exception' "^internal in probe (.*$source:$(line python probe)), in shapes.so: "
  reproduce=$(sed -n 's/^  reproduce: //p' found | head -n 1)
  sh -c "$reproduce" >again 2>&1 || :
  if grep -q '^SystemError: ' again; then pass 'reproduced'; else fail 'reproduced' again; fi
  explored 'Python: a script that handles what fails' 1 '; 3 findings' --heap off -- $python handles.py
  also 'a NULL given to the interpreter' "^  not checked: pair (.*$source:$(line python pair)), in shapes.so"
  also 'an end of the interpreter' "^abort in insist (.*$source:$(line python insist)), in shapes.so: "
  also 'by what it said' "SIGABRT, 'Fatal Python error: insist: no memory'"
  also 'a forgotten object' "^leak in lose (.*$source:$(line python lose)), in shapes.so: "
  cd ../right
  explored 'Python: a script, mended' 0 ' reported; 0 findings' --heap off -- $python test_shapes.py
  explored 'Python: a script that handles what fails, mended' 0 'handled; 0 findings' --heap off -- $python handles.py
  cd ../wrong

  # However it is started. The first points are those of the module's start.
  mkdir -p venv/bin
  ln -s $python venv/bin/python
  printf '#!%s\nimport shapes\n' $python >script
  printf '#!/usr/bin/env %s\nimport shapes\n' "$image" >script_env
  printf '#!/bin/sh\nexec %s "$@"\n' $python >wrapper
  chmod +x script script_env wrapper
  few='--max-points 1 --faults transient --engine exec --heap off --leaks off'
  below="^nomem: $image only runs the script: .* below 'shapes.so'"
  # shellcheck disable=SC2086 # a list of words
  {
    explored 'Python: -c' 0 "$below" $few -- $python -c 'import shapes'
    explored 'Python: -m' 1 "$below" $few -- $python -m unittest test_shapes
    explored 'Python: a script with its interpreter' 0 "$below" $few -- ./script
    explored 'Python: a script with env' 0 "$below" $few -- ./script_env
    explored 'Python: a virtual environment' 0 "$below" $few -- venv/bin/python -c 'import shapes'
    explored 'Python: a wrapper' 0 "$below" $few -- ./wrapper -c 'import shapes'
    explored 'Python: below programs of the system' 0 "$below" $few -- sh -c "$python -c 'import shapes'; ls"
  }
  if $python -c 'import pytest' 2>/dev/null; then # which makes half a million allocations for itself
    # shellcheck disable=SC2086 # a list of words
    explored 'Python: pytest' 1 '^internal in twice ' $few --sites '^repeat$' -- \
      $python -m pytest -q -p no:cacheprovider test_shapes.py
    also 'pytest says what failed' "what came of it: '.*SystemError: .*twice.* returned NULL without setting an excep"
  else
    skip 'Python: pytest' 'no pytest: python3-pytest'
  fi

  # Otherwise chosen, or not to be chosen at all.
  # shellcheck disable=SC2086 # a list of words
  {
    explored 'Python: no module' 2 "^nomem: nothing to explore: $image only runs the script" $few -- $python -c 'import json'
    explored 'Python: a module of the system' 0 "below '_json" $few --under-test '_json*' -- \
      $python -c 'import _json; _json.encode_basestring_ascii("x" * 2000)'
    explored 'Python: --sites' 0 'at sites that --sites leaves out' $few --sites '^probe$' -- \
      $python -c 'import shapes; shapes.twice("a")
try: shapes.probe()
except BaseException: pass'
    explored 'Python: --image' 0 '^exercised 1 of' $few --image 'python*' -- $python -c 'import shapes'
  }
  if grep -q 'only runs the script' found; then fail 'no choice beside --image' found; else pass 'no choice beside --image'; fi
  cd ..
fi

# module LANGUAGE FLAGS FILE PROGRAM...: builds the module with its bug and without, and has the program try both.
module() {
  language=$1
  flags=$2
  file=$3
  shift 3
  for kind in wrong right; do
    bug=
    [ $kind = right ] || bug=-DBUG
    mkdir -p "$language/$kind/$(dirname "$file")"
    # shellcheck disable=SC2086 # lists of words
    "$cc" -g -O0 -w $bug $flags -shared -fPIC -o "$language/$kind/$file" "$modules/$language.c"
    cp script "$language/$kind/script"
  done
  cd "$language/wrong"
  quick='--faults transient --engine exec --heap off --leaks off'
  # shellcheck disable=SC2086 # a list of words
  {
    explored "$language: a module" 1 '^crash in .*, in [Ss]hapes\.' $quick -- "$@"
    also "$language: the call that was not checked" "^  not checked: .*twice (.*$language.c:$(line "$language" unchecked))"
    also "$language: only what is below the module" "^nomem: [a-z0-9.]* only runs the script: .* below '[Ss]hapes\."
    cd ../right
    explored "$language: a module, mended" 0 ' reported.*; 0 findings' $quick -- "$@"
  }
  cd ../..
}

if ! compiles -I/usr/include/lua5.4 lua.h || ! command -v lua5.4 >/dev/null; then
  skip 'a module for Lua' 'no lua5.4, or no headers of it: liblua5.4-dev'
else
  echo 'require("shapes") print(twice("ab"))' >script
  module lua -I/usr/include/lua5.4 shapes.so lua5.4 script
fi

flags=$(/usr/bin/perl -MConfig -e 'print "$Config{ccflags} -I$Config{archlibexp}/CORE"' 2>/dev/null || :)
if ! compiles "$flags" EXTERN.h; then
  skip 'a module for Perl' 'no headers of Perl: libperl-dev'
else
  echo 'package Shapes; require XSLoader; XSLoader::load("Shapes"); print Shapes::twice("ab");' >script
  module perl "$flags" auto/Shapes/Shapes.so /usr/bin/perl -I. script
fi

flags=$(/usr/bin/ruby -rrbconfig -e 'c = RbConfig::CONFIG; print "-I#{c["rubyhdrdir"]} -I#{c["rubyarchhdrdir"]}"' \
  2>/dev/null || :)
if [ -z "$flags" ] || ! compiles "$flags" ruby.h; then
  skip 'a module for Ruby' 'no ruby, or no headers of it: ruby-dev'
else
  echo 'require "shapes"; puts twice("ab")' >script
  module ruby "$flags" shapes.so /usr/bin/ruby -I. script
fi

flags='-I/usr/include/node -I/usr/include/nodejs/src -DNODE_GYP_MODULE_NAME=shapes'
if [ ! -x /usr/bin/node ] || ! compiles "$flags" node_api.h; then
  skip 'a module for Node' 'no node, or no headers of it: libnode-dev'
else
  echo 'console.log(require("./shapes.node").twice("ab"))' >script
  module node "$flags" shapes.node /usr/bin/node script
fi
finish
