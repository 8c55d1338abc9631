#!/bin/sh
# tests/deps.sh PACKAGE…: installs those that are missing with apt-get, with sudo when not root.
# Where there is no apt it names what is missing and, if the core libraries are not there, fails.
if command -v dpkg-query >/dev/null 2>&1; then
  missing=
  for p in "$@"; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
  done
  [ -z "$missing" ] && exit 0
  echo "installing:$missing"
  run=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "missing:$missing; install them as root, or install sudo" >&2; exit 1; }
    run=sudo
  fi
  $run apt-get update -qq && $run env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null && exit 0
  echo "apt-get could not install:$missing" >&2
  exit 1
fi
missing=
for tool in cc c++ make pkg-config; do command -v $tool >/dev/null 2>&1 || missing="$missing $tool"; done
for lib in 'lua5.4 lua-5.4 lua54 lua' libcrypto sqlite3 simdjson zlib libzstd libxxhash; do
  found=
  for name in $lib; do pkg-config --exists "$name" 2>/dev/null && found=1; done
  [ -n "$found" ] || missing="$missing ${lib%% *}"
done
[ -z "$missing" ] && exit 0
echo "no apt-get here; please install:$missing (and lua-cjson for Lua 5.4)" >&2
echo "optional: libpcre2-8, libhs (Vectorscan), cld2, fastText, libedit, libcurl (with OpenSSL), OpenBLAS, LAPACKE, FAISS" >&2
exit 1
