#!/bin/sh
# SPDX-License-Identifier: MIT
# Writes the seeds of the binary targets into corpus/: this is their readable source. The head of each target describes
# its format. Bytes are hexadecimal; the name of a seed is what it exercises. Run it after changing a format.
# shellcheck disable=SC2020,SC2046,SC2059,SC2034,SC2048,SC2086,SC2154 # plans are named through eval; bytes are words
set -eu
cd "$(dirname "$0")/.."

# seed TARGET NAME BYTES...
seed() {
  target=$1
  name=$2
  shift 2
  mkdir -p "corpus/$target"
  octal=$([ $# = 0 ] || printf '\\%03o' $(printf '0x%s ' $*))
  printf "$octal" >"corpus/$target/$name"
}

# zeros COUNT
zeros() {
  i=0
  while [ "$i" -lt "$1" ]; do printf '00 '; i=$((i + 1)); done
}

# repeat COUNT BYTES
repeat() {
  i=0
  while [ "$i" -lt "$1" ]; do printf '%s ' "$2"; i=$((i + 1)); done
}

# A rule: which conditions (1 nth, 2 every or p, 4 max, 8 fn, 10 size, 20 budget, 40 thread, 80 in or module), nth,
# every, max, fn and the length of a size range, size, budget, thread and where.
none="00 $(zeros 24)"
one() { printf '01 %s %s' "$*" "$(zeros 16)"; }
two() { printf '02 %s %s' "$*" "$(zeros 8)"; }
third=$(one 01 02 00 00 00 00 00 00)
lasting=$(one 01 82 00 00 00 00 00 00)
burst=$(one 01 21 00 00 00 00 00 00)
second=$(one 02 00 01 00 00 00 00 00)
limited=$(one 06 00 00 01 00 00 00 00)
reallocs=$(one 08 00 00 00 02 00 00 00)
large=$(one 10 00 00 00 80 18 00 00)
range=$(one 10 00 00 00 10 08 00 00)
budget=$(one 20 00 00 00 00 00 0c 00)
main_thread=$(one 41 00 00 00 00 00 00 00)
other_thread=$(one 40 00 00 00 00 00 00 01)
second_thread=$(one 42 00 02 00 00 00 00 03)
inside=$(one 80 00 00 00 00 00 00 08)
no_module=$(one 80 00 00 00 00 00 00 c0)
any_module=$(one 81 83 00 00 00 00 00 80)
perhaps=$(one 02 00 f0 07 00 00 00 00)
never=$(one 02 00 30 00 00 00 00 00)
several=$(two 02 00 02 00 00 00 00 00 09 01 00 00 02 00 00 00)

# wrappers: each op at least once, blocks grown, shrunk, moved, copied and freed.
ops="00 00 00 20 02 00 00 60 03 00 00 90 01 01 03 10 04 82 00 05 05 83 03 09 07 00 00 00 02 01 00 08 03 83 00 70
  05 84 09 04 0c 06 00 07 0d 00 01 02 00 07 00 00 02 08 00 18 02 08 00 00 03 87 00 10 03 07 00 00 06 00 00 00 01 09 00 05
  03 80 80 10 02 80 81 00 02 80 00 04 06 80 00 00"
for plan in none third lasting burst second limited reallocs large range budget main_thread other_thread inside \
  no_module any_module perhaps never several; do
  eval "text=\$$plan"
  seed wrappers "plan-$(echo $plan | tr _ -)" 00 00 "$text" "$none" "$ops"
done
seed wrappers empty
seed wrappers zero-size-build 01 00 "$none" "$none" "$ops"
seed wrappers zero-size-build-fails 01 00 "$second" "$none" "$ops"
seed wrappers more-faults-than-are-recorded 00 00 "$lasting" "$none" "$(repeat 70 '00 00 00 10')"
seed wrappers fails-all-reallocs-of-live-blocks 00 00 "$reallocs" "$none" "$(for s in 00 01 02 03; do
  printf '00 %s 00 30 02 %s 00 60 02 %s 00 10 03 %s 00 50 ' $s $s $s $s; done)"
seed wrappers fails-all-reallocs-to-little 00 00 "$reallocs" "$none" "$(for op in 02 03; do for size in 00 01 02 03; do
  printf '00 00 00 30 %s 00 00 %s 00 01 00 00 %s 01 00 %s ' $op $size $op $size; done; done)"
seed wrappers budget-recovers 00 00 "$budget" "$none" "$(repeat 3 '00 00 00 60 00 01 00 60 00 02 00 60 06 00 00 00 02 01 00 70 06 01 00 00')"
seed wrappers site 06 05 "$none" "$none" "$ops $ops"
seed wrappers site-first 06 00 "$none" "$none" "$ops"
seed wrappers site-of-a-loop 06 04 "$none" "$none" "$(repeat 8 '00 00 00 10 00 80 00 10')"
seed wrappers site-red-and-blue 06 03 "$none" "$none" "$(repeat 4 '00 00 00 10 00 81 00 20 01 82 01 08')"
seed wrappers from 0e 05 "$none" "$none" "$ops $ops"
seed wrappers from-of-a-loop 0e 07 "$none" "$none" "$(repeat 8 '00 00 00 10 00 80 00 10')"
seed wrappers two-scopes 00 00 "$second" "$third" "$ops 0b 00 00 00 0a 00 00 00 00 00 00 08 0a 00 00 00 $ops"
seed wrappers scopes-and-bad-plans 00 00 "$lasting" "$limited" "$(repeat 6 '0a 00 00 00 0f 00 00 00 00 00 00 10 0b 00 00 00')"
seed wrappers paused 00 00 "$lasting" "$none" "00 00 00 10 08 00 00 00 08 00 00 00 00 00 00 10 02 00 00 20 09 00 00 00
  02 00 00 30 06 00 00 00 09 00 00 00 09 00 00 00 00 00 00 10"
