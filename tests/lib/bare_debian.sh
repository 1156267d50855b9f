# SPDX-License-Identifier: MIT
# Another system: a bare Debian that debootstrap makes from what this machine's apt uses, and a way into it. Sourced, with
# folder (where it is kept) and limit_seconds (of what is run in it) set; needs root, debootstrap and util-linux.
# shellcheck shell=sh
# shellcheck disable=SC2154 # what is set where it is sourced
release=bookworm

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
