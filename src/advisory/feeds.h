/* names: the feed names of feed/table.c, for programs without the importers. */
#pragma once

#define FEED_NAMES                                                                                 \
	"osv, alpine-secdb, debian-tracker, debian-lists, kev, epss, cve5, ubuntu-tracker, "       \
	"ubuntu-vex, oval, csaf, updateinfo, bodhi, apollo, arch-tracker, photon-cve, "            \
	"nvd, rubysec, php-advisories, node-security, end-of-life, alpine-rejections"
