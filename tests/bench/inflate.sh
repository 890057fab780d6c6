#!/bin/sh
# Makes layers of about 100 MB compressed from this machine's /usr and runs bench_inflate on them. Usage: inflate.sh BENCH_INFLATE [FOLDER]
set -eu
bench=$1
dir=${2:-$(mktemp -d)}
if [ ! -f "$dir/layer.tar.gz" ]; then
	# A list of whole files, so that the archive ends as it should.
	find /usr -xdev -type f -size -20M 2>/dev/null | sort | head -n 100000 |
		xargs -d '\n' stat -c '%s %n' 2>/dev/null |
		awk '{ n += $1; sub(/^[0-9]+ /, ""); if (n < 270000000) print }' >"$dir/list"
	tar -cf "$dir/layer.tar" -T "$dir/list" 2>/dev/null
	gzip -6 -k "$dir/layer.tar"
	zstd -q -3 -k "$dir/layer.tar"
	rm "$dir/layer.tar"
fi
status=0
for f in "$dir/layer.tar.gz" "$dir/layer.tar.zst"; do
	echo "$(basename "$f"): $(stat -c %s "$f") bytes compressed"
	"$bench" "$f" || status=1
done
[ $# -gt 1 ] || rm -r "$dir"
exit $status
