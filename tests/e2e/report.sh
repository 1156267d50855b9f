#!/bin/sh
# SPDX-License-Identifier: MIT
# Reports for machines, of a program whose names and words are all hostile: each keeps to its format and holds the text
# as text. Also how their files are written.
# shellcheck source-path=SCRIPTDIR source=lib/suite.sh disable=SC2016,SC2238 # of jq and awk; a file is called paste
. "$(dirname "$0")/lib/suite.sh"

mkdir hostile program
(cd hostile && "$tests/html/hostile.sh")
cd hostile
status=0
nomem explore --quiet --json r.json --junit r.xml --sarif r.sarif --tap r.tap --html r.html -- \
  ./hostile '<b>&"'\''</script>' "$(printf 'a\377')" >text 2>&1 || status=$?

# check NAME COMMAND...: passes when the command does; what it printed is shown when not.
check() {
  check_name=$1
  shift
  if "$@" >seen 2>&1; then pass "$check_name"; else fail "$check_name" seen; fi
}
# holds NAME FILTER FILE: jq's filter gives true. traced: the same of the stack of a crash.
traced() { cannot_trace "$1" || holds "$@"; }
holds() { check "$1" jq -e "$2" "$3"; }

check 'the exploration finds the two planted bugs' test "$status" = 1
traced 'json: two findings, each with its stacks, in a document that says its version' '
  .format == "nomem-report" and .version == 2 and .complete
  and ([.findings[].verdict] | sort) == ["abort", "crash"]
  and all(.findings[]; (.fault.stack | length) > 1 and (.blow_up.stack | length) > 1
    and (.reproduce | startswith("nomem run --fail ")))' r.json
holds 'json: a name is there whole, and on one line' '
  any(.findings[].location; startswith("</script><script>pwned=1</script><img src=x onerror=pwned=1><!--\""))
  and all(.. | strings; test("[\u0000-\u001f\u007f-\u009f\u2028-\u202e]") | not)' r.json
jq -r '.findings[0].reproduce' r.json | sed 's/.* -- .\/hostile /printf "%s|" /' >paste
printf '%s|' '<b>&"'\''</script>' "$(printf 'a\377')" >arguments
check 'json: the line to paste gives a shell each byte of the arguments' sh -c 'bash paste | cmp - arguments'
traced 'json: the culprit has its line of source, with three lines around it' '
  .findings[] | select(.verdict == "crash") | .blow_up | .stack[.culprit]
  | .line == 6 and (.source | .first == 3 and (.lines | length) == 7 and (.lines[3] | contains("block[0] =")))' r.json
traced 'json: the culprit is the frame that is to blame, not the C library'\''s' '
  .findings[] | select(.verdict == "abort") | .blow_up | .culprit > 0 and .stack[.culprit].function == "give_up"' r.json
holds 'json: every site was tried, and its frames are in the table' '
  .coverage.sites == 2 and .coverage.sites_tried == 2 and (.frames | length) as $count
  | all(.sites[]; .runs == 2 and .worst_verdict != null and (.frames | length) > 1 and all(.frames[]; . < $count))' r.json
traced 'json: the call that was not checked has its line of source, and whose it is' '
  .findings[] | select(.verdict == "crash") | .code_owner == "the program" and (.unchecked | .line == 5
  and (.source.lines[5 - .source.first] | contains("malloc(6)")))' r.json
holds 'sarif: what the standard requires is there' '
  .version == "2.1.0" and (.runs | length) == 1 and (.runs[0] | (.tool.driver.name == "nomem")
  and (.tool.driver.rules as $rules | all(.results[]; $rules[.ruleIndex].id == .ruleId and .level == "error"
    and (.message.text | length) > 0 and (.locations | length) == 1 and (.partialFingerprints["nomem/v1"] | length) > 0
    and (.locations[0].physicalLocation | .region.startLine > 0 and (.artifactLocation.uri | length) > 0)
    and all(.stacks[]; (.frames | length) > 0) and all(.codeFlows[].threadFlows[]; (.locations | length) > 0)))
  and all(.tool.driver.rules[]; .id != null and .shortDescription.text != null)
  and all(.invocations[]; .executionSuccessful == true))' r.sarif