seed wrappers replacement-refuses 00 00 "$none" "$none" "00 00 00 10 0e 00 03 01 02 00 00 20 03 00 00 20 00 01 00 10 0e 00
  03 00 01 01 02 10 04 02 00 03 05 03 02 08 0e 00 01 01 03 04 00 20"

# errno: every op with every kind of value, alone and below the failing allocator.
rude=$(for a in 00 01 03; do for b in 00 01 06 07 0a 0b; do for op in 00 01 02 03 04 05 06 07 08; do
  printf '%s %s %s 05 ' $op $a $b; done; done; done)
seed errno empty
seed errno alone 00 00 "$(echo $rude | cut -d' ' -f1-256)"
seed errno alone-later 00 00 "$(echo $rude | cut -d' ' -f257-512)"
seed errno alone-zero-size 01 00 "$(echo $rude | cut -d' ' -f257-512)"
seed errno between 02 00 "$(echo $rude | cut -d' ' -f1-256)"
seed errno between-fails-second 02 02 "$(echo $rude | cut -d' ' -f257-512)"
seed errno between-fails-all 03 01 "$(echo $rude | cut -d' ' -f1-256)"

# replace_allocator: three families, every single NULL, blocks that outlive a replacement.
use="01 00 10 00 02 01 08 03 03 00 40 00 03 02 09 00 04 00 00 00 04 01 00 00"
seed replace_allocator empty
seed replace_allocator each-null 00 "$use 00 fc 00 00 $use 00 f3 00 00 $use 00 cf 00 00 $use 00 3f 00 00 $use"
seed replace_allocator all-null 01 "$use 00 00 00 00 $use"
seed replace_allocator each-family 00 "00 aa 00 00 $use 00 ff 00 00 $use 00 55 00 00 $use"
seed replace_allocator mixed-families 01 "01 00 20 00 00 b6 00 00 03 00 40 00 $use 00 6d 00 00 04 00 00 00 $use"

# mempool
seed mempool empty
seed mempool below-minimum 00 20 00
seed mempool smallest 00 40 0f "00 00 00 01 00 01 00 08 05 00 00 00 00 00 00 09"
seed mempool exhausted 01 00 00 "$(for s in 00 01 02 03 04 05 06 07 08 09; do printf '00 %s 00 14 ' $s; done) 05 04 00 00 00 0a 00 18"
seed mempool fragmented 08 00 00 "$(for s in 00 01 02 03 04 05 06 07; do printf '00 %s 00 40 ' $s; done)
  $(for s in 00 02 04 06; do printf '05 %s 00 00 ' $s; done) 00 08 00 60 00 09 00 30 05 01 00 00 00 0a 00 c0 05 03 00 00"
seed mempool resized 08 00 00 "00 00 00 40 00 01 00 40 03 00 00 60 03 00 00 20 05 01 00 00 03 00 00 80 00 02 00 40 03 00 01 90 03 00
  00 00 03 03 00 20 03 02 00 00"
seed mempool realloc-fails 02 00 00 "00 00 00 c0 00 01 00 40 03 00 03 00 03 00 00 d0 05 00 00 00"
seed mempool calloc 08 00 00 "07 00 04 10 05 00 00 00 07 00 04 10 07 01 ff 08 07 02 ff 01 07 03 00 05"
seed mempool wrong-pointers 04 00 00 "00 00 00 40 00 01 00 40 05 00 00 00 08 00 00 00 08 01 00 10 08 02 00 08 08 03 00 60 08 04 00 68
  08 80 00 00 08 81 00 04 08 05 04 00 08 06 03 ff"
seed mempool pointers-beside 08 00 00 "$(for how in 40 41 42 60 61 62; do for at in 0 1 2 8 f; do
  printf '08 %s 00 0%s ' $how $at; done; done) 00 00 00 40 08 40 00 10 08 41 00 20 08 42 00 40 08 60 00 20 08 61 00 3f"
seed mempool overrun 04 00 00 "$(for s in 00 01 02; do printf '00 %s 00 28 ' $s; done) 09 00 00 01 09 01 05 80 09 02 0a ff 09 01 03 01"
seed mempool overrun-by-default 04 00 00 "$(for s in 00 01 02; do printf '00 %s 00 28 ' $s; done) 09 00 80 01 09 01 85 80 09 02 82 ff"
seed mempool write-after-free 20 00 00 "00 00 00 20 00 01 00 20 0a 11 00 02 05 00 00 00 0a 12 00 00 0a 21 00 05 84 02 0c 00 84 03 0d 00
  89 02 00 00 0a 01 00 60 0a 80 00 61"
