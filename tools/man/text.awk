# SPDX-License-Identifier: MIT
# What both makers of manual pages share: text of markdown or of a comment to man(7), filled into lines. With -v page=,
# section=, volume=, summary= and version=.

# Text as it is, for man(7). & would stand for what was matched.
function plain(text) {
  gsub(/\\/, "\\e", text)
  gsub(/-/, "\\-", text)
  gsub(/'/, "\\(aq", text)
  gsub(/`/, "\\(ga", text)
  gsub(/\^/, "\\(ha", text)
  gsub(/~/, "\\(ti", text)
  return text
}

function bold(text) { return "\\fB" plain(text) "\\fR" }

# Markdown's code and emphasis in bold, links by their text, hyphens of prose as hyphens.
function prose(text,   parts, count, i, out) {
  while (match(text, /\[[^]]*\]\([^)]*\)/)) text = substr(text, 1, RSTART - 1) link(substr(text, RSTART, RLENGTH)) substr(text, RSTART + RLENGTH)
  gsub(/\\\|/, "|", text)
  count = split(text, parts, "`")
  for (i = 1; i <= count; i++) out = out (i % 2 == 0 ? bold(parts[i]) : emphasis(parts[i]))
  return out
}

function emphasis(text,   parts, count, i, out) {
  gsub(/\\/, "\\e", text)
  gsub(/'/, "\\(aq", text)
  count = split(text, parts, /\*\*/)
  for (i = 1; i <= count; i++) out = out (i % 2 == 0 ? "\\fB" parts[i] "\\fR" : parts[i])
  return out
}

# Of a link: its text, which names a document as one writes it on a command line.
function link(text) {
  sub(/^\[/, "", text)
  sub(/\]\(.*/, "", text)
  return text
}

# Prints text in lines of a usual length; none begins like a request.
function fill(text,   words, count, i, line) {
  count = split(text, words, " ")
  for (i = 1; i <= count; i++) {
    if (line != "" && length(line) + length(words[i]) > 78) { put(line); line = "" }
    line = line (line == "" ? "" : " ") words[i]
  }
  if (line != "") put(line)
}

function put(line) {
  if (line ~ /^[.']/) line = "\\&" line
  print line
}

function title() {
  printf ".\\\" Made by make: see tools/install.mk.\n.TH %s %s \"%s\" \"nomem %s\" \"%s\"\n", toupper(page), section, date, version, volume
  print ".SH NAME"
  fill((names == "" ? page : names) " \\- " summary)
}

# A paragraph may not begin a section.
function begin_code() {
  print (fresh ? "" : ".PP\n") ".RS 4\n.EX"
  fresh = 0
}

function end_code() { print ".EE\n.RE" }
