# SPDX-License-Identifier: MIT
# What is left when a command has ended; sourced after suite.sh. The command and its library are copied to a place of the
# suite's own: its processes and their programs, built in $work, are known by the file that they execute, whatever else
# is tested on this machine at the time.
#
# A namespace lives as long as a process in it or a mount of it, so where neither is left, no namespace is.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # NOMEM_PRELOAD is exported there; what else suite.sh sets

mkdir -m 777 bin temporary
export TMPDIR="$work/temporary"
cp "$build/nomem" "$build/libnomem-preload.so" bin
PATH="$work/bin:$PATH"
NOMEM_PRELOAD=$work/bin/libnomem-preload.so
leaves= # paths of files that the programs of the suite make
touch seen

# What others mount and make at the time is not looked at: only the folders in which runs are isolated, and the key of
# programs/apart.c (0x4e4f4d4d).
list_the_machine() {
  awk -v work="$work" -v home="$HOME" '
    $5 ~ "^(/tmp|/var/tmp|/dev/shm)$" || $5 == home || index($5, work) == 1 { $1 = $2 = $3 = ""; print }' \
    /proc/self/mountinfo
  cat /proc/sysvipc/msg /proc/sysvipc/sem /proc/sysvipc/shm 2>/dev/null | awk '$1 == 1313819981' || :
  find /sys/fs/cgroup -type d -name '*nomem*' 2>/dev/null || :
}
list_the_machine >machine

left_behind() {
  find /proc/[0-9]*/exe -maxdepth 0 -lname "$work/*" -printf '%h\n' 2>/dev/null | sed 's,^/proc/,left behind: process ,'
  for file in $leaves; do
    [ ! -e "$file" ] || echo "left behind: $file"
  done
  find "$TMPDIR" -mindepth 1 | sed 's/^/left behind: /'
  list_the_machine | diff "$work/machine" - | sed -n 's/^>/left behind: mount, shared memory or cgroup/p'
}

# Within a minute, nothing is left. What still is goes to seen, and away.
is_clean() {
  tries=0
  while [ -n "$(left_behind)" ]; do
    tries=$((tries + 1))
    if [ $tries -eq 600 ]; then
      left_behind >>"$work/seen"
      for leftover in $(left_behind | sed -n 's/.*process //p'); do kill -9 "$leftover" 2>/dev/null || :; done
      tidy
      return 1
    fi
    sleep 0.1
  done
}

tidy() {
  for file in $leaves; do rm -rf "$file"; done
}
