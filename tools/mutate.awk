# SPDX-License-Identifier: MIT
# Prints the one-line bugs that can be made of a C file by its tokens alone, one a line, separated by tabs:
#
#   LINE  OFFSET  LENGTH  NEW  BEFORE  AFTER
#
# Replace LENGTH bytes from OFFSET on (the first byte is 0) by NEW; what the line was, and what it is then.
#
# Comparisons, operators and constants are exchanged; statements deleted; conditions negated or made constant; another
# value returned. What does not compile, or compiles to the same code, is left to the reader to find out. Directives are
# left alone, but for the number that a #define names.
#
#   awk -f tools/mutate.awk FILE.c

BEGIN {
  add("<", "<= >"); add("<=", "< >="); add(">", ">= <"); add(">=", "> <="); add("==", "!="); add("!=", "==")
  add("+", "-"); add("-", "+"); add("*", "/"); add("/", "*"); add("%", "/"); add("<<", ">>"); add(">>", "<<")
  add("&", "|"); add("|", "&"); add("^", "|"); add("&&", "||"); add("||", "&&"); add("++", "--"); add("--", "++")
  add("+=", "-="); add("-=", "+="); add("*=", "/="); add("/=", "*="); add("%=", "/="); add("|=", "&="); add("&=", "|=")
  add("^=", "|="); add("<<=", ">>="); add(">>=", "<<="); add("true", "false"); add("false", "true")
  add("?", "&&!1? ||1?")
  for (n = split("struct union enum static const extern typedef int char bool void unsigned size_t goto case default " \
    "uint64_t uint32_t uint16_t uint8_t int64_t int32_t uintptr_t intptr_t _Atomic _Static_assert", word, " "); n > 0; n--)
    is_declared[word[n]] = 1
  operators = "<<= >>= ... ++ -- -> += -= *= /= %= |= &= ^= && || == != <= >= << >>"
}

function add(old, news) { exchange[old] = news }

{ text = text $0 "\n" }

END {
  read_tokens()
  for (t = 1; t <= tokens; t++) mutate_token(t)
  find_statements()
}

function emit(from, bytes, new,   first, last) {
  first = from
  while (first > 1 && substr(text, first - 1, 1) != "\n") first--
  last = from + bytes
  while (substr(text, last, 1) != "\n") last++
  printf "%d\t%d\t%d\t%s\t%s\t%s\n", line_at[token_at[from]], from - 1, bytes, new, one_line(substr(text, first, last - first)),
    one_line(substr(text, first, from - first) new substr(text, from + bytes, last - from - bytes))
}

function one_line(lines) {
  gsub(/[ \t\n]+/, " ", lines)
  gsub(/^ | $/, "", lines)
  return lines
}

# The length of the token that begins at i; 0: white space or a comment.
function token_length(i,   rest, c, n, list, k) {
  rest = substr(text, i, 200)
  c = substr(rest, 1, 1)
  if (match(rest, /^[A-Za-z_][A-Za-z_0-9]*/) || match(rest, /^[0-9][A-Za-z_0-9.]*/)) return RLENGTH
  if (c == "\"" && match(rest, /^"([^"\\]|\\.)*"/)) return RLENGTH
  if (c == "'" && match(rest, /^'([^'\\]|\\.)*'/)) return RLENGTH
  n = split(operators, list, " ")
  for (k = 1; k <= n; k++) if (index(rest, list[k]) == 1) return length(list[k])
  return 1
}

function read_tokens(   i, end, line, n, c, directive, comment) {
  line = 1
  end = length(text)
  for (i = 1; i <= end;) {
    c = substr(text, i, 1)
    n = 0
    if (c == "\n") { line++; i++; if (substr(text, i - 2, 1) != "\\") directive = ""; continue }
    if (c ~ /[ \t\\]/) { i++; continue }
    if (substr(text, i, 2) == "/*") {
      n = index(substr(text, i), "*/") + 1
      comment = substr(text, i, n)
      line += gsub(/\n/, "", comment)
      i += n
      continue
    }
    if (substr(text, i, 2) == "//") { i += index(substr(text, i), "\n") - 1; continue }
    if (c == "#" && directive == "") {
      directive = substr(text, i, 7) == "#define" ? "define" : "other"
      if (directive == "define") { read_define(i, line) }
    }
    n = token_length(i)
    if (directive == "") {
      token[++tokens] = substr(text, i, n)
      place[tokens] = i
      line_at[tokens] = line
      token_at[i] = tokens
    }
    i += n
  }
}

