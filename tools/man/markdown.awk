# SPDX-License-Identifier: MIT
# A document as a manual page: its title becomes the name, its headings sections, tables of two columns and more lists
# of what the first column names. With text.awk.

BEGIN { title(); print ".SH DESCRIPTION"; fresh = 1 }

function end_paragraph() {
  if (text != "") fill(prose(text))
  text = ""
}

function end_all() {
  end_paragraph()
  if (in_code) end_code()
  in_code = blank = 0
}

/^# / { next }
/^##+ / { end_all(); sub(/^#+ /, ""); print ".SH " toupper(plain($0)); fresh = 1; wants_space = 0; next }

/^    / && !in_item {
  end_paragraph()
  if (!in_code) begin_code()
  for (; blank > 0 && in_code; blank--) print ""
  in_code = 1
  blank = 0
  put(plain(substr($0, 5)))
  next
}

/^$/ { end_paragraph(); if (in_code) blank++; else if (!fresh) wants_space = 1; in_item = 0; next }

/^\|[- |]*\|$/ { next }
/^\|/ {
  end_all()
  row = $0
  gsub(/\\\|/, "\001", row)
  sub(/^\| */, "", row)
  sub(/ *\|$/, "", row)
  gsub(/ *\| */, "\002", row)
  count = split(row, cells, "\002")
  # The line of headings comes before the line of hyphens, which is not kept: it is the first of its table.
  if (!in_table) { in_table = 1; next }
  print ".TP"
  gsub(/\001/, "|", cells[1])
  put(prose(cells[1]))
  for (i = 2; i <= count; i++) { gsub(/\001/, "|", cells[i]); text = text (text == "" ? "" : "; ") cells[i] }
  end_paragraph()
  wants_space = fresh = 0
  next
}

{
  in_table = 0
  if (in_code) end_all()
  if ($0 ~ /^- /) { end_paragraph(); print ".IP \\(bu 2"; in_item = 1; wants_space = 0; sub(/^- /, "") }
  if (wants_space && text == "") print in_item ? ".IP" : ".PP"
  wants_space = fresh = 0
  sub(/^ +/, "")
  text = text (text == "" ? "" : " ") $0
}

END {
  end_all()
  printf ".SH SEE ALSO\n%s\n", see_also
}