holds 'sarif: the crash is annotated where the call was not checked, below the source root' '
  .runs[0] | (.originalUriBaseIds.SRCROOT.uri | test("^file:///.*/$"))
  and (.results[] | select(.ruleId == "nomem/crash")
  .locations[0].physicalLocation | .region.startLine == 5 and .artifactLocation.uriBaseId == "SRCROOT"
  and (.artifactLocation.uri | startswith("ev%22il%20%3Cimg")))' r.sarif
holds 'sarif: an address has no characters that an address cannot have' '
  [.. | objects | .uri? | strings] | length > 0 and all(test("^(file://)?([A-Za-z0-9._~/-]|%[0-9A-F]{2})*$"))' r.sarif
holds 'sarif: in messages braces are doubled, and nothing is a link' '
  [.runs[0].results[].message.text] | any(contains("{{0}}")) and all(test("[^\\\\]\\]\\(") | not)' r.sarif
check 'junit: well-formed' xmllint --noout r.xml
check 'junit: a case per finding and one for the exploration' test \
  "$(xmllint --xpath 'count(//testcase)' r.xml)" = 3 -a "$(xmllint --xpath 'count(//failure)' r.xml)" = 2 -a \
  "$(xmllint --xpath 'string(/testsuites/testsuite/@tests)' r.xml)" = 3
check 'junit: a name comes out as it went in' test \
  "$(xmllint --xpath 'contains(//testcase[@classname="crash"]/@name, "</script><script>pwned=1<")' r.xml)" = true

# The plan, then as many tests as it says, in order, and between them only what is indented.
check 'tap: numbered as planned, and nothing else at the start of a line' awk '
  NR == 1 { good = $0 == "TAP version 13"; next }
  NR == 2 { good = good && $0 == "1..3"; next }
  /^(not )?ok / { tests++; sub(/^not /, ""); good = good && $2 == tests; next }
  !/^  / { good = 0 }
  / # TODO/ && !/^  / { good = 0 }
  END { exit !(good && tests == 3) }' r.tap

check 'html: two scripts, no markup of the program'\''s, no comment' awk '
  { text = text $0 "\n" }
  END { scripts = gsub(/<script/, "", text); ends = gsub(/<\/script/, "", text)
        exit !(scripts == 2 && ends == 2 && text !~ /<(img|svg|b|!--)[ >]/ && text !~ /<!--/) }' r.html
check 'html: no address outside the page' sh -c "! grep -nE '(src|href)=\"|@import|url\(|fetch\(' r.html"

cd ../program
printf '#include <stdlib.h>\nint main(void) {\n  free(malloc(3));\n  return 0;\n}\n' >fine.c
"$cc" -fno-builtin fine.c -o fine
nomem explore --json - -- ./fine >out 2>err
holds 'standard output: the report and nothing else' '.findings == []' out
check 'standard output: the text goes to standard error' grep -q '0 findings' err
echo old >kept && chmod 640 kept && ln -s kept link
nomem explore --quiet --json link -- ./fine
check 'a link stays a link, a file its rights' test -L link -a "$(stat -c %a kept)" = 640
holds 'a file is replaced as a whole' '.version == 2' kept
mkfifo pipe
timeout 300 cat pipe >through &
nomem explore --quiet --tap pipe -- ./fine
wait
check 'a pipe is written to, not replaced' sh -c "grep -q '^ok 1' through && test -p pipe"
status=0
# /proc takes no new files from anybody.
nomem explore --quiet --json /proc/nomem.json -- ./never-run >out 2>&1 || status=$?
check 'refused before anything is run' sh -c "[ $status = 2 ] && grep -q \"^nomem: --json: cannot write\" out"
# A device of our own that is always full: the system's would be lost to a nomem that replaced it.
if mknod full c 1 7 2>/dev/null && ! echo 2>/dev/null >full; then
  status=0
  nomem explore --quiet --json there --html full -- ./fine >out 2>&1 || status=$?
  check 'a report that cannot be written is an error, and the others are there' \
    sh -c "[ $status = 2 ] && grep -q 'nomem: --html: cannot write' out && jq -e .complete there"
fi
check 'nothing half-written is left' sh -c '! ls | grep -E "\.[0-9]+-[0-9]+$"'
finish
