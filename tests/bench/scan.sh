#!/bin/bash
# Cold `plimsoll scan --input` against inflating the same layers alone. Usage: tests/bench/scan.sh LAYOUT…   (OCI layout folders; gzip or zstd layers)
# Prints median seconds of both, the ratio, and the most memory all processes held together (PSS). Limits: gzip 1.25, zstd 1.35, memory 100 MiB.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/r.json" <<'J'
{"schema_version":"1.6.0","id":"CVE-2026-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}
J
build/plimsoll vdb build --quiet --out "$work/v" "osv=$work/r.json" >/dev/null
ninja -C build tests/rooms/codec/bench_inflate_only >/dev/null
median() { sort -n | awk '{a[NR]=$1} END {print a[int((NR+1)/2)]}'; }
# EPOCHREALTIME has six decimals and, other than date, starts no process within what is timed.
micros() { local from=${EPOCHREALTIME/[^0-9]/}; "$@" >/dev/null; echo $((${EPOCHREALTIME/[^0-9]/} - from)); }
peak() {
	"$@" >/dev/null & local pid=$! most=0 sum
	while kill -0 $pid 2>/dev/null; do
		sum=0
		for p in $pid $(pgrep -P $pid || true); do
			sum=$((sum + $(awk '/^Pss:/ {print $2}' "/proc/$p/smaps_rollup" 2>/dev/null || echo 0)))
		done
		((sum > most)) && most=$sum
		sleep 0.02
	done
	echo $most
}
for layout in "$@"; do
	mapfile -t layers < <(find "$layout/blobs" -type f -size +16k)
	cat "${layers[@]}" >/dev/null
	cold=() bare=()
	for _ in $(seq "$rounds"); do
		cold+=("$(micros build/plimsoll scan --quiet --no-cache --input "$layout" --vdb "$work/v" --format json)")
		bare+=("$(micros build/tests/rooms/codec/bench_inflate_only "${layers[@]}")")
	done
	build/plimsoll scan --quiet --cache-dir "$work/c" --input "$layout" --vdb "$work/v" --format json >/dev/null
	again=()
	for _ in $(seq "$rounds"); do
		again+=("$(micros build/plimsoll scan --quiet --cache-dir "$work/c" --input "$layout" --vdb "$work/v" --format json)")
	done
	c=$(printf '%s\n' "${cold[@]}" | median) b=$(printf '%s\n' "${bare[@]}" | median) a=$(printf '%s\n' "${again[@]}" | median)
	m=$(peak build/plimsoll scan --quiet --no-cache --input "$layout" --vdb "$work/v" --format json)
	awk -v l="$layout" -v c="$c" -v b="$b" -v a="$a" -v m="$m" 'BEGIN {
		printf "%s: cold %.3f s, inflate alone %.3f s, ratio %.3f (limit 1.25 gzip, 1.35 zstd); again %.1f ms (limit 10); peak %.1f MiB (limit 100)\n",
			l, c/1e6, b/1e6, c/b, a/1e3, m/1024 }'
done
