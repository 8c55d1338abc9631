#!/bin/sh
# tests/bare.sh FOLDER [with SUITE=trixie for Debian 13]: tries the README's two set-up lines on a minimal Debian 12 of their own, as
# root, with debootstrap. FOLDER gets one fresh system a line; the copy is a clean one without git.
# The lines are taken from README.md as it prints them: those that start with `apt-get update`.
set -eu
folder=${1:?a folder for the systems}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
grep -E '^apt-get update && .*make (demo|check)$' README.md > "$folder/lines"
[ "$(wc -l < "$folder/lines")" -eq 2 ] || { echo "README.md does not have the two lines" >&2; exit 1; }
grep -q " $folder/" /proc/mounts && { echo "something is still mounted under $folder" >&2; exit 1; }
base=$folder/base
[ -f "$base/etc/debian_version" ] || debootstrap --variant=minbase "${SUITE:-bookworm}" "$base" > "$folder/log" 2>&1

# The system's own few devices: nothing of this machine's /dev is mounted there.
try() { # number, line
  root=$folder/system$1
  rm -rf --one-file-system "$root"
  cp -a "$base" "$root"
  mkdir -p "$root/tamis"
  git archive HEAD | tar -x -C "$root/tamis"
  cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  mount -t proc proc "$root/proc"
  trap 'umount "$root/proc"' EXIT
  start=$(date +%s)
  status=0
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" sh -c "cd /tamis && $2" \
    < /dev/null > "$folder/out$1" 2>&1 || status=$?
  umount "$root/proc"
  trap - EXIT
  echo "status $status after $(($(date +%s) - start)) s: $2"
  tail -n 3 "$folder/out$1"
  [ "$status" -eq 0 ]
}
try 1 "$(sed -n 1p "$folder/lines")"
try 2 "$(sed -n 2p "$folder/lines")"
