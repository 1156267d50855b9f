# SPDX-License-Identifier: MIT
# A public header as a manual page: its first comment is the description, each declaration has the comment above it. With
# text.awk. The header is read twice: the first time for the names.

function name_of(line) {
  sub(/\(.*/, "", line)
  sub(/.*[ *]/, "", line)
  return line
}

function is_function(line) { return line ~ /^(NOMEM_API|static inline) .*\(/ }

FNR == NR {
  if (is_function($0)) names = names (names == "" ? "" : ", ") name_of($0)
  next
}

FNR == 1 {
  title()
  printf ".SH SYNOPSIS\n.nf\n.B #include <nomem/%s>\n.PP\nLink with \\fB\\-lnomem\\fR (pkg\\-config: nomem).\n.fi\n", header
}

function end_paragraph() {
  if (text != "") { if (wants_space) print ".PP"; fill(prose(text)); wants_space = 1 }
  text = ""
}

function end_code_of_comment() { if (in_code) end_code(); in_code = 0 }

# A line of a comment without its stars.
function comment_line(line) {
  if (line ~ /^    /) {
    end_paragraph()
    if (!in_code) begin_code()
    in_code = 1
    put(plain(substr(line, 5)))
    return
  }
  end_code_of_comment()
  if (line ~ /^ *$/) { end_paragraph(); return }
  sub(/^ +/, "", line)
  text = text (text == "" ? "" : " ") line
}

# What is declared, then its comment.
function declare(   lines, count, i) {
  if (declaration == "") return
  print (in_functions++ ? ".PP" : ".SH DECLARATIONS") "\n.nf"
  count = split(declaration, lines, "\n")
  for (i = 1; i <= count; i++) print (lines[i] == "" ? "" : "\\fB" plain(lines[i]) "\\fR")
  print ".fi"
  if (comment != "") {
    print ".RS 4"
    wants_space = 0
    count = split(comment, lines, "\n")
    for (i = 1; i <= count; i++) comment_line(lines[i])
    end_paragraph()
    end_code_of_comment()
    print ".RE"
  }
  declaration = comment = ""
}

# The body of a function.
skips { if ($0 ~ /^}/) skips = 0; next }
/SPDX/ || /^#/ || /^extern "C"/ || /^}$/ { next }
/^\/\*/ { declare(); in_comment = 1; comment = "" }
in_comment {
  line = $0
  ended = sub(/ *\*\/$/, "", line)
  if (line ~ /^\/\*/) sub(/^\/\*/, "", line); else sub(/^ \*/, "", line)
  sub(/^ /, "", line)
  comment = comment (comment == "" ? "" : "\n") line
  if (!ended) next
  in_comment = 0
  if (!described) {
    described = 1
    print ".SH DESCRIPTION"
    count = split(comment, intro, "\n")
    for (i = 1; i <= count; i++) comment_line(intro[i])
    end_paragraph()
    comment = ""
  }
  next
}
/^$/ { declare(); next }
{
  line = $0
  if (sub(/^NOMEM_API /, "", line)) indent = 1
  else if (!indent || !sub(/^          /, "", line)) indent = 0
  # Of a function with a body, its head.
  if (line ~ /^static inline .*\{$/) { sub(/^static inline /, "", line); sub(/ *\{$/, ";", line); skips = 1 }
  if (line ~ /^extern .*weak/) next
  declaration = declaration (declaration == "" ? "" : "\n") line
}

END { declare(); printf ".SH SEE ALSO\n%s\n", see_also }
