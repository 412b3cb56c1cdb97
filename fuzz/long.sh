#!/usr/bin/env bash
# Coverage-guided fuzzing on the stable tool chain.
#   fuzz/long.sh TARGET SECONDS   from the committed corpus on; what is found stays in target/fuzz
#   fuzz/long.sh TARGET merge     writes the smallest corpus that reaches as much to fuzz/corpus/TARGET.tar.gz
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?protocol, flow, frame or capture} mode=${2:?seconds, or merge}
host=$(rustc -vV | sed -n 's/^host: //p')
work=$(pwd)/../target/fuzz
mkdir -p "$work/corpus/$target" "$work/found/$target"

# Every edge is counted and every comparison told, as cargo-fuzz does it.
llvm() { printf -- '-Cllvm-args=-sanitizer-coverage-%s ' "$@"; }
RUSTFLAGS="-Cpasses=sancov-module $(llvm level=4 inline-8bit-counters pc-table trace-compares) --cfg fuzzing -Cdebug-assertions" \
  cargo build --release --locked --target "$host" --target-dir "$work" --bin "$target"
binary="$work/$host/release/$target"

if [ -f "corpus/$target.tar.gz" ] && [ -z "$(ls -A "$work/corpus/$target")" ]; then
  tar -xzf "corpus/$target.tar.gz" -C "$work/corpus/$target"
fi
if [ "$mode" = merge ]; then
  mkdir -p "$work/small/$target" corpus
  rm -f "$work/small/$target"/*
  # Edges alone decide, and inputs beyond a kilobyte are left out: small enough to be committed.
  "$binary" -merge=1 -use_counters=0 -max_len=2048 "$work/small/$target" "$work/corpus/$target"
  (cd "$work/small/$target" && find . -type f -size -1025c -printf '%f\n' | LC_ALL=C sort \
    | tar --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - -T -) | gzip -9n > "corpus/$target.tar.gz"
else
  nice -n 19 "$binary" "$work/corpus/$target" -max_total_time="$mode" -max_len=16384 -timeout=10 -rss_limit_mb=768 \
    -artifact_prefix="$work/found/$target/" -print_final_stats=1
fi
