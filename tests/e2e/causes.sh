#!/bin/sh
# SPDX-License-Identifier: MIT
# Who is to blame: a library and its test, built as one program, as two, and without debug information.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh
. "$(dirname "$0")/lib/suite.sh"
needs_ptrace

cp -r "$here/programs/project" .
sources='project/src/thing.c project/test/cases.c'

# build_as KIND: leaves ./suite_test.
build_as() {
  # shellcheck disable=SC2086 # lists of words
  case $1 in
    one) "$cc" -std=gnu11 -g -O0 -o suite_test $sources ;;
    two | bare)
      "$cc" -std=gnu11 -g -O0 -shared -fPIC -o libthing.so project/src/thing.c
      "$cc" -std=gnu11 -g -O0 -o suite_test project/test/cases.c -L. -lthing -Wl,-rpath,"$work"
      [ "$1" = two ] || strip -g suite_test libthing.so
      ;;
  esac
}

# gives NAME STATUS TEXT ARGUMENT...: exploring what the arguments say ends with that status, and says that.
gives() {
  gives_name=$1
  gives_status=$2
  gives_text=$3
  shift 3
  status=0
  nomem explore "$@" >found 2>&1 || status=$?
  if [ "$status" = "$gives_status" ] && grep -qE -e "$gives_text" found; then pass "$gives_name"; else
    echo "(status $status, wanted $gives_status and: $gives_text)" >>found
    fail "$gives_name" found
  fi
}

program=suite_test

# ends KIND WAY STATUS TEXT [OPTION...]: exploring it ends with that status, and says that.
ends() {
  ends_name="$1: $2${5:+ $5}${6:+ $6}"
  ends_way=$2
  ends_status=$3
  ends_text=$4
  shift 4
  gives "$ends_name" "$ends_status" "$ends_text" --faults transient "$@" -- "./$program" "$ends_way"
}

# is_unchecked NAME MARK...: in what was found last, the call of that line is named as the one that was not checked, and
# shown.
is_unchecked() {
  unchecked_name="$kind: $1: the line of the call, $2"
  line=$(grep -n "/\* $2 \*/" project/src/thing.c | cut -d: -f1)
  if grep -q "^  not checked: .*(project/src/thing.c:$line)" found && grep -q "^  *$line | .*/\* $2 \*/" found; then
    pass "$unchecked_name"
  else
    fail "$unchecked_name" found
  fi
}

