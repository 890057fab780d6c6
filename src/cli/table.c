#include "cli/verbs.h"

const struct cli_command cli_table[] = {
	{"serve", verb_serve, "[--config FILE] [--data DIR] [--listen ADDRESS:PORT]",
	 "run the registry, scanner and API",
	 "Serves the OCI registry under /v2/ and the API under /api/v1/ from one folder of data. Listens on the "
	 "loopback address unless told otherwise. The first start makes the owner \"admin\" and prints the "
	 "password once.",
	 serve_options},
	{"scan", verb_scan, "REF | --input FILE|DIR", "report what is vulnerable in an image",
	 "Reads an image from a registry, an OCI layout, a docker-archive or a folder of either, and matches its "
	 "packages against a vulnerability database. No daemon is needed. The report goes to standard output, "
	 "everything else to standard error.\n\n"
	 "The exit status is 0 when the scan was done, 1 on an error, 2 when --fail-on was reached, and the value "
	 "of --exit-code when findings remain after the filters.",
	 scan_options},
	{"inventory", verb_inventory, "REF | --input FILE|DIR", "list the packages of an image",
	 "Every package with its source package, distribution, the database that states it and the layer that "
	 "brought it in.",
	 inventory_options},
	{"why", verb_why, "ID REF | ID --input FILE|DIR", "show why a finding is reported",
	 "For each package that the CVE or advisory ID touches: which record, which range, which comparison, which "
	 "file in which layer.",
	 why_options},
	{"why-not", verb_why_not, "ID REF | ID --input FILE|DIR", "show why a CVE is not reported",
	 "For each package of the image that the CVE or advisory ID names: what decided that it is not affected, or "
	 "that no record speaks of it.",
	 why_options},
	{"vdb", verb_vdb, "build|update|info|query|diff|verify …", "build and read vulnerability databases",
	 "build --out FILE NAME=PATH …   make a database from feeds; each may repeat, PATH is a file, zip, .zst, "
	 "tar.zst or folder\n\nupdate [--out FILE] [NAME=URL …]   fetch the feeds and build\n\n"
	 "info FILE   what is in it\n\nquery FILE --package ECOSYSTEM NAME | --id ID   look something up\n\n"
	 "diff OLD NEW   packages whose advisories differ\n\nverify FILE   check every byte",
	 NULL},
	{"vercmp", verb_vercmp, "SCHEME A B | --batch", "compare two versions",
	 "Prints <, = or >. With --batch reads lines of scheme, a, b with tabs between them and prints <, =, > or "
	 "invalid for each.",
	 NULL},
	{"cvss", verb_cvss, "VECTOR | --batch", "score a CVSS vector",
	 "Prints version and base score. With --batch reads a vector a line; invalid ones give \"invalid\".", NULL},
	{"push-status", verb_push_status, "REPOSITORY[:TAG|@DIGEST]", "wait for a pushed image's findings",
	 "Asks a running Plimsoll how the scan of an image stands, waits until it ended, and prints the result.",
	 push_status_options},
	{"help", verb_help, "[COMMAND]", "explain a command", NULL, NULL},
	{"man", verb_man, "[COMMAND]", "print a manual page (mdoc)", NULL, NULL},
	{"version", verb_version, "", "print the version", NULL, NULL},
};
const size_t cli_count = sizeof cli_table / sizeof *cli_table;
