#include "cli/lines.h"
#include "match/cvss.h"
#include <stdio.h>
#include <unistd.h>

int verb_cvss(int argc, char **argv);

static bool answer(struct bytes vector)
{
	struct cvss_score s;
	if (!cvss_parse(vector, &s))
		return false;
	printf("%s %.1f\n", cvss_version_text(s.version), s.base);
	return true;
}

static int batch(void)
{
	struct err e = ERR_INIT;
	struct lines l;
	int r;
	lines_init(&l, STDIN_FILENO);
	for (struct bytes line; (r = lines_next(&l, &line, &e)) > 0;)
		if (!answer(line))
			puts("invalid");
	lines_free(&l);
	if (r == 0 && fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "plimsoll cvss: %s\n", r < 0 ? e.msg : "standard output cannot be written");
	return 1;
}

int verb_cvss(int argc, char **argv)
{
	if (argc == 2 && bytes_eq_lit(bytes_of(argv[1]), "--batch"))
		return batch();
	if (argc != 2) {
		(void)fputs(
		    "usage: plimsoll cvss VECTOR\n       plimsoll cvss --batch < vectors, one a "
		    "line\n",
		    stderr);
		return 1;
	}
	if (answer(bytes_of(argv[1])))
		return 0;
	(void)fputs("plimsoll cvss: not a valid CVSS vector\n", stderr);
	return 1;
}