# Only a number that stands alone behind a name is a constant of the program, and no part of an expression.
function read_define(i, line,   rest, before) {
  rest = substr(text, i, index(substr(text, i), "\n") - 1)
  if (rest !~ /^#define [A-Z_0-9]+ [0-9]+$/) return
  match(rest, / [0-9]+$/)
  before = i + RSTART
  token[++tokens] = substr(rest, RSTART + 1)
  place[tokens] = before
  line_at[tokens] = line
  token_at[before] = tokens
  is_directive[tokens] = 1
}

# Whether the operator stands between two operands.
function is_binary(t,   before) {
  before = token[t - 1]
  return before ~ /^[A-Za-z_0-9'"\])]/ && before !~ /^(return|case|else|char|int|void|bool|.*_t|.*_func)$/
}

function mutate_token(t,   old, n, i, new) {
  old = token[t]
  if (old ~ /^[0-9]/) { mutate_number(t); return }
  if (old ~ /^'/) { emit(place[t], length(old), "(" old "+1)"); emit(place[t], length(old), "(" old "-1)"); return }
  if (old ~ /^[A-Z][A-Z_0-9]+$/ && old != "NULL" && token[t + 1] != "(" && token[t + 1] != "=") {
    emit(place[t], length(old), "(" old "+1)")
    emit(place[t], length(old), "(" old "-1)")
    return
  }
  if (old == "!" || old == "~" || (old == "-" && !is_binary(t))) { emit(place[t], length(old), " "); return }
  if (!(old in exchange) || (old ~ /^[-+*&]$/ && !is_binary(t))) return
  n = split(exchange[old], new, " ")
  for (i = 1; i <= n; i++) emit(place[t], length(old), new[i])
}

function mutate_number(t,   old, suffix, base) {
  old = token[t]
  if (old ~ /\./ || token[t + 1] == "x") return
  emit(place[t], length(old), "(" old "+1)")
  if (old !~ /^0[uUlL]*$/) emit(place[t], length(old), "(" old "-1)")
}

# The token that closes what t opens.
function closing(t,   depth) {
  for (depth = 0; t <= tokens; t++) {
    if (token[t] ~ /^[({[]$/) depth++
    if (token[t] ~ /^[)}\]]$/ && --depth == 0) return t
  }
  return tokens
}

function span(t, end) { return place[end] + length(token[end]) - place[t] }

# Goes through the bodies of functions. A statement begins behind ; { } : else do and the ) of a condition.
function find_statements(   t, depth, in_label, begins, end) {
  for (t = 1; t <= tokens; t++) {
    if (is_directive[t]) continue
    if (token[t] == "{") { depth++; begins = 1; continue }
    if (token[t] == "}") { depth--; begins = 1; continue }
    if (depth == 0) continue
    if (token[t] == "if" || token[t] == "while" || token[t] == "switch" || token[t] == "for") {
      end = closing(t + 1)
      if (token[t] ~ /^(if|while)$/) mutate_condition(t + 2, end - 1)
      if (token[t] == "for") mutate_loop(t + 2, end - 1)
      t = end
      begins = 1
      continue
    }
    if (begins && token[t] ~ /^(case|default)$/) in_label = 1
    if (token[t] ~ /^(;|else|do)$/ || (in_label && token[t] == ":")) { begins = 1; in_label = 0; continue }
    if (begins) mutate_statement(t)
    begins = 0
  }
}

function mutate_condition(from, to,   old) {
  old = substr(text, place[from], span(from, to))
  gsub(/\n/, " ", old)
  emit(place[from], span(from, to), "!(" old ")")
}

function mutate_loop(from, to,   t, first, depth) {
  for (t = from; t <= to; t++) {
    if (token[t] ~ /^[({[]$/) depth++
    if (token[t] ~ /^[)}\]]$/) depth--
    if (token[t] != ";" || depth) continue
    if (!first) { first = t + 1; continue }
    if (t > first) mutate_condition(first, t - 1)
    if (to > t) emit(place[t + 1], span(t + 1, to), " ")
    return
  }
}

function mutate_statement(t,   end, depth, old) {
  if (token[t] in is_declared) return
  for (end = t; end <= tokens; end++) {
    if (token[end] ~ /^[({[]$/) depth++
    if (token[end] ~ /^[)}\]]$/ && --depth < 0) return
    if (token[end] == ";" && !depth) break
  }
  emit(place[t], span(t, end), ";")
  if (token[t] != "return" || end == t + 1) return
  old = substr(text, place[t + 1], span(t + 1, end - 1))
  gsub(/\n/, " ", old)
  if (old != "0" && old != "NULL" && old != "false") emit(place[t], span(t, end), "return 0;")
  if (old !~ /^(0|NULL|true|false)$/) {
    emit(place[t], span(t, end), "return !(" old ");")
    emit(place[t], span(t, end), "return (" old ")+1;")
  }
}
