#!/bin/sh
# tests/judge_server/sdk_check.sh JUDGE_SERVER TAMIS_TEST: installs the providers' published SDKs at pinned versions into
# a temporary folder and lets them judge the test server and what the judge sends (sdk_check.mjs, our_requests.lua). Skips, aloud, without node or a registry.
server=$(realpath "$1") here=$(realpath "$(dirname "$0")")
skip() { echo "skip: check-sdk: $1"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1 || skip "no node and npm"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
"$2" "$here/our_requests.lua" > "$dir/ours.json" || exit 1
cd "$dir" || exit 1
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund --ignore-scripts @anthropic-ai/sdk@1.12.0 \
  anthropic-2023-06-01@npm:@anthropic-ai/sdk@0.137.0 openai@7.57.0 typescript@7.0.2 @types/node@20.19.43 >npm.log 2>&1 || skip "the packages could not be installed: $(tail -n 1 npm.log)"
cp "$here/sdk_check.mjs" .
node sdk_check.mjs "$server" ours.json
