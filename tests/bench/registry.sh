#!/bin/sh
# The registry against Debian's docker-registry, same machine, same client, one after the other in the same run: blob upload (one PUT, and chunked PATCH),
# download, GET /v2/, memory. Prints figure, limit and ratio of each; fails when a limit is missed.
#
#   tests/bench/registry.sh BUILD [MEGABYTES] [RUNS]
#
# shellcheck disable=SC2317  # functions are called by name
#
# Needs docker-registry, curl, wrk. The client shares the processors with the server, so the ratios count, not the figures.
#
# What is the same for both: curl, a new connection to each request, a blob nobody has, its file in the page cache, nobody to log in, no access log, and the
# sync: both sync the blob before they answer 201. Who goes first changes with each turn. The first turn is not counted, and what was uploaded is removed after
# each: else every upload takes memory that a virtual machine has not touched before, which costs both 0.4 s per 256 MB and hides what they do themselves.
set -eu
. "$(dirname "$0")/figure.sh"
build=${1:?usage: registry.sh BUILD [MEGABYTES] [RUNS]}
size=${2:-256}
runs=${3:-9}
server=$build/tests/modules/api/registry_server
for tool in docker-registry curl wrk "$server"; do
	command -v "$tool" >/dev/null || { echo "registry.sh: $tool is missing: skipped"; exit 77; }
done
work=$(mktemp -d)
ours=''
theirs=''
cleanup() {
	[ -z "$ours" ] || kill "$ours" 2>/dev/null || :
	[ -z "$theirs" ] || kill "$theirs" 2>/dev/null || :
	rm -rf "$work"
}
trap cleanup EXIT

mkdir "$work/ours" "$work/theirs"
"$server" "$work/ours" 0 anonymous >"$work/ours.out" &
ours=$!
cat >"$work/theirs.yml" <<YML
version: 0.1
log: {accesslog: {disabled: true}, level: error}
storage: {filesystem: {rootdirectory: $work/theirs}, delete: {enabled: true}}
http: {addr: "127.0.0.1:5099"}
YML
docker-registry serve "$work/theirs.yml" >"$work/theirs.out" 2>&1 &
theirs=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ -s "$work/ours.out" ] && curl -fs -o /dev/null http://127.0.0.1:5099/v2/ && break
	sleep 0.3
done
our_url=http://127.0.0.1:$(sed -n 's/^port=\([0-9]*\).*/\1/p' "$work/ours.out")
their_url=http://127.0.0.1:5099

median() { sort -n | awk '{a[NR]=$1} END {print NR % 2 ? a[(NR+1)/2] : (a[NR/2]+a[NR/2+1])/2}'; }

# A blob nobody has yet: random head, the same random body.
head -c "$((size << 20))" /dev/urandom >"$work/blob"
fresh() {
	head -c 64 /dev/urandom | dd of="$work/blob" conv=notrunc status=none
	digest=sha256:$(sha256sum "$work/blob" | cut -d' ' -f1)
}
location() {
	loc=$(curl -fs -i -X POST "$1/v2/bench/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	absolute "$1"
}
absolute() {
	case $loc in
	/*) loc=$1$loc ;;
	esac
	case $loc in
	*\?*) sep='&' ;;
	*) sep='?' ;;
	esac
}
# Bytes a second of one upload, the commit included: fsync and digest are part of it.
put_once() {
	fresh
	location "$1"
	curl -fs -o /dev/null -w '%{time_total}\n' -X PUT -H 'Content-Type: application/octet-stream' \
		-T "$work/blob" "$loc${sep}digest=$digest" | awk -v n="$size" '{print n * 1.048576 / $1}'
}
patch_once() {
	fresh
	location "$1"
	curl -fs -o /dev/null -w '%{time_total}\n' -X PATCH -H 'Transfer-Encoding: chunked' -H 'Content-Type: application/octet-stream' \
		-D "$work/headers" -T "$work/blob" "$loc" >"$work/times"
	loc=$(tr -d '\r' <"$work/headers" | sed -n 's/^[Ll]ocation: //p')
	absolute "$1"
	curl -fs -o /dev/null -w '%{time_total}\n' -X PUT "$loc${sep}digest=$digest" >>"$work/times"
	awk -v n="$size" '{t += $1} END {print n * 1.048576 / t}' "$work/times"
}
get_once() {
	curl -fs -o /dev/null -w '%{time_total}\n' "$1/v2/bench/blobs/$digest" | awk -v n="$size" '{print n * 1.048576 / $1}'
}
once() { # function, URL, file
	"$1" "$2" >>"$3"
	[ "$1" = get_once ] || find "$work/ours" "$work/theirs" -type f -size +"$((size / 2))"M -delete
}
# Turn by turn, so that what else runs on the machine meets both: medians into $a and $b.
both() { # function
	for turn in $(seq 0 "$runs"); do
		if [ $((turn % 2)) -eq 0 ]; then
			once "$1" "$our_url" "$work/a"
			once "$1" "$their_url" "$work/b"
		else
			once "$1" "$their_url" "$work/b"
			once "$1" "$our_url" "$work/a"
		fi
		if [ "$turn" -eq 0 ]; then
			: >"$work/a"
			: >"$work/b"
		fi
	done
	a=$(median <"$work/a")
	b=$(median <"$work/b")
}
root_rate() { wrk -t1 -c32 -d2s "$1/v2/" | awk '/Requests\/sec/ {print $2}'; }
# Of the whole life of the process, the start included: a first start hashes the first password.
peak() { awk '/VmHWM/ {print $2 / 1024}' "/proc/$1/status"; }

row() { # what, unit, ours, theirs, limit, sense: the figure is ours by theirs
	echo "$1: $3 $2, docker-registry $4 $2"
	figure "registry: $1" "$(awk -v a="$3" -v b="$4" 'BEGIN {print a / b}')" x "$6" "$5"
}

both put_once
row "upload, one PUT" MB/s "$a" "$b" 2.5 ">="
both patch_once
row "upload, chunked PATCH" MB/s "$a" "$b" 2.5 ">="
fresh
for url in "$our_url" "$their_url"; do
	location "$url"
	curl -fs -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' -T "$work/blob" "$loc${sep}digest=$digest"
done
both get_once
# Plain sendfile over loopback, where reading and writing keeps what it sends in nearer caches.
row "download" MB/s "$a" "$b" 0.8 ">="
both root_rate
row "GET /v2/, 32 connections" req/s "$a" "$b" 30 ">="
row "peak memory since start" MiB "$(peak "$ours")" "$(peak "$theirs")" 0.5 "<="
figure_end
