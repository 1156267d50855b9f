# SPDX-License-Identifier: MIT
# Compares what came of each point by exec with what came of it by another engine, over all explorations of both.
#
#   awk -v other=ENGINE -v last=0|1 -f compare.awk exec.* ENGINE.*
#
# Their lines are "plan TAB engine TAB verdict, status TAB output". First line of the result, four numbers: points that
# both engines met; of these, points that did not always come out the same, by one engine, but did by both; points that
# differ; of a program that does not always meet the same points, those that only one engine met, or, in the last
# comparison, one of them too seldom to tell. Then the points that differ, with the outcomes of both.
#
# A point differs when nothing that came of it by the one engine is what came of it by the other. What was written is not
# compared where exec alone did not write the same twice (a port, a time of day), nor where the program does not always
# meet the same points: its threads race, and what they write comes in any order. Only points count that the other engine
# made itself, not those that it left to exec; a point that a run did not reach is one that it did not meet.
BEGIN {
  FS = "\t"
  OFTEN = 5
}

FNR == 1 {
  side = FILENAME ~ /exec\.[0-9]*$/ ? "exec" : other
  explorations[side]++
}

side == other && $2 != other { left[$1] = 1; next }

{ points[$1] = 1 }

/\tunreached / { next }

{
  met[side, $1]++
  end = $3 " " $4
  if ((side, $1, end) in seen) next
  seen[side, $1, end] = 1
  text[side, $1] = text[side, $1] "\n    " side ": " end
  number = ++ends[side, $1]
  full[side, $1, number] = end
  short[side, $1, number] = $3
  if (!((side, $1, $3) in seen_short)) shorts[side, $1]++
  seen_short[side, $1, $3] = 1
}

# Whether the engine did not meet, in one exploration, a point that it met in another.
function wavers(side,    point) {
  for (point in points)
    if ((side, point) in met && met[side, point] != explorations[side]) return 1
  return 0
}

function is_same(point,    number) {
  for (number = 1; number <= ends["exec", point]; number++) {
    if ((other, point, full["exec", point, number]) in seen) return 1
    if (!is_wavering && ends["exec", point] == shorts["exec", point]) continue
    if ((other, point, short["exec", point, number]) in seen_short) return 1
  }
  return 0
}

END {
  compared = unsteady = different = alone = 0
  is_wavering = wavers("exec") || wavers(other)
  for (point in points) {
    by_exec = ("exec", point) in met
    by_other = (other, point) in met
    if (!by_exec && !by_other || !by_other && point in left) continue
    if (by_exec && by_other) {
      compared++
      if (is_same(point)) {
        unsteady += ends["exec", point] > 1 || ends[other, point] > 1
        continue
      }
    } else if (is_wavering) {
      alone++
      continue
    }
    if (last && is_wavering && (met["exec", point] < OFTEN || met[other, point] < OFTEN)) {
      compared--
      alone++
      continue
    }
    different++
    list = list "\n  " point text["exec", point] text[other, point]
    if (!by_exec || !by_other) list = list "\n    not met by the other"
  }
  print compared, unsteady, different, alone list
}