for kind in one two bare; do
  build_as $kind
  taken='test/\*'
  coarse=
  [ $kind != bare ] || taken=suite_test coarse=" from the program's name alone, without debug information"
  ends $kind own 0 "^taken as test code: $taken \(a guess$coarse; --under-test corrects it\)"
  ends $kind own 0 '^not exercised: 1 that test code makes itself'
  ends $kind own 1 '^crash in own ' --under-test '*'
  ends $kind assertion 0 '1 run: 1 reported; 0 findings'
  ends $kind use 0 "not counted: crash in use .*: the test's own code used what it did not check"
  ends $kind pass 0 'not counted: crash in thing_value .*: the test passed on NULL, which it had not checked'
  ends $kind copy 0 \
    'not counted: crash in (copy_value|libthing.so|suite_test).*: the test passed on NULL, which it had not checked'
  ends $kind clone 1 '^crash in thing_clone '
  [ $kind = bare ] || is_unchecked clone clone
  [ $kind = one ] || ends $kind clone 1 '^crash in thing_clone .*libthing.so'
  ends $kind name 1 '^crash in thing_name_length '
  ends $kind inner 1 '^crash in thing_value '
  ends $kind option 1 '^crash in thing_option '
  ends $kind places 1 '; 1 finding '
  [ $kind = bare ] || is_unchecked places places
  if [ $kind != bare ]; then
    ends $kind field 1 '^2 runs: 2 crash; 1 finding '
    ends $kind again 1 '; 1 finding ' --faults persistent
    is_unchecked again again
    ends $kind two 1 '; 2 findings '
    is_unchecked two to
    is_unchecked two from
  fi
  ends $kind need 1 '^abort in thing_need '
  ends $kind wait 0 'not counted: hang in thing_wait .*: the test went on after a call of its own had failed' -t 1
  ends $kind stall 1 '^hang in thing_wait ' -t 1
  ends $kind locked 1 '^hang in thing_locked ' -t 1
  # What a function returns is known from the debug information of the library.
  if [ $kind = bare ]; then
    ends $kind started 1 '^crash in thing_name_length '
    ends $kind held 1 '^abort in thing_hold '
  else
    told='the test went on after'
    ends $kind begun 0 "not counted: crash in thing_name_length .*: $told thing_begin had returned NULL "
    ends $kind started 0 "not counted: crash in thing_name_length .*: $told thing_start had returned -1 "
    ends $kind filled 0 "not counted: crash in thing_name_length .*: $told thing_fill had returned false "
    ends $kind busy 0 "not counted: crash in thing_name_length .*: $told thing_start had returned -1 "
    ends $kind looked 0 "not counted: crash in look .*: $told thing_start had returned -1 "
    ends $kind within 0 "not counted: crash in thing_name_length .*: $told thing_start had returned -1 "
    ends $kind relay 0 "not counted: crash in thing_name_length .*: $told thing_relay had returned -1 "
    ends $kind twice 0 "not counted: crash in thing_name_length .*: $told thing_start had " --faults persistent
    ends $kind many 0 "; 0 findings, 1 not counted" --faults persistent
    ends $kind some 1 '^crash in thing_end ' --faults persistent
    ends $kind until 0 "not counted: hang in .*: (the test's own loop|$told thing_try had returned -1 )" -t 2 \
      --faults persistent
    ends $kind both 1 '^2 runs: 2 crash; 1 finding, 1 not counted '
    ends $kind unset 0 "not counted: crash in thing_name_length .*: $told thing_make had returned -1 "
    ends $kind stale 0 "not counted: crash in thing_name_length .*: $told thing_make had returned -1 "
    ends $kind noted 0 "not counted: corruption in noted .*: $told thing_make had returned -1 "
    ends $kind printed 0 "not counted: crash in thing_name_length .*: $told thing_make had returned -1 "
    ends $kind gives_up 1 '^crash in thing_end '
    ends $kind taken 1 '^corruption in taken '
    ends $kind hooked_taken 1 '^corruption in taken '
    ends $kind reset 1 '^corruption in thing_format '
    ends $kind ruined 0 '^2 runs: 2 crash; 0 findings, 2 not counted '
    ends $kind cleans_up 1 '^(crash|corruption) in thing_free '
    ends $kind held 0 "not counted: abort in thing_hold .*: $told thing_hold had returned -1 "
  fi
  ends $kind names 1 '^2 runs: 2 crash; 1 finding '
  ends $kind inited 1 '^crash in thing_name_length '
  ends $kind checked 1 '^crash in thing_end '
  ends $kind overhear 1 '^crash in thing_name_length '
  ends $kind watched 1 '^crash in look_later '
  ends $kind after 1 '^crash in thing_with_length '
  ends $kind hooked 0 '^1 run: 1 reported; 0 findings'
  ends $kind hold 0 "not counted: hang in hold .*: the test went on after a call of its own had failed" -t 1
  ends $kind skip 0 '1 run: 1 handled'
  ends $kind skip7 0 '1 run: 1 reported'
  ends $kind skip7 0 '1 run: 1 handled' --skip-code 7
  ends $kind talk 0 '1 run: 1 reported'
done
build_as one
ends one use 0 'not counted: crash in use ' --under-test 'src/*'
ends one own 0 '^not exercised: 1 that test code makes itself' --under-test 'nothing*,project/src/thing.c'
ends one need 2 "^nomem: --under-test: no code that allocates matches 'source/\*'" --under-test 'source/*'
build_as two
ends two use 0 'not counted: crash in use ' --under-test 'libthing.so*'
ends two need 1 '^abort in thing_need ' --under-test 'libthing.so*'

