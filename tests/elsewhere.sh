#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs `make demo` and `make check` of a clean clone on machines that are not this one: in a bare Debian that has nothing
# but git and make, with rights missing, as an ordinary user, and under load.
#
#   tests/elsewhere.sh BUILD [VARIANT...]       default: all of them, about ten minutes each
#
#   root        root in a chroot, where no run can be isolated; `make` installs what it needs
#   no-caps     root in a chroot, without CAP_SYS_ADMIN and CAP_SYS_PTRACE
#   no-ptrace   root in a chroot, where ptrace is not permitted
#   user        an ordinary user in a chroot
#   mounted     an ordinary user in no chroot, so that runs can be isolated, with file systems mounted below /tmp
#   loaded      root in a chroot, with eight busy processes beside it
#
# What is committed is tested. The system is made by debootstrap from what this machine's apt uses, and is kept below
# BUILD/elsewhere, as are the logs. Each variant has namespaces of its own: whatever it mounts and starts is gone when it
# ends, or when this script does. Prints the last line of each. Needs root, debootstrap, git and util-linux. Exit status:
# 0 all passed, 1 some failed, 2 could not run.
set -eu
limit_seconds=3600 # of one variant; under load one takes half of it
busy_processes=8
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?usage: tests/elsewhere.sh BUILD [VARIANT...]}/elsewhere
shift
[ $# -gt 0 ] || set -- root no-caps no-ptrace user mounted loaded
for program in debootstrap setpriv unshare git; do
  command -v $program >/dev/null 2>&1 || { echo "nomem: $program is missing: run 'apt-get install $program'" >&2; exit 2; }
done
[ "$(id -u)" = 0 ] || { echo "nomem: only root can make another system: run this as root" >&2; exit 2; }
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
busy=
end_busy() {
  # shellcheck disable=SC2086 # a list
  [ -z "$busy" ] || kill $busy 2>/dev/null || :
  busy=
}
trap 'end_busy; rm -rf "$folder/fresh" "$folder"/*.part' EXIT
trap 'exit 130' INT TERM

# shellcheck source-path=SCRIPTDIR source=lib/bare_debian.sh
. "$here/lib/bare_debian.sh"

clone_to() {
  rm -rf "$1$work"
  git clone -q --no-hardlinks "$here/.." "$1$work"
}

# A system in which root has installed what is needed, by the project's own script.
make_ready() {
  key=$(cksum <"$here/../tools/setup.sh")
  if [ -e "$folder/ready" ] && [ "$(cat "$folder/ready.key")" = "$key" ]; then return 0; fi
  echo "nomem: installing what is needed in another" >&2
  rm -rf "$folder/ready.part" "$folder/ready"
  cp -a "$folder/bare" "$folder/ready.part"
  clone_to "$folder/ready.part"
  # shellcheck disable=SC2046 # words
  if ! enter "$folder/ready.part" chroot $(as_is /root) \
    sh -c "cd $work && tools/setup.sh demo && tools/setup.sh check" >"$folder/ready.log" 2>&1; then
    tail -n 20 "$folder/ready.log" >&2
    echo "nomem: tools/setup.sh failed: see $folder/ready.log" >&2
    exit 2
  fi
  echo "$key" >"$folder/ready.key"
  mv "$folder/ready.part" "$folder/ready"
}

# variant NAME: leaves its output in NAME.log.
variant() {
  root=$folder/ready way=chroot home=/root
  case $1 in
    root)
      root=$folder/fresh
      rm -rf "$root"
      cp -a "$folder/bare" "$root" ;;
    *) make_ready ;;
  esac
  clone_to "$root"
  case $1 in
    root | loaded) set -- ;;
    no-caps) set -- setpriv --bounding-set=-sys_admin,-sys_ptrace --inh-caps=-sys_admin,-sys_ptrace ;;
    no-ptrace)
      "${CC:-gcc}" -static -o "$root/usr/local/bin/forbid_ptrace" "$here/elsewhere/forbid_ptrace.c"
      set -- forbid_ptrace ;;
    user | mounted)
      [ "$1" = user ] || way=pivot_root
      home=/home/somebody
      chown -R 4811:4811 "$root$work"
      set -- setpriv --reuid=4811 --regid=4811 --clear-groups ;;
  esac
  # shellcheck disable=SC2046 # words
  enter "$root" $way $(as_is $home) "$@" sh -c "cd $work && make demo && make check"
}

work=/home/somebody/nomem
make_bare
result=0
for name; do
  case $name in
    root | no-caps | no-ptrace | user | mounted) ;;
    loaded)
      for _ in $(seq $busy_processes); do
        timeout "$limit_seconds" sh -c 'while :; do :; done' &
        busy="$busy $!"
      done ;;
    *) echo "nomem: no variant '$name': see tests/elsewhere.sh" >&2; exit 2 ;;
  esac
  started=$(date +%s) status=0
  variant "$name" >"$folder/$name.log" 2>&1 || status=$?
  end_busy
  last=$(tail -n 1 "$folder/$name.log")
  if [ $status -ne 0 ]; then
    last=$(grep '^[0-9]* passed, [0-9]* failed, [0-9]* skipped$' "$folder/$name.log" || tail -n 1 "$folder/$name.log")
  fi
  if [ $status -ne 0 ] || ! printf '%s\n' "$last" | grep -q '^[0-9]* passed, 0 failed, [0-9]* skipped$'; then
    result=1
    last="FAILED, status $status: $last (see $folder/$name.log)"
    grep '^not ok' "$folder/$name.log" || :
  fi
  printf '%-10s %s, %d s\n' "$name" "$last" $(($(date +%s) - started))
done
exit $result
