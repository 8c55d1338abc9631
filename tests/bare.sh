#!/bin/sh
# tests/bare.sh FOLDER: tries the README's two set-up lines on a minimal Debian 12 of their own, as
# root, with debootstrap. FOLDER gets one fresh system a line; the copy is a clean one without git.
# The lines are taken from README.md as it prints them: those that start with `apt-get update`.
set -eu
folder=${1:?a folder for the systems}
mkdir -p "$folder"
grep -E '^apt-get update && .*make (demo|check)$' README.md > "$folder/lines"
[ "$(wc -l < "$folder/lines")" -eq 2 ] || { echo "README.md does not have the two lines" >&2; exit 1; }
base=$folder/base
[ -f "$base/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$base" > "$folder/log" 2>&1
n=0
while read -r line; do
  n=$((n+1))
  root=$folder/system$n
  rm -rf "$root"
  cp -a "$base" "$root"
  mkdir -p "$root/tamis"
  git archive HEAD | tar -x -C "$root/tamis"
  cp /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  start=$(date +%s)
  status=0
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root chroot "$root" sh -c "cd /tamis && $line" \
    < /dev/null > "$folder/out$n" 2>&1 || status=$?
  echo "status $status after $(($(date +%s) - start)) s: $line"
  tail -n 3 "$folder/out$n"
  umount -l "$root/dev" "$root/proc"
  [ "$status" -eq 0 ] || exit 1
done < "$folder/lines"