# A test framework that a project carries with it is no code under test.
mkdir -p carried/munit carried/src carried/test
printf '#include <stdlib.h>\nvoid note(void) { *(volatile char *)malloc(8) = 0; }\n' >carried/munit/munit.c
printf '#include <stdlib.h>\nvoid note(void);\nint work(int n) {\n%s\n}\nint main(int n, char **v) {\n  (void)v;\n%s\n}\n' \
  '  return n > 1 ? *(volatile char *)calloc(1, 8) : 0;' '  note();  return work(n);' >carried/src/main.c
"$cc" -g -O0 -c -ffile-prefix-map="$work/carried/munit=/usr/src/munit" "$work/carried/munit/munit.c"
"$cc" -g -O0 -o tool "$work/carried/src/main.c" munit.o
cp tool suite_test # where the file of main() is test code
gives 'nothing but a test framework allocates: there is nothing to explore' 2 '^nomem: nothing to explore: ' \
  -- ./suite_test
gives 'the program allocates, too: its crash is, and only its' 1 '^crash in work ' --faults transient -- ./tool more
if grep -q '; 1 finding' found; then pass 'and is the only one'; else fail 'and is the only one' found; fi
gives 'the framework is named from its own folder on' 1 '^taken as test code: main, munit/\* \(a guess' -- ./tool more

# Where only a test allocates, beside code that it tests, what it does with its NULL is its own.
printf 'int twice(const int *number);\nint twice(const int *number) { return 2 * *number; }\n' >carried/src/twice.c
printf '#include <stdlib.h>\nint twice(const int *);\nint main(void) {\n  int *number = malloc(8);\n%s\n}\n' \
  '  *number = 1;  int result = twice(number) != 2;  free(number);  return result;' >carried/src/test_only.c
"$cc" -g -O0 -o only "$work/carried/src/test_only.c" "$work/carried/src/twice.c"
gives 'only the test allocates: its crash is its own' 0 '^not counted: crash in main .*used what it did not check' -- ./only
gives 'unless all code is under test' 1 '^crash in main ' --under-test '*' -- ./only
"$cc" -g -O0 -Dmain='twice(const int *number) { return 2 * *number; } int main' -o alone "$work/carried/src/test_only.c"
gives 'where there is no other code, it is what is explored' 1 '^crash in main ' -- ./alone

# An instance of a template of the C++ library belongs to who calls it.
printf '%s\n' '#include <vector>' 'void thing();' 'extern "C" void note();' \
  'int main() { std::vector<int> v; v.push_back(1); note(); thing(); }' >carried/test/cases.cc
printf '#include <cstdlib>\nvoid thing();\nvoid thing() { std::free(std::malloc(8)); }\n' >carried/src/thing.cc
g++ -g -O0 -o cases "$work/carried/test/cases.cc" "$work/carried/src/thing.cc" munit.o
gives "what a test's vector allocates is the test's" 0 '^not exercised: 2 that test code makes itself' \
  --faults transient -- ./cases
gives "the system's folders are not the project's" 0 '^taken as test code: (munit/\*, )?test/\*(, munit/\*)? ' -- ./cases

# Where only the tests allocate, they lie in no project that is called like them; but others do.
printf 'void note(void);\nint main(void) { note(); return 0; }\n' >carried/test/main.c
"$cc" -g -O0 -o tool "$work/carried/test/main.c" munit.o
gives 'the folder of all that allocates is that of tests' 2 '^nomem: nothing to explore: ' -- ./tool
mkdir -p test/src test/test
cp carried/src/main.c test/src/
printf 'void unused(void) {}\n' >test/test/unused.c
"$cc" -g -O0 -o tool "$work/test/src/main.c" "$work/test/test/unused.c" munit.o
gives 'a project in a folder that is called test is no test' 1 '^crash in work ' -- ./tool more

