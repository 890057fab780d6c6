#include "cli/vdb_verbs.h"
#include "cli/verbs.h"

const struct cli_command cli_table[] = {
    {"serve", verb_serve, "[--config FILE] [--data-dir PATH] [--listen ADDRESS:PORT] [SETTING ...]",
     "run the registry, scanner and API",
     "Serves the OCI registry under /v2/ and the API under /api/v1/ from one folder of data. "
     "Listens on the "
     "loopback address unless told otherwise. The first start makes the owner \"admin\" and prints "
     "the "
     "password once.",
     serve_options, NULL},
    {"scan", verb_scan, "REF | PATH | - | --input PATH[:TAG]",
     "report what is vulnerable in an image",
     "Reads an image from a registry, an OCI layout, a docker-archive or a folder of either, and "
     "matches its "
     "packages against a vulnerability database. No daemon is needed. The report goes to standard "
     "output, "
     "everything else to standard error.\n\n"
     "What exists as a file or folder is read: an OCI layout, an archive of docker save or podman "
     "save, a root file system; "
     "oci:DIR, oci-archive:FILE, docker-archive:FILE and rootfs:DIR say which, - is standard "
     "input. Everything else is a "
     "reference to a registry. Credentials are those of docker, podman or skopeo login.\n\n"
     "A layout or archive may hold several images. --input PATH:TAG or PATH@DIGEST says which; of "
     "several for one "
     "platform none is taken unasked.\n\n"
     "The exit status is 0 when the scan was done, 1 on an error, 2 when --fail-on was reached, "
     "and the value of "
     "--exit-code when findings are left after the filters. A status of 0 that hides findings "
     "without a severity, or an "
     "image that could not be assessed, comes with a warning.",
     scan_options, NULL},
    {"inventory", verb_inventory, "REF | PATH | - | --input PATH[:TAG]",
     "list the packages of an image",
     "Every package with its source package, distribution, the database that states it and the "
     "layer that "
     "brought it in.",
     inventory_options, NULL},
    {"why", verb_why, "ID (REF | PATH | -)", "show why a finding is reported",
     "For each package that the CVE or advisory ID touches: which record, which range, which "
     "comparison, which "
     "file in which layer.",
     why_options, NULL},
    {"why-not", verb_why_not, "ID (REF | PATH | -)", "show why a CVE is not reported",
     "For each package of the image that the CVE or advisory ID names: what decided that it is not "
     "affected, or "
     "that no record speaks of it.",
     why_options, NULL},
    {.name = "vdb",
     .main = verb_vdb,
     .synopsis = "COMMAND ...",
     .summary = "build and read vulnerability databases",
     .text = "A database is one file, made of advisory feeds and never changed afterwards.",
     .verbs = vdb_commands},
    {"vercmp", verb_vercmp, "SCHEME A B | --batch", "compare two versions",
     "Prints <, = or >. With --batch reads lines of scheme, a, b with tabs between them and prints "
     "<, =, > or "
     "invalid for each.",
     NULL, NULL},
    {"cvss", verb_cvss, "VECTOR | --batch", "score a CVSS vector",
     "Prints version and base score. With --batch reads a vector a line; invalid ones give "
     "\"invalid\".",
     NULL, NULL},
    {"push-status", verb_push_status, "[HOST/]REPOSITORY[:TAG|@DIGEST]",
     "wait for a pushed image's findings",
     "Waits until a running Plimsoll has scanned an image, and reports its findings in the "
     "formats, with the filters and "
     "by the gates of \"plimsoll scan\". Of an index each image is reported.\n\n"
     "Without --username it logs in as docker, podman or skopeo login keep it. The exit status is "
     "0 when the report was "
     "written, 1 on an error, 2 when --fail-on was reached, and the value of --exit-code when "
     "findings are left.",
     push_status_options, NULL},
    {.name = "user",
     .main = verb_user,
     .synopsis = "COMMAND ...",
     .summary = "users and robots of a server, and their passwords",
     .text = "Asks a running Plimsoll, which must allow it: the role Owner does. A password that "
	     "is lost is set on the data folder of "
	     "a stopped server: plimsoll user passwd admin --data-dir DIR.",
     .verbs = user_commands},
    {.name = "token",
     .main = verb_token,
     .synopsis = "COMMAND ...",
     .summary = "tokens of users and robots",
     .text = "A token logs in where a password does: docker login -u ROBOT with the token, or as a "
	     "bearer token of the API.",
     .verbs = token_commands},
    {.name = "role",
     .main = verb_role,
     .synopsis = "COMMAND ...",
     .summary = "who may do what, and where",
     .text =
	 "Roles are named as Azure names those of its registries. AcrPull, AcrPush and AcrDelete "
	 "may be written Pull, Push and "
	 "Delete. A robot that pushes and asks for findings needs two: Push and Security Reader.",
     .verbs = role_commands},
    {"backup", verb_backup, "DIR [--data-dir PATH]", "copy the data folder of a running server",
     "Copies the database as it is at one moment, then the blobs it names, keys and the "
     "vulnerability database, while people "
     "push, pull and delete. Blobs are one file with two names where DIR is on the same disk, else "
     "copied; those that DIR has "
     "are kept, so that the next backup into it takes what is new. SHA256SUMS is written last: "
     "sha256sum -c reads it.\n\n"
     "The exit status is 1 when a blob's file was damaged already; the rest is in the backup.",
     backup_options, NULL},
    {"restore", verb_restore, "DIR --data-dir NEW", "make a data folder of a backup",
     "NEW must be empty or not there. Every byte is compared with its digest as it is copied; a "
     "damaged backup is refused, and "
     "nothing is left in NEW.",
     restore_options, NULL},
    {"fsck", verb_fsck, "DATA-DIR [--repair]", "check the data folder of a stopped server",
     "Checks the database, the files of blobs, their bytes against their digests, and files that "
     "belong to nothing. Prints a line "
     "for each thing that is wrong; nothing is changed without --repair.\n\n"
     "The exit status is 0 when all is right or repaired, 2 when something is wrong, 1 when it "
     "could not be checked.",
     fsck_options, NULL},
    {"completion", verb_completion, "bash|zsh|fish", "print completions for a shell",
     "bash: plimsoll completion bash > /etc/bash_completion.d/plimsoll", NULL, NULL},
    {"help", verb_help, "[COMMAND [COMMAND]]", "explain a command", NULL, NULL, NULL},
    {"man", verb_man, "[COMMAND]", "print a manual page (mdoc)", NULL, NULL, NULL},
    {"version", verb_version, "", "print the version", NULL, NULL, NULL},
};
const size_t cli_count = sizeof cli_table / sizeof *cli_table;
