# SPDX-License-Identifier: MIT
# Whether a report shows the bug that is planted in a source, and nothing else: awk -f this SOURCE REPORT, with these
# variables. verdict: of the bug; file: the source's name; exact: "exact" when the lines must be those that the source
# has marked. Exit status: 0 it does.

# The lines with these comments.
FNR == NR && match($0, /\/\* (fault|blow-up|made) \*\//) { marked[substr($0, RSTART + 3, RLENGTH - 6)] = FNR }
# What the report must say of the source, too.
FNR == NR && match($0, /\/\* says: .* \*\//) { says = substr($0, RSTART + 9, RLENGTH - 12) }
FNR == NR { next }

/^  reproduce: / { lines_to_paste++ }
$0 ~ "^" verdict " in planted \\(.*" file ":" { is_named = 1 }
index($0, says) { is_said = 1 }
/faults\/inject\/|libnomem-preload/ { shows_injector = 1 }
# A stack is what stands below its heading.
/^  [a-z]/ { stack = $0 ~ /^  the fault: / ? "fault" : $0 ~ /^  it was created here/ ? "made" : $0 ~ /^  wh[a-z]* [a-z]* / ? "blow-up" : "" }
/^    #/ && stack != "" && stands_at(stack) { is_shown[stack] = 1 }

# Whether this frame is in the planted function, at the line that is marked. A hang is wherever in its loop it was.
function stands_at(what,    line) {
  line = exact != "exact" || verdict == "hang" && what == "blow-up" ? "[0-9]*" : marked[what]
  return $0 ~ "planted" (what == "fault" ? "[a-z_]*" : "") " \\(.*" file ":" line "\\)"
}

END {
  is_silent = verdict ~ /^(mute|swallowed|misreported|leftover|flood)$/ # nothing blew up
  exit !(lines_to_paste == 1 && is_named && (says == "" || is_said) && !shows_injector && is_shown["fault"] &&
    (!("made" in marked) || is_shown["made"]) && (is_silent || is_shown["blow-up"]))
}
