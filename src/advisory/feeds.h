/* names: the words of feed/table.c, for programs that do not hold the importers. */
#pragma once

#define FEED_NAMES "osv, alpine-secdb, debian-tracker, debian-lists, kev, epss, cve5"
