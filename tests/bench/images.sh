#!/bin/bash
# Make the layouts that the benches of scanning take. Usage (as root): tests/bench/images.sh DIR [min|all]
# DIR/min-gz, DIR/min-zst: Debian 12 without anything (about 90 MB compressed); DIR/big-gz, DIR/big-zst: some 450 packages (about 1 GB). All of one layer.
# Needs debootstrap, buildah, skopeo and 8 GB of room. MIRROR names another Debian mirror. What is there already is kept.
set -euo pipefail
[[ $# -ge 1 ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
which=${2:-all}
export BUILDAH_ISOLATION=chroot
store=(--root "$dir/store/root" --runroot "$dir/store/run")
include=build-essential,python3,python3-pip,nodejs,default-jre-headless,nginx,postgresql,redis-server,git,curl,vim,ffmpeg,ruby,php-cli,imagemagick
make() { # NAME [debootstrap option…]
	local name=$1 c m
	shift
	if [[ ! -e $dir/$name.done ]]; then
		rm -rf "${dir:?}/$name"
		debootstrap --variant=minbase "$@" bookworm "$dir/$name" ${MIRROR:+"$MIRROR"} >"$dir/$name.log"
		touch "$dir/$name.done"
	fi
	if [[ ! -e $dir/$name-gz/index.json ]]; then
		c=$(buildah "${store[@]}" from scratch)
		m=$(buildah "${store[@]}" mount "$c")
		cp -a "$dir/$name/." "$m/"
		# Without -D=false the layers of a layout stay uncompressed.
		buildah "${store[@]}" commit -q -D=false --format oci "$c" "oci:$dir/$name-gz:gz"
		buildah "${store[@]}" rm "$c" >/dev/null
	fi
	[[ -e $dir/$name-zst/index.json ]] ||
		skopeo copy -q --insecure-policy --dest-compress --dest-compress-format zstd --format oci "oci:$dir/$name-gz:gz" "oci:$dir/$name-zst:zst"
	du -sh "$dir/$name-gz" "$dir/$name-zst"
}
make min
[[ $which == min ]] || make big --include="$include"