seed mempool trees ff ff 00 "$(for s in 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f; do printf '84 %s 0%s 40 00 %s 00 08 ' $s \
  "$(echo $s | cut -c2 | tr 0123456789abcdef 8889889a8b8c8d8a)" "2${s#0}"; done)
  $(for s in 00 02 04 06 08 0a 0c 0e 01 03 05; do printf '89 %s 00 00 ' $s; done) 84 10 08 30 84 11 09 50 84 12 0a 60 84 13 0b 00 84 14 08 40"
seed mempool one-size ff ff 00 "$(for s in 00 01 02 03 04 05 06 07; do printf '84 %s 08 00 00 2%s 00 08 ' $s "${s#0}"; done)
  $(for s in 00 02 04 06 01 03; do printf '89 %s 00 00 ' $s; done) 84 10 08 00 84 11 07 f0 84 12 08 10 84 13 08 00"
seed mempool best-fit-beside-the-path 20 00 08 "00 04 08 00 84 02 08 08 84 04 08 11 03 84 04 03 84 04 08 08"
seed mempool mapped 10 00 80 "00 00 01 00 03 00 02 00 0b 00 00 00 05 00 00 00 0b 00 00 00"
uses="00 00 00 40 07 01 04 10 03 00 00 60 03 02 00 80 05 00 00 00 08 01 00 08 09 01 05 80 0a 01 00 60"
seed mempool first-call-malloc 08 00 40 "$uses"
seed mempool first-call-calloc 08 00 41 "$uses 03 00 08 00 05 01 00 00"
seed mempool first-call-realloc 08 00 42 "$uses"
seed mempool first-call-fails 00 10 44 "00 00 00 08 00 01 00 01 05 00 00 00 00 00 00 09"
seed mempool ends-in-between 04 00 83 "00 00 00 40 0b 00 41 00 05 00 00 00 0b 00 00 00 $uses 05 01 00 00 05 02 00 00 0b 00 46 00 00 00 00 40
  05 00 00 00 0b 00 00 00 00 00 00 40 05 00 00 00 0b 00 07 00 $uses"
seed mempool misaligned 01 01 07 "00 00 00 10 00 01 00 20 05 00 00 00"

seed mempool underrun 08 00 00 "00 00 00 40 00 01 00 40 00 02 01 00 05 01 00 00 $(for b in 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 30 31; do
  for slot in 00 02; do printf '01 %s %s 03 ' $slot $b; done; done)"
seed mempool underrun-bits 08 00 00 "00 00 00 40 00 01 00 80 00 02 01 00 $(for b in 00 01 02 05 07 08 0a 0c 10 14 18 1f; do
  printf '01 01 10 %s 01 01 11 %s 01 00 30 %s ' $b $b $b; done)"
seed mempool default-misuse 08 00 00 "00 00 00 40 00 01 00 40 05 01 00 00 02 00 00 08 02 00 00 10 02 00 00 68 02 00 00 a0 02 01 00 00"
seed mempool odd-sizes 20 00 00 "84 00 fe 00 00 01 00 40 $(i=0; while [ $i -lt 24 ]; do printf '84 00 fe %02x ' $i; i=$((i + 1)); done)"
seed mempool odd-reallocs 20 00 00 "00 00 00 40 $(i=0; while [ $i -lt 24 ]; do printf '87 00 fe %02x ' $i; i=$((i + 1)); done)"
seed mempool odd-mapped ff ff 81 "00 00 00 40 $(i=0; while [ $i -lt 24 ]; do printf '84 01 fe %02x 87 00 fe %02x ' $i $i; i=$((i + 1)); done)"
seed mempool odd-first-call 08 00 40 "00 00 00 40 $(i=0; while [ $i -lt 24 ]; do printf '84 01 fe %02x 87 00 fe %02x ' $i $i; i=$((i + 1)); done)"
seed mempool grows-in-place 10 00 00 "00 00 00 40 00 01 00 40 05 01 00 00 $(for size in 41 58 68 60 20 80 ff 08; do printf '03 00 00 %s ' $size; done)
  87 00 fe 0d 87 00 fe 10 00 01 00 40 87 00 fe 10"

# mempool_check: pools of small blocks, of lists, and of trees, with every kind of damage to each of their blocks.
pool_small="$(repeat 6 '00 01 01 02 00 03 01 01')"
pool_lists="$(repeat 5 '00 14 01 01 00 30 01 01')"
pool_trees="$(for size in '00 81' '00 80' '00 82' '00 83' '00 81' '04 03' '04 10' '04 00' '04 03' '0e 40' '0e 59' '0e 7f' '0e 47'; do
  printf '%s 01 01 ' "$size"; done)"
