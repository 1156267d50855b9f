#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what came of exploring the test programs of one project, and what of it is known.

  table.py header
  table.py NAME VERSION REPORTS EXPECTED       one row, then what is new or gone

REPORTS is a folder of JSON reports: that of a suite, or one for each program. EXPECTED lists the findings that somebody
has looked up in the source, one in a line:

  VERDICT  FUNCTION  FILE  genuine|false|sometimes|sometimes-false  reason

FUNCTION and FILE may be patterns of a shell's, for what is not always stopped in the same place; what comes only
sometimes (and is genuine, or not) is not missed. Findings at the same function are one. Exit status: 0 as expected, 1
something is new or gone.
"""

import fnmatch
import json
import os
import re
import sys

ROW = "%-18s %-10s %5s %8s %6s %7s %8s %8s %6s %8s %8s %9s"


def place(finding):
    """Function and base name of the file that a finding is attributed to: of the call that was not checked, where known.
    '-' where nothing is."""
    unchecked = finding.get("unchecked")
    if unchecked and "function" in unchecked and "file" in unchecked:
        return unchecked["function"], os.path.basename(unchecked["file"])
    location = finding["location"]
    match = re.match(r"(?P<function>.*?) \((?P<file>[^()]*?)(?::\d+)?\)", location)
    if not match:
        return location.split("+0x")[0].split(",")[0], "-"
    return match["function"].replace(" ", "_"), os.path.basename(match["file"]).split("+0x")[0]


def read_expected(path):
    expected = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    verdict, function, file, kind, *_ = line.split(None, 4)
                    expected[verdict, function, file] = kind
    return expected


def matches(rule, key):
    return all(fnmatch.fnmatchcase(text, pattern) for text, pattern in zip(key, rule))


def read_reports(folder):
    reports = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                reports.append((name[: -len(".json")], json.load(file)))
    return reports


def main(arguments):
    if arguments == ["header"]:
        print(ROW % ("suite", "version", "tests", "calls", "sites", "runs", "reported", "genuine", "places", "genuine",
                     "excluded", "seconds"))
        return 0
    name, version, folder, path = arguments
    expected = read_expected(path)
    tests = calls = sites = runs = reported = excluded = 0
    seconds = 0.0
    seen = {}
    for program, report in read_reports(folder):
        coverage = report["coverage"]
        tests += coverage.get("cases_explored", 1)
        calls += coverage["calls"]
        sites += coverage["sites"]
        runs += coverage["points_tried"]
        seconds += report["seconds"]
        excluded += len(report["excluded"])
        for finding in report["findings"]:
            if not finding["flaky"]:
                reported += 1
                key = (finding["verdict"], *place(finding))
                seen.setdefault(key, []).append((finding.get("case", program), finding["reproduce"]))
    known = {key: rule for key in seen for rule in reversed(list(expected)) if matches(rule, key)}
    genuine = [key for key in known if not expected[known[key]].endswith("false")]
    print(ROW % (name, version, tests, calls, sites, runs, reported, sum(len(seen[key]) for key in genuine),
                 len(seen), len(genuine), excluded, "%.1f" % seconds))
    unknown = [key for key in seen if key not in known]
    gone = [rule for rule in expected if not expected[rule].startswith("sometimes") and rule not in known.values()]
    for key in sorted(unknown):
        print("  new:  %s, %d findings: %s: %s" % (" ".join(key), len(seen[key]), *seen[key][0]))
    for key in sorted(gone):
        print("  gone: " + " ".join(key))
    return 1 if unknown or gone else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
