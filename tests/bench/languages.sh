#!/bin/bash
# Make the layout that the bench of a full inventory takes: an image of some 565 MB (gzip) with 2,100 npm packages, 330 jars, programs of 1,500 Go modules, 20 Python packages
# and Debian 12, all of one layer. Usage (as root): tests/bench/languages.sh DIR      (DIR/languages-gz; then tests/bench/scan.sh DIR/languages-gz)
# Needs debootstrap, npm, mvn, go, pip3, buildah, the registries of those and 6 GB of room. What is there already is kept; the counts are printed.
set -euo pipefail
[[ $# -eq 1 ]] || { sed -n '2,4s/^# //p' "$0" >&2; exit 1; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)
root=$dir/languages
export BUILDAH_ISOLATION=chroot
store=(--root "$dir/store/root" --runroot "$dir/store/run")
done_once() { # NAME COMMAND…
	[[ -e $dir/$1.made ]] && return
	"${@:2}"
	touch "$dir/$1.made"
}
debian() {
	rm -rf "$root"
	debootstrap --variant=minbase bookworm "$root" ${MIRROR:+"$MIRROR"} >"$dir/debian.log"
	mkdir -p "$root/app"
}
npm_packages() {
	mkdir -p "$root/app/node"
	cat >"$root/app/node/package.json" <<'J'
{"name": "bench", "version": "1.0.0", "dependencies": {"react-scripts": "5.0.1", "gatsby": "5.13.3", "@angular/cli": "17.3.0", "@angular-devkit/build-angular": "17.3.0",
 "@nestjs/cli": "10.3.2", "@nestjs/core": "10.3.3", "@nestjs/common": "10.3.3", "reflect-metadata": "0.2.1", "rxjs": "7.8.1", "@vue/cli-service": "5.0.8", "serverless": "3.38.0"}}
J
	(cd "$root/app/node" && npm install --ignore-scripts --no-audit --no-fund --legacy-peer-deps --loglevel error)
}
jars() {
	mkdir -p "$root/app/java" "$dir/java"
	{
		echo '<project><modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>bench</artifactId><version>1</version><dependencies>'
		while read -r group artifact version; do
			echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
		done <<'L'
org.springframework.boot spring-boot-starter-web 3.2.3
org.springframework.boot spring-boot-starter-data-jpa 3.2.3
org.springframework.boot spring-boot-starter-security 3.2.3
org.springframework.boot spring-boot-starter-actuator 3.2.3
org.springframework.boot spring-boot-starter-webflux 3.2.3
org.springframework.kafka spring-kafka 3.1.2
org.apache.spark spark-sql_2.12 3.5.1
org.apache.hadoop hadoop-common 3.3.6
com.amazonaws aws-java-sdk-s3 1.12.660
com.google.cloud google-cloud-storage 2.34.0
org.elasticsearch.client elasticsearch-rest-high-level-client 7.17.18
org.apache.camel camel-core 4.4.0
L
		echo '</dependencies></project>'
	} >"$dir/java/pom.xml"
	mvn -q -B -f "$dir/java/pom.xml" dependency:copy-dependencies -DoutputDirectory="$root/app/java" -DincludeScope=runtime
}
go_programs() {
	mkdir -p "$root/usr/local/bin"
	local program
	for program in github.com/gohugoio/hugo@v0.123.8 helm.sh/helm/v3/cmd/helm@v3.14.2 github.com/traefik/traefik/v2@v2.11.0 \
		github.com/prometheus/prometheus/cmd/prometheus@v0.50.1 github.com/aquasecurity/trivy/cmd/trivy@v0.49.1 github.com/mikefarah/yq/v4@v4.42.1; do
		GOBIN=$root/usr/local/bin CGO_ENABLED=0 GOFLAGS=-mod=mod go install "$program" || echo "not built: $program"
	done
}
python_packages() {
	pip3 install --quiet --no-compile --target "$root/usr/local/lib/python3.11/site-packages" \
		django flask requests numpy pandas sqlalchemy celery boto3 cryptography pillow lxml
}
done_once debian debian
done_once npm npm_packages
done_once jars jars
done_once go go_programs
done_once python python_packages
if [[ ! -e $dir/languages-gz/index.json ]]; then
	c=$(buildah "${store[@]}" from scratch)
	m=$(buildah "${store[@]}" mount "$c")
	cp -a "$root/." "$m/"
	buildah "${store[@]}" commit -q -D=false --format oci "$c" "oci:$dir/languages-gz:gz"
	buildah "${store[@]}" rm "$c" >/dev/null
fi
echo "npm: $(find "$root/app/node" -path '*/node_modules/*' -name package.json | grep -cE 'node_modules/(@[^/]+/)?[^/]+/package.json$') folders, jars: $(find "$root/app/java" -name '*.jar' | wc -l)," \
	"Go: $(go version -m "$root"/usr/local/bin/* 2>/dev/null | grep -c '	dep	') modules, Python: $(find "$root/usr/local/lib" -name METADATA | wc -l)"
du -sh "$dir/languages-gz"
