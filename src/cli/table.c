#include "cli/vdb_verbs.h"
#include "cli/verbs.h"

const struct cli_command cli_table[] = {
    {.name = "serve",
     .main = verb_serve,
     .synopsis = "[--config FILE] [--data-dir PATH] [--listen ADDRESS:PORT] [SETTING ...]",
     .summary = "run the registry, scanner and API",
     .text = "Serves the OCI registry under /v2/ and the API under /api/v1/ from one data "
	     "folder. By default it listens on the loopback address only. The first start "
	     "creates the owner \"admin\" and prints its password.",
     .options = serve_options},
    {.name = "scan",
     .main = verb_scan,
     .synopsis = "REF | PATH | - | --input PATH[:TAG]",
     .summary = "report the vulnerabilities of an image",
     .text = "Reads an image from a registry, an OCI layout, a docker-archive or a folder of "
	     "either, and matches its packages against a vulnerability database. No daemon is "
	     "needed. The report goes to standard output, everything else to standard error.\n\n"
	     "An operand that exists as a file or folder is read as an OCI layout, an archive "
	     "of docker save or podman save, or a root file system; oci:DIR, oci-archive:FILE, "
	     "docker-archive:FILE and rootfs:DIR choose one of them, and - is standard input. "
	     "Anything else is a reference to a registry. Credentials are those of docker, "
	     "podman or skopeo login.\n\n"
	     "A layout or archive may hold several images: --input PATH:TAG or PATH@DIGEST "
	     "selects one. If several match the platform, one must be selected.\n\n"
	     "The exit status is 0 when the scan was done, 1 on an error, 2 when --fail-on was "
	     "reached, and the value of --exit-code when findings remain after the filters. A "
	     "warning is printed when a status of 0 hides findings without a severity or an "
	     "image that could not be assessed.",
     .options = scan_options},
    {.name = "inventory",
     .main = verb_inventory,
     .synopsis = "REF | PATH | - | --input PATH[:TAG]",
     .summary = "list the packages of an image",
     .text = "Lists every package with its source package, distribution, the package database "
	     "that lists it and the layer that added it.",
     .options = inventory_options},
    {.name = "compare",
     .main = verb_compare,
     .synopsis = "IMAGE IMAGE",
     .summary = "show what differs between two images",
     .text = "Lists the findings that the second image adds (+), those of the first one that "
	     "it has fixed (-), and packages that were added, removed or changed. Images are "
	     "named as for \"plimsoll scan\".",
     .options = compare_options},
    {.name = "why",
     .main = verb_why,
     .synopsis = "ID (REF | PATH | -)",
     .summary = "show why a finding is reported",
     .text = "Shows, for each package affected by the CVE or advisory ID, which record, range "
	     "and comparison decided, and which file in which layer lists the package.",
     .options = why_options},
    {.name = "why-not",
     .main = verb_why_not,
     .synopsis = "ID (REF | PATH | -)",
     .summary = "show why a CVE is not reported",
     .text = "Shows, for each package of the image that the CVE or advisory ID names, why it "
	     "is not affected, or that no record mentions it.",
     .options = why_options},
    {.name = "vdb",
     .main = verb_vdb,
     .synopsis = "COMMAND ...",
     .summary = "build and read vulnerability databases",
     .text = "A database is one file, built from advisory feeds and never changed afterwards.",
     .verbs = vdb_commands},
    {.name = "vercmp",
     .main = verb_vercmp,
     .synopsis = "SCHEME A B | --in RANGE VERSION | --batch | ...",
     .summary = "compare two versions",
     .text = "Prints <, = or >; with --in, yes or no. RANGE is vers:SCHEME/CONSTRAINTS or "
	     "SYNTAX:TEXT as the ecosystem writes it (npm:^1.2). With --batch, reads "
	     "tab-separated lines of scheme, a, b and prints <, =, > or invalid for each; with "
	     "--batch-valid, lines of scheme, a; with --batch-in, lines of syntax, version, "
	     "range."},
    {.name = "cvss",
     .main = verb_cvss,
     .synopsis = "VECTOR | --batch",
     .summary = "score a CVSS vector",
     .text = "Prints version and base score. With --batch, reads one vector per line; invalid "
	     "ones give \"invalid\"."},
    {.name = "list",
     .main = verb_list,
     .synopsis = "COMMAND ...",
     .summary = "findings, images, packages and scans of a server",
     .text = "Filters are those of \"plimsoll scan\", and the server decides: \"list findings "
	     "--cve CVE-2021-44228\" says which images are affected, \"list packages openssl "
	     "--below 3.0.14\" where an old one is, assessed or not.",
     .verbs = list_commands},
    {.name = "push-status",
     .main = verb_push_status,
     .synopsis = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
     .summary = "wait for a pushed image's findings",
     .text = "Waits until a running Plimsoll has scanned an image, and reports its findings "
	     "with the formats, filters and gates of \"plimsoll scan\". For an index, each "
	     "image is reported.\n\n"
	     "Without --username it uses the credentials of docker, podman or skopeo login. "
	     "The exit status is 0 when the report was written, 1 on an error, 2 when "
	     "--fail-on was reached, and the value of --exit-code when findings remain.",
     .options = push_status_options},
    {.name = "import",
     .main = verb_import,
     .synopsis = "SOURCE [REPOSITORY[:TAG]] | --list | --cancel NUMBER",
     .summary = "let a server fetch an image of another registry",
     .text = "The server fetches what it does not have and scans the image; the tags appear "
	     "when everything is there. An import that breaks off goes on by itself. The "
	     "source is reached from the server: hosts whose addresses are not public must be "
	     "in its setting import-allow.\n\n"
	     "Credentials for the source are those of --source-username, not of docker login "
	     "here. With --watch the exit status is 0 when the import has succeeded, else 1.",
     .options = import_options},
    {.name = "user",
     .main = verb_user,
     .synopsis = "COMMAND ...",
     .summary = "users and robots of a server, and their passwords",
     .text = "Uses the API of a running Plimsoll and needs the role Owner. To reset a lost "
	     "password, stop the server and run plimsoll user passwd admin --data-dir DIR.",
     .verbs = user_commands},
    {.name = "group",
     .main = verb_group,
     .synopsis = "COMMAND ...",
     .summary = "groups of users and robots",
     .text = "A role that is assigned to a group holds for each of its members.",
     .verbs = group_commands},
    {.name = "token",
     .main = verb_token,
     .synopsis = "COMMAND ...",
     .summary = "tokens of users and robots",
     .text = "A token can be used like a password (docker login -u ROBOT) or as a bearer token "
	     "of the API.",
     .verbs = token_commands},
    {.name = "role",
     .main = verb_role,
     .synopsis = "COMMAND ...",
     .summary = "who may do what, and where",
     .text = "Roles have the names of Azure's registry roles. AcrPull, AcrPush and AcrDelete "
	     "may be written Pull, Push and Delete. A robot that pushes and reads findings "
	     "needs two roles: Push and Security Reader.",
     .verbs = role_commands},
    {.name = "registry",
     .main = verb_registry,
     .synopsis = "COMMAND ...",
     .summary = "the registries of a server and their host names",
     .text = "A registry is reached by its host names, and by any other name of the server as "
	     "HOST/NAME/REPOSITORY. Deleting one takes its repositories, images, findings and "
	     "roles along.",
     .verbs = registry_commands},
    {.name = "audit",
     .main = verb_audit,
     .synopsis = "COMMAND ...",
     .summary = "who changed, pushed, pulled and deleted what",
     .text = "Each entry carries the SHA-256 of the entry before it and of itself. verify "
	     "checks that chain here, not on the server; note the head that it prints, and "
	     "give it to a later verify with --head.",
     .verbs = audit_commands},
    {.name = "scope",
     .main = verb_scope,
     .synopsis = "COMMAND ...",
     .summary = "management groups, subscriptions and resource groups",
     .text = "Scopes are written as in role assignments: /managementGroups/NAME, "
	     "/subscriptions/NAME, /subscriptions/NAME/resourceGroups/NAME.",
     .verbs = scope_commands},
    {.name = "plan",
     .main = verb_plan,
     .synopsis = "COMMAND ...",
     .summary = "the defender, switched on or off for subscriptions",
     .text = "A plan holds for all registries of its subscription, present and future. With "
	     "the plan off (free) they are not assessed.",
     .verbs = plan_commands},
    {.name = "recommendation",
     .main = verb_recommendation,
     .synopsis = "[KEY] [--all] [--images] [--on|--off SUBSCRIPTION]",
     .summary = "the state of the registries of a server",
     .text = "Lists the registries by the recommendation that vulnerabilities in images should "
	     "be remediated, or by that of KEY. A registry is Healthy only if every image of "
	     "it was assessed and none is concerned; NotApplicable has its reason.",
     .options = recommendation_options},
    {.name = "rule",
     .main = verb_rule,
     .synopsis = "COMMAND ...",
     .summary = "disable rules: findings that count nowhere",
     .text = "A rule holds at and below its scope: /, a management group, subscription, "
	     "resource group, registry or repository. What it disables is listed with "
	     "state=disabled only.",
     .verbs = rule_commands},
    {.name = "notification",
     .main = verb_notification,
     .synopsis = "COMMAND ...",
     .summary = "messages that the server sends: webhooks and mail",
     .text = "A notification is about what is at and below its scope: new findings, images "
	     "that became Unhealthy or healthy again, scans, feeds, rules and imports. "
	     "Messages are delivered at least once, and tried again for a day.",
     .verbs = notification_commands},
    {.name = "exemption",
     .main = verb_exemption,
     .synopsis = "COMMAND ...",
     .summary = "registries taken out of the recommendation",
     .text = "An exemption holds for the registries at and below its scope until it expires or "
	     "is removed.",
     .verbs = exemption_commands},
    {.name = "usage",
     .main = verb_usage,
     .synopsis = "[--month YYYY-MM] [--images] [--format table|csv]",
     .summary = "the images that are billed",
     .text = "A digest counts once in a subscription, at its first successful scan while the "
	     "plan is on; scanning it again, another repository or tag of it, and deleting it "
	     "change nothing.",
     .options = usage_options},
    {.name = "score",
     .main = verb_score,
     .synopsis = "",
     .summary = "the secure score of a server",
     .text = "The score is 6 points times the share of healthy registries among those that are "
	     "healthy or unhealthy.",
     .options = defend_options},
    {.name = "remediation",
     .main = verb_remediation,
     .synopsis = "[--registry NAME] [--repository LIST] [--digest LIST] ...",
     .summary = "what to do about the findings of a server, the cheapest first",
     .text = "Lists which upgrade of which package clears how many findings, with the command, "
	     "and what it adds to the secure score; then findings whose fix the images' own "
	     "repositories do not deliver, and those without a fix. The filters are those of "
	     "\"plimsoll scan\".",
     .options = remediation_options},
    {.name = "backup",
     .main = verb_backup,
     .synopsis = "DIR [--data-dir PATH]",
     .summary = "copy the data folder of a running server",
     .text = "Copies a snapshot of the database, then the blobs it names, keys and the "
	     "vulnerability database, while clients push, pull and delete. Blobs are hard "
	     "links if DIR is on the same file system, otherwise copies. Blobs already in DIR "
	     "are kept, so that the next backup into it adds only what is new. SHA256SUMS is "
	     "written last: sha256sum -c reads it.\n\n"
	     "The exit status is 1 when a blob's file was already damaged; the rest is in the "
	     "backup.",
     .options = backup_options},
    {.name = "restore",
     .main = verb_restore,
     .synopsis = "DIR --data-dir NEW",
     .summary = "create a data folder from a backup",
     .text = "NEW must be empty or absent. Every byte is verified against its digest as it is "
	     "copied; a damaged backup is refused, and NEW is left empty.",
     .options = restore_options},
    {.name = "database",
     .main = verb_database,
     .synopsis = "COMMAND ...",
     .summary = "where a server keeps its rows",
     .text = "The database is a file of the data folder, or on a PostgreSQL server.",
     .verbs = database_commands},
    {.name = "fsck",
     .main = verb_fsck,
     .synopsis = "DATA-DIR [--repair]",
     .summary = "check the data folder of a stopped server",
     .text = "Checks the database, the blobs' files, their bytes against their digests, and "
	     "looks for orphaned files. Prints one line per problem; nothing is changed "
	     "without --repair.\n\n"
	     "The exit status is 0 when everything is fine or was repaired, 2 when a problem "
	     "remains, 1 when the check could not be done.",
     .options = fsck_options},
    {.name = "completion",
     .main = verb_completion,
     .synopsis = "bash|zsh|fish",
     .summary = "print completions for a shell",
     .text = "bash: plimsoll completion bash > /etc/bash_completion.d/plimsoll"},
    {.name = "help",
     .main = verb_help,
     .synopsis = "[COMMAND [COMMAND]]",
     .summary = "explain a command"},
    {.name = "man",
     .main = verb_man,
     .synopsis = "[COMMAND]",
     .summary = "print a manual page (mdoc)"},
    {.name = "version", .main = verb_version, .synopsis = "", .summary = "print the version"},
};
const size_t cli_count = sizeof cli_table / sizeof *cli_table;
