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
release=bookworm
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

# enter ROOT WAY COMMAND...: in the system at ROOT, which is changed to by chroot or by pivot_root; with /proc and /dev,
# and no more. Its first process is a shell, which reaps what is orphaned.
# shellcheck disable=SC2016 # expanded by the inner shell
enter() {
  timeout -k 10 "$limit_seconds" unshare --mount --propagation private --pid --fork --kill-child -- sh -c '
    set -e
    root=$1 way=$2
    shift 2
    [ "$way" = chroot ] || mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    if [ "$way" = chroot ]; then
      status=0
      chroot "$root" "$@" || status=$?
      exit $status
    fi
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp/mounted"
    mount -t tmpfs -o mode=755 tmpfs "$root/tmp/deeper/mounted"
    cd "$root"
    pivot_root . mnt
    cd /
    umount -l /mnt
    status=0
    "$@" || status=$?
    exit $status' sh "$@" </dev/null
}

# as_is WORDS: the environment of somebody who has just logged in, and the words as a command.
as_is() {
  printf '%s' "env -i HOME=$1 LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

# From where this machine's apt takes its packages, with what it needs to get there.
make_bare() {
  [ ! -e "$folder/bare" ] || return 0
  # shellcheck disable=SC2016 # expanded by apt
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
    head -n 1)
  [ -n "$mirror" ] || { echo "nomem: apt on this machine has no Debian to make another from" >&2; exit 2; }
  echo "nomem: making a bare $release below $folder" >&2
  rm -rf "$folder/bare.part"
  if ! timeout 1200 debootstrap --variant=minbase --include=git,make "$release" "$folder/bare.part" "$mirror" \
    >"$folder/debootstrap.log" 2>&1; then
    tail -n 20 "$folder/debootstrap.log" >&2
    echo "nomem: debootstrap failed: see $folder/debootstrap.log" >&2
    exit 2
  fi
  apt-config dump Acquire | grep -i '::proxy' >"$folder/bare.part/etc/apt/apt.conf.d/99here" || :
  cp /etc/resolv.conf /etc/hosts "$folder/bare.part/etc/"
  mkdir -p "$folder/bare.part/tmp/mounted" "$folder/bare.part/tmp/deeper/mounted"
  chroot "$folder/bare.part" useradd --create-home --uid 4811 --shell /bin/sh somebody
  mv "$folder/bare.part" "$folder/bare"
}

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