pool_used="$(repeat 9 '01 07')"
pool_one="02 00"
# kinds WHICH VALUE: every kind of damage
kinds() {
  kind=0
  while [ "$kind" -lt 32 ]; do printf '%02x %s %s ' "$kind" "$1" "$2"; kind=$((kind + 1)); done
}
for pool in small lists trees used one; do
  eval "blocks=\$pool_$pool"
  for which in 00 05 0b; do
    seed mempool_check "$pool-$which" "$blocks" ff ff "$(kinds $which '00 00') $(kinds $which '00 01')"
    seed mempool_check "$pool-$which-far" "$blocks" ff ff "$(kinds $which '01 02') $(kinds $which '01 03')"
    seed mempool_check "$pool-$which-other" "$blocks" ff ff "$(kinds $which '00 04') $(kinds $which '00 25')"
  done
done
# Every two, and many, of the sizes that share a class.
separated() { for size in "$@"; do printf '%s 01 01 ' "$size"; done; }
seed mempool_check class-two "$(separated '00 40' '00 41')" ff ff "$(kinds 00 '01 00')"
seed mempool_check class-two-turned "$(separated '00 41' '00 40')" ff ff "$(kinds 01 '00 01')"
seed mempool_check class-four "$(separated '00 80' '00 82' '00 83')" ff ff "$(kinds 00 '01 00')"
seed mempool_check class-four-turned "$(separated '00 80' '00 83' '00 82' '00 81' '00 82')" ff ff "$(kinds 02 '03 02')"
seed mempool_check class-eight "$(separated '02 02' '02 00' '02 06' '02 03' '02 05' '02 01' '02 07' '02 04' '02 02' '02 06')" \
  ff ff "$(kinds 03 '01 01')"
seed mempool_check class-sixteen "$(separated '04 08' '04 0f' '04 01' '04 0c' '04 05' '04 0a' '04 03' '04 0e' '04 07' '04 0c')" \
  ff ff "$(kinds 04 '03 02')"
seed mempool_check class-high-half "$(separated '08 18' '08 1f' '08 1c' '08 1e' '08 1d')" ff ff "$(kinds 05 '01 01')"
seed mempool_check class-low-half "$(separated '08 07' '08 00' '08 03' '08 01' '08 02')" ff ff "$(kinds 00 '02 01')"
seed mempool_check empty

# threads: many rounds of few calls, so that they happen at the same time.
work="00 00 00 10 02 00 00 40 01 01 00 20 03 00 00 00 00 82 00 30 04 03 00 08"
for plan in none third lasting burst second limited reallocs large second_thread other_thread inside any_module several \
  perhaps; do
  eval "text=\$$plan"
  seed threads "plan-$(echo $plan | tr _ -)" 00 02 1f "$text" "$work"
done
seed threads empty
seed threads sites 04 01 0f "$second" "$work"
seed threads sites-in 05 02 1f "$inside" "$work"
seed threads pool 02 02 1f "$second" "$work"
seed threads pool-of-the-first-call 0a 02 1f "$second" "$work"
seed threads pool-of-the-first-call-lasting 0a 01 03 "$lasting" "$work"
seed threads pool-zero-size 03 00 1f "$none" "$work"
seed threads max-of-many 00 02 1f "$(one 04 00 00 0f 00 00 00 00)" "$(repeat 16 '00 00 00 08')"

# all OP COUNT [B [C]]: the op with each of COUNT values of its first byte.
all() {
  i=0
  while [ "$i" -lt "$2" ]; do printf '%s %02x %s %s ' "$1" "$i" "${3:-00}" "${4:-00}"; i=$((i + 1)); done
}