# What the test passed on in two places is a line for the function that both came to.
cp "$here/programs/suite_alike.c" alike.c
cp alike.c alike_test.c
"$cc" -g -O0 -DLIBRARY -shared -fPIC -o libalike.so alike.c
"$cc" -g -O0 -o alike_test alike_test.c -L. -lalike -Wl,-rpath,"$work"
gives 'the same line is shown once' 0 '^not counted: crash in follow .*, 4 runs in 2 findings: the test passed on NULL' \
  -- ./alike_test
if [ "$(grep -c '^not counted: ' found)" = 1 ] && grep -q '0 findings, 2 not counted' found; then
  pass 'and is counted for each'
else
  fail 'and is counted for each' found
fi

# A stream that gets no buffer does without: who writes to it has not overlooked that.
printf '%s\n' '#include <stdio.h>' '#include <stdlib.h>' 'static char *kept;' 'static void keep(void) { kept = malloc(4); }' \
  'static int give(FILE *file) {' '  fputc(60, file);' '  return kept[0] == 60;' '}' \
  'int main(void) {' '  FILE *file = fopen("/dev/null", "w");' '  if (file == NULL) return 1;' '  keep();' \
  '  return give(file);' '}' >stream.c
"$cc" -g -O0 -o stream stream.c
gives 'a stream without a buffer: the crash is one finding' 1 '; 1 finding ' -- ./stream
if grep -q '^  not checked: keep (' found; then pass 'and is not what was overlooked'; else
  fail 'and is not what was overlooked' found
fi

# Optimised: what jumps to another function rather than calling it has no frame, and says nothing.
# shellcheck disable=SC2086 # a list of words
"$cc" -std=gnu11 -g -O2 -o suite_test $sources
ends fast started 0 'not counted: crash in thing_name_length .*: the test went on after thing_start had returned -1 '
ends fast inited 1 '^crash in thing_name_length '
ends fast name 1 '^crash in thing_name_length '

# A test beside the sources, known by the names of its program and its file; and a program that is none.
cp project/test/cases.c project/src/thingtest.c
for program in thingtest thingtool; do
  "$cc" -std=gnu11 -g -O0 -o $program project/src/thing.c project/src/thingtest.c
done
program=thingtest
ends $program use 0 "not counted: crash in use .*: the test's own code used what it did not check"
ends $program clone 1 '^crash in thing_clone '
program=thingtool
ends $program use 1 '^crash in use '
mv project/src/thingtest.c project/src/thingmain.c
program=thingtest
"$cc" -std=gnu11 -g -O0 -o $program project/src/thing.c project/src/thingmain.c
ends 'thingtest of another file' use 1 '^crash in use '

# glibc 2.36 has faults of its own, and a file that says so.
if getconf GNU_LIBC_VERSION | grep -q ' 2\.36$'; then
  printf '#include <pwd.h>\nint main(void) { return getpwuid(0) == 0; }\n' >look_up.c
  "$cc" -g -o look_up look_up.c
  status=0
  nomem explore -- ./look_up >found 2>&1 || status=$?
  if [ "$status" = 0 ] && [ "$(grep -c '^not counted: .* in getpwuid .*: suppressed by default.supp' found)" = 2 ]; then
    pass "the C library's known faults do not count"
  else
    fail "the C library's known faults" found
  fi
  status=0
  nomem explore --no-default-suppressions -- ./look_up >found 2>&1 || status=$?
  if [ "$status" = 1 ] && [ "$(grep -c '^[a-z]* in getpwuid .*in libc: ' found)" = 2 ]; then
    pass 'unless asked for, and then they are said to be its'
  else
    fail 'without default suppressions' found
  fi
else
  skip "the C library's known faults" 'this is no glibc 2.36'
fi
finish
