#!/bin/bash
# Cold `plimsoll scan --input` against inflating the same layers alone. Usage: tests/bench/scan.sh LAYOUT…   (OCI layout folders; gzip or zstd layers)
# Prints median seconds of both, the ratio, and the most memory all processes held together (PSS). Limits: gzip 1.25, zstd 1.35, again 10 ms, memory 100 MiB; of what languages.sh makes 1.35 and 120 MiB;
# status 1 over one.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/figure.sh
rounds=${ROUNDS:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/r.json" <<'J'
{"schema_version":"1.6.0","id":"CVE-2026-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"openssl"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}
J
build/plimsoll vdb build --quiet --out "$work/v" "osv=$work/r.json" >/dev/null
ninja -C build tests/modules/codec/bench_inflate_only >/dev/null
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
		bare+=("$(micros build/tests/modules/codec/bench_inflate_only "${layers[@]}")")
	done
	build/plimsoll scan --quiet --cache-dir "$work/c" --input "$layout" --vdb "$work/v" --format json >/dev/null
	again=()
	for _ in $(seq "$rounds"); do
		again+=("$(micros build/plimsoll scan --quiet --cache-dir "$work/c" --input "$layout" --vdb "$work/v" --format json)")
	done
	c=$(printf '%s\n' "${cold[@]}" | median) b=$(printf '%s\n' "${bare[@]}" | median) a=$(printf '%s\n' "${again[@]}" | median)
	m=$(peak build/plimsoll scan --quiet --no-cache --input "$layout" --vdb "$work/v" --format json)
	limit=1.25 codec=gzip
	if grep -qs 'tar+zstd' "$layout"/blobs/sha256/* 2>/dev/null; then limit=1.35 codec=zstd; fi
	what="$codec $(($(cat "${layers[@]}" | wc -c) / 1000000)) MB"
	memory=100
	# Thousands of packages of languages (languages.sh), all of which are read.
	case $layout in *languages-*) limit=1.35 memory=120 what="languages, $what" ;; esac
	echo "$layout: cold $((c / 1000)) ms, inflating alone $((b / 1000)) ms"
	figure "scan: cold against inflating alone, $what" "$(awk -v c="$c" -v b="$b" 'BEGIN {print c / b}')" x '<=' $limit
	figure "scan: again, layers known, $what" "$(awk -v a="$a" 'BEGIN {print a / 1e3}')" ms '<=' 10
	figure "scan: peak memory of all processes, $what" "$(awk -v m="$m" 'BEGIN {print m / 1024}')" MiB '<=' $memory
done
figure_end