# mempool_threads: allocates, resizes and exchanges, while everything is read.
sharing="$(for a in 00 01 02 03 04 05 06 07; do printf '0%s %s 00 40 07 %s 03 10 02 %s 00 08 ' "${a#0}" $a $a $a; done)"
for calls in 00 01 02 04 07; do
  seed mempool_threads "calls-$calls" 07 $calls "$sharing"
  seed mempool_threads "calls-$calls-long" 0f $calls "$sharing"
done
seed mempool_threads empty

# libuv: each part under plans that reach far into it.
uv_files="00 17 07 00 00 18 07 01 00 18 06 00 00 17 05 01 00 1d 00 01"
uv_paths="$(all 00 25 00 01)"
uv_descriptors="$(for a in 17 18 19 1a 1b 1c 1d 1e 1f 20 21; do echo "00 $a 05 01"; done)"
uv_once="$(for a in 00 02 06 07 08 0f 10 11 12 17 18 1e 21; do echo "00 $a 07 00"; done)"
uv_batch="01 00 05 00 01 17 05 07"
uv_list="02 00 07 00 02 01 01 00 02 00 01 00"
uv_watch="03 00 00 00 04 01 00 00 03 01 00 00"
uv_net="05 00 07 00 05 03 07 00 06 07 00 00 07 0b 00 00 08 01 00 00 08 02 00 00"
uv_system="$(all 0a 9) 0a 05 01 00 0a 05 02 00 0a 05 03 00 0a 05 04 00 09 01 0b 00"
uv_slots="0c 00 07 00 0d 00 01 00 0c 01 06 00 0d 01 00 00 0c 02 08 00 0d 02 00 00 10 01 00 00 11 00 00 00 0e 00 00 00
  0d 00 02 00 0f 01 00 00 11 00 00 00 10 03 00 00"
uv_watchers="$(for a in 0 1 2 3 4 5; do echo "0c 0$a 0$a 00 0d 0$a 00 00"; done) 10 02 00 00 $(all 0e 6) $(all 0f 6)"
uv_loops="12 00 00 00 12 05 00 00 12 06 00 00 17 00 00 00 $(all 18 2) 19 00 00 00"
uv_handles="$(all 13 11) $(all 14 11) $(all 15 3) $(all 16 3 55 aa)"
uv_names="$(all 1a 2) $(all 1b 8) $(all 1b 8 01)"
uv_texts="$(all 1c 2) $(for b in 01 02 03 04 05 06 07 08 09 0a; do echo "1c 01 $b 00 1c 00 $b 00"; done) $(all 1d 3)"
uv_polls="$(all 1e 4) 1e 05 01 00 1e 0a 02 00 1e 0b 03 00 1e 10 00 00 $(all 1f 3) 1f 00 01 00"
uv_tcp="$(all 20 8) $(all 21 2)"
uv_udp="$(all 22 8 03) 22 08 02 00 22 0c 02 00 22 12 17 00 22 10 00 00 22 14 02 00 $(all 23 2)"
uv_pipes="$(all 24 3) 25 00 00 00 25 00 00 01 25 00 01 01 25 00 02 01 25 01 00 00"
uv_work="26 00 00 00 27 00 00 00 $(all 28 2) $(all 29 2) 2a 00 00 00 $(all 2b 4) $(all 2c 3) $(all 2d 2) $(all 0b 2)"
uv_recent="$(all 2e 8)"
uv_parts="files paths descriptors once batch list watch net system slots watchers loops handles names texts polls tcp udp pipes work
  recent"
for part in $uv_parts; do
  eval "steps=\$uv_$part"
  seed libuv "$part" 00 00 00 00 "$steps"
  seed libuv "$part-first" 01 00 00 00 "$steps"
  seed libuv "$part-second" 01 01 00 00 "$steps"
  seed libuv "$part-fourth-on" 02 03 00 00 "$steps"
  seed libuv "$part-each" 04 00 00 00 "$steps"
  seed libuv "$part-each-second" 04 01 00 00 "$steps"
  seed libuv "$part-each-third" 04 02 00 00 "$steps"
  seed libuv "$part-perhaps" 05 1e 07 00 "$steps"
  seed libuv "$part-in-the-pool" 09 00 00 00 "$steps"
done
for how in 00 01 02 03 04 05; do
  seed libuv "spawn-$how" 00 00 00 00 "09 01 03 $how"
  seed libuv "spawn-$how-first" 01 01 00 00 "09 01 03 $how"
  seed libuv "spawn-$how-second" 01 02 00 00 "09 01 09 $how"
done
seed libuv list-entry-fails 08 02 01 00 "02 00 07 00"
seed libuv batch-cancelled 00 00 00 00 "01 00 11 00"
seed libuv batch-fourth-fails 01 03 00 00 "01 00 05 00"
seed libuv ipc-queue-cannot-grow 06 01 01 00 "07 0b 00 00"
seed libuv watchers-cannot-grow 01 02 00 00 "09 01 09 01"
seed libuv empty
# Each reaches one line of libuv.suppressions: with NOMEM_LIBUV_SUPPRESSIONS=/dev/null it fails.
seed libuv known-io-start 08 01 02 00
seed libuv known-fs-poll-timer 08 02 00 00 "03 00 00 00"
seed libuv known-fs-poll-start 08 01 00 00 "03 00 00 00 11 00 00 00"
seed libuv known-inotify-fork 08 00 05 00 "12 06 00 00"
seed libuv known-environ 08 02 03 00 "0a 00 00 00"
seed libuv known-write 08 00 04 00 "05 00 07 00"
seed libuv known-interfaces 08 00 05 00 "0a 03 00 00"
seed libuv known-realpath 00 00 00 00 "00 06 00 00"

# injector: calls from all places by all threads, of every function and any size; a fork, pauses, scopes; and plans with
# the sites of a first time: one, from one on, two, by the first digits.
injector_calls="00 00 04 00 00 91 08 01 00 22 ff 00 00 03 e0 00 00 84 e1 00 00 15 e2 00 00 a6 e3 00 00 07 e4 10 00 98 e5 00 00 29 e6 00
  03 00 00 00 02 00 10 20 02 00 f0 03 04 00 00 00 03 00 00 00 01 10 20 05 01 91 20 05 05 00 00 00 05 00 00 00 00 00 04 00 03 00 00 00 06 00 00 00
  00 00 04 00 06 00 00 00 06 00 00 00 00 00 04 00 00 00 04 00 00 00 04 00 00 91 e4 01 00 00 04 00 00 00 04 00 00 91 04 00"
# The same with other threads, and with forked children.
injector_threads="00 00 04 00 10 91 08 01 20 22 ff 00 10 03 e0 00 30 84 e1 00 13 00 00 00 11 91 20 05 15 00 00 00 10 00 04 00 20 00 04 00 00 00 04 00
  16 00 00 00 10 00 04 00 25 00 00 00 23 00 00 00 26 00 00 00 30 22 10 00"
injector_forks="07 00 10 03 00 00 04 00 07 91 e4 01 00 91 04 00 03 00 00 00"
for plan in none third lasting burst second limited reallocs large range budget main_thread other_thread second_thread inside \
  no_module any_module perhaps never several; do
  eval "text=\$$plan"
  seed injector "plan-$(echo $plan | tr _ -)" 00 00 00 00 00 "$text" "$injector_calls"
  seed injector "plan-$(echo $plan | tr _ -)-recorded" 17 00 00 00 00 "$text" "$injector_calls"
done
for plan in none third lasting second main_thread other_thread second_thread inside budget; do
  eval "text=\$$plan"
  seed injector "threads-$(echo $plan | tr _ -)" 00 00 00 00 00 "$text" "$injector_threads"
  seed injector "forks-$(echo $plan | tr _ -)" 01 00 00 00 00 "$text" "$injector_forks" "$injector_threads"
done
seed injector empty
seed injector many-faults 01 00 00 00 00 "$lasting" "$(repeat 6 '01 00 04 2f 01 91 08 2f')"
seed injector many-faults-without-sites 00 00 00 00 00 "$lasting" "$(repeat 6 '01 00 04 2f 01 91 08 2f') 10 00 ff 00"
seed injector scopes 04 00 00 00 00 "$second_thread" "10 00 04 00 20 00 04 00 10 00 04 00 09 00 00 00 00 00 04 00 20 00 04 00 0a 00 00 00
  09 00 00 00 20 00 04 00 10 00 04 00 00 00 04 00 20 00 04 00 02 00 10 20 09 00 00 00 09 00 00 00 10 00 04 00"
seed injector main 01 00 00 00 00 "$third" "00 00 04 00 08 00 00 00 00 91 04 00 00 22 04 00"
# All faults, and more than are recorded, stop the process: once, each time, and instead of the fault.
for kind in 00 01 02; do
  seed injector "stops-$kind" 09 $kind 00 00 00 "$lasting" "$injector_calls"
  seed injector "stops-many-$kind" 08 $kind 00 00 00 "$second" "01 00 04 2f 01 91 08 2f 01 00 04 2f 01 91 08 2f 09 00 00 00 09 00 00 00 01 00 04 08"
  seed injector "stops-site-$kind" 28 $kind 00 01 00 "$none" "00 00 04 00 00 91 04 00 00 00 04 00 00 22 04 00"
done
for flags in 21 25 61 20 60 e0 e4 a0; do
  seed injector "site-$flags" $flags 00 01 02 01 "$none" "$injector_calls" "$injector_calls"
  seed injector "site-first-$flags" $flags 00 00 02 00 "$none" "$injector_calls"
  seed injector "site-digits-$flags" $flags 10 02 02 00 "$none" "$injector_calls"
  seed injector "from-$flags" $flags 04 01 02 01 "$second" "$injector_calls"
  seed injector "from-digits-$flags" $flags 14 00 02 00 "$none" "$injector_calls"
  seed injector "two-sites-$flags" $flags 08 00 01 10 "$none" "$injector_calls"
  seed injector "two-sites-later-$flags" $flags 08 01 00 11 "$none" "$injector_calls" "$injector_calls"
  seed injector "many-after-site-$flags" $flags 00 00 02 00 "$none" "$(repeat 20 '01 00 04 2f 01 91 08 2f 01 22 08 2f 01 a3 08 2f')"
  seed injector "site-range-$flags" $flags 0d 00 01 81 "$limited" "$injector_calls"
done

# interface: installed over the C library, over a model with sizes (how an input begins) and without; each plan, and each
# refusal; all calls; what is below refuses; a fork; threads. Plans by number: 0 none, 1 every second calloc or realloc, 2
# and 3 by function and module, 4 to 6 by thread, 7 two rules, 8 and 9 bad, a all, b nth, c budget, d size, e p, f NULL,
# 10 and above 4,093 bytes and more.
calls="00 00 04 00 10 01 08 00 01 02 05 06 02 00 10 00 02 01 02 00 02 03 18 00 20 04 ff 00 01 05 f1 09 02 00 00 00 03 00 00 00 03 06 00 00
  0b 00 01 01 00 02 08 00 0b 00 02 00 02 01 30 00 01 02 02 08 09 00 00 00 00 03 04 00 10 04 04 00 03 03 00 00 0a 00 00 00 00 05 00 00 0b 00 01 01
  00 06 00 00 02 07 00 00 00 03 20 00 08 00 00 00"
for number in 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f; do
  seed interface "plan-$number" 06 00 $number 03 $calls 07 00 01 00 08 00 00 00
  seed interface "plan-$number-twice" 06 00 $number 02 $calls 06 00 00 00 07 00 00 00 08 00 00 00 00 00 04 00 06 00 $number 05 $calls 07 00 01 00 07 00 01 00
  seed interface "plan-$number-c-library" 05 00 00 00 06 00 $number 10 $calls 07 00 01 00
  seed interface "plan-$number-without-sizes" 05 02 00 00 06 00 $number 10 $calls 06 00 "8${number#?}" 04
  seed interface "plan-$number-forked" 06 00 $number 04 "00 00 04 00 10 01 04 00 0c 00 00 00" $calls
done
for length in 00 01 02 03 04; do seed interface "length-$length" 06 00 10 $length $calls 08 00 00 00 06 00 00 00 00 01 04 00; done
for nulls in 81 82 84 88 90 a0 a1 9e bf; do
  for over in 00 01 02; do seed interface "refused-$nulls-$over" 06 00 0a 00 00 00 04 00 07 00 00 00 05 $over $nulls 00 06 00 0b 01 $calls; done
done
for number in 40 41 42 46 4a; do
  seed interface "many-threads-$number" 06 00 $number 03 "$calls 20 01 04 00 30 02 04 00 23 01 00 00 10 03 04 00 33 02 00 00" 08 00 00 00 07 00 01 00 \
    06 00 $number 02 "$calls 20 01 04 00 30 02 04 00 08 00 00 00 07 00 01 00 06 00 0a 00 00 01 04 00"
done
seed interface budget-to-the-byte 06 00 0c 01 "00 00 01 00 01 01 0d 01 01 01 0c 01 02 01 04 00 02 00 01 00 07 00 01 00"
seed interface empty
seed interface many-faults 06 00 0a 00 04 00 04 46 10 01 04 00 07 00 01 00 06 00 00 00 00 01 04 00 08 00 00 00
seed interface very-many-faults 06 00 02 00 04 00 04 8a 06 00 0a 00 07 00 01 00 06 00 0a 00 04 00 04 8a 07 00 01 00 06 00 07 00 00 01 04 00
seed interface budget-of-the-c-library 05 00 00 00 06 00 0c 20 "$(repeat 6 '00 00 40 00 00 01 40 00 02 00 60 00 02 00 10 00 03 01 00 00')"

# injector: sites that are reached only after the fault.
for flags in e0 e1 e4; do
  for first in 00 01; do
    seed injector "recovery-$flags-$first" $flags 00 $first 00 00 "$none" "$(repeat 6 '00 00 04 00 00 91 04 00')
      00 22 04 00 00 a3 04 00 00 14 04 00 10 00 04 00 00 22 04 00 00 b5 04 00"
  done
done

# injector: what else the channel says: blocks are watched (08), coverage is measured (10), the engine (20, 40), slots for
# counts are nearly used up (80); calls of the run-time that measures coverage; stacks that are new after many faults.
channel_calls="00 00 04 00 00 30 04 00 00 b1 08 00 01 30 02 09 00 00 04 00 02 01 40 08 12 30 08 20 03 00 00 00 20 02 10 00 10 30 04 00 20 b3 04 00
  07 00 04 03 03 00 00 00 00 00 08 00 08 00 00 00 00 91 04 00 05 00 00 00 00 30 04 00 06 00 00 00 00 b2 04 00 02 ff c0 80"
for second in 08 10 18 20 30 40 50 58 80 90; do
  for plan in none lasting limited budget inside; do
    eval "text=\$$plan"
    seed injector "channel-$second-$plan" 00 00 00 $second 00 "$text" "$channel_calls"
  done
  seed injector "channel-$second-recorded" 03 00 00 $second 00 "$limited" "$channel_calls"
  for kind in 00 04 08; do seed injector "channel-$second-site-$kind" 60 $kind 00 $second 00 "$none" "$channel_calls"; done
done
for second in 00 10 20; do
  seed injector "deep-$second" a0 04 00 $second 00 "$none" "00 00 04 00 $(repeat 11 '03 00 00 00')
    $(repeat 66 '00 00 04 00') 0b 00 04 f2 0b 91 04 20 00 22 04 00 0b 00 04 08"
done
seed injector deep-and-few a0 04 00 00 00 "$none" "00 00 04 00 $(repeat 11 '03 00 00 00') 0b 00 04 03 0b 91 04 f4 00 22 04 00"
seed injector deep-and-forked a0 04 00 00 00 "$none" "00 00 04 00 $(repeat 11 '03 00 00 00') 0b 00 04 f6 07 00 04 01 0b 00 04 02"

# check: each reaction to a failure, with few and many calls, as many later or fewer; failures of its own in each kind of
# run; a limit; a scope that is open; sizes that are not known.
for reaction in 00 01 02 03 04 05 06 07; do
  for early in 00 01 02 03 0c; do seed check "reaction-$reaction-$early" 00 $early 00 01 $reaction 00 00 10 20 33; done
  seed check "reaction-$reaction-fewer" 00 05 00 02 $reaction 00 00 10 20
  seed check "reaction-$reaction-none-later" 00 05 00 00 $reaction 00 00 10 20
  seed check "reaction-$reaction-more" 00 02 00 08 $reaction 00 00 3f
  seed check "reaction-$reaction-without-sizes" 01 03 00 01 $reaction 00 00 10 20
  seed check "reaction-$reaction-limited" 00 0b 00 01 $reaction 00 03 10
done
for run in 01 02 03 04 05 06 07 08; do
  seed check "fails-in-run-$run" 02 03 00 01 00 $run 00
  seed check "fails-in-run-$run-without-a-fault" 00 03 00 00 01 $run 00
done
seed check default-calls 00 e8 03 02 00 00 00
seed check more-than-default-calls 00 e9 03 02 00 00 00
seed check limited-calls 00 e9 03 02 00 00 ff
seed check busy 02 02 00 01 00 00 00
seed check empty

# hostile: each way alone and all of them, behind libuv's interface (00) and the target's own backend (01; 03: which
# cannot measure), with blocks one behind the other, all alike (04) and unevenly (08); each condition; large blocks, and
# more than is written in all; the allocator below refuses.
hostile_calls="00 00 00 18 00 01 00 19 10 02 00 28 20 03 00 40 00 04 00 00 20 05 00 00 10 06 00 00 00 07 00 c8 00 08 00 58
  02 00 00 40 02 01 00 08 02 02 01 90 02 03 00 41 02 07 00 10 04 09 00 20 04 0a 00 00 04 0b 00 31 03 00 00 00 03 01 00 00
  07 00 00 00 00 00 00 20 02 00 00 60 03 00 00 00 07 00 00 00 03 02 00 00 30 0c 00 20 40 0d 00 20 50 0e 00 18 60 0f 00 30
  70 0c 00 08 80 0d 00 10 90 0e 00 21 50 0c 00 00 40 0d 00 00 90 0e 00 00 60 0f 00 00"
for ways in 01 02 04 08 10 20 3f; do
  for how in 00 01 03 04 05 09; do seed hostile "way-$ways-$how" $how 55 00 $ways 0d 00 $hostile_calls; done
done
for kind in 00 01 02 03 04 05 06 07 08 09 0a 0b 0c; do
  for how in 00 01; do seed hostile "condition-$kind-$how" $how 00 00 3f $kind 02 $hostile_calls; done
done
for how in 00 01 08; do
  seed hostile "rules-$how" $how 33 02 02 06 02 13 05 01 00 00 04 $hostile_calls
  seed hostile "scopes-$how" $how 33 01 2d 08 02 12 0d 00 $hostile_calls 06 00 00 00 $hostile_calls 06 00 00 00 $hostile_calls
  seed hostile "large-$how" $how 00 00 3f 0d 00 "00 80 90 00 02 00 00 40 00 81 40 00 02 81 a0 00 03 01 00 00"
  seed hostile "grows-large-$how" $how 00 00 03 0d 00 "00 00 00 40 02 80 90 00 03 00 00 00"
  seed hostile "late-$how" $how 00 00 27 0d 00 "00 00 02 00 08 00 07 00 00 01 02 00 02 00 02 40 02 01 01 00 02 01 00 ff 03 00 00 00"
  seed hostile "nearly-late-$how" $how 00 00 07 0d 00 "00 00 02 00 08 00 05 00 00 01 02 00 08 00 05 00 02 01 02 40 08 00 06 00 02 00 02 10 00 02 02 00"
  seed hostile "refused-$how" $how 00 00 3f 0d 00 "00 00 00 40 05 00 00 01 02 00 00 80 05 00 01 01 02 00 00 90 05 00 02 02 00 01 00 18 05 00 05 03
    00 02 00 28 05 00 00 03 00 03 00 28 10 04 00 28 02 00 00 20"
done
seed hostile put-aside 04 00 00 20 0d 00 "$(for slot in 0 1 2 3; do printf '00 0%s 02 00 ' $slot; done) 00 84 40 00 00 85 48 00 00 06 00 08"
seed hostile largest 01 00 00 3f 0d 00 "00 70 00 00 00 70 00 08 10 70 00 0f 20 70 00 10 90 70 00 11 00 70 00 18"
seed hostile fails-each 00 00 02 00 00 00 00 00 05 3f 0d 00 $hostile_calls
seed hostile empty

# snapshots: how (01 server; 02 blocks are watched; 04 what is shared is avoided; 08 sites are known), what else is open
# or going on, how many sites are known, three points (place and occurrence, what more fails). Places are called in
# turn, some of them again and again.
forked_calls="00 10 01 40 01 20 01 10 10 08 00 00 02 04 02 08 00 10 00 00 21 20 03 20 03 20 01 04 04 20 00 00 05 00 00 00 00 07 00 00 01 01 01 01 02 00 00 00"
for how in 00 02 08 0a; do
  for kind in 00 01 02 06 0e 12; do
    seed snapshots "at-once-$how-$kind" $how 00 00 00 $kind 21 $kind 02 $kind $forked_calls
    seed snapshots "again-$how-$kind" $how 00 02 00 $kind 20 $kind 40 $kind $forked_calls
    seed snapshots "later-$how-$kind" $how 00 04 40 $kind 02 $kind 04 $kind $forked_calls
  done
done
for hindrance in 00 01 02 03 04 05 06 07 08; do
  seed snapshots "server-$hindrance" 01 $hindrance 00 00 00 20 00 40 00 $forked_calls
  seed snapshots "server-watched-$hindrance" 03 $hindrance 00 60 00 01 00 02 00 $forked_calls
done
for hindrance in 00 01 02 03 04; do
  for how in 00 04; do seed snapshots "open-$hindrance-$how" $how $hindrance 00 01 00 21 01 04 02 $forked_calls; done
done
seed snapshots empty
