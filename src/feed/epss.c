/* EPSS, CSV: comment lines that start with '#'
 * ("#model_version:v2023.03.01,score_date:2024-10-25T00:00:00+0000"), the header
 * "cve,epss,percentile", then one line per CVE: "CVE-1999-0001,0.01167,0.85076". Both numbers are
 * from 0 to 1. Nothing is quoted. Lines end with LF or CR LF, the last one may end with the file
 * (RFC 4180, section 2). A malformed line is reported by a note with its number. Files before
 * 2021 have no comment line. */
#include "base/num.h"
#include "feed/rows.h"

#include <stdio.h>

#define NOTES_MAX 100 /* lines reported; a file with more bad lines is refused */

bool epss_wants(struct bytes path)
{
	return bytes_has_suffix_lit(path, ".csv");
}

/* 0 to 1, nothing but digits and a point. */
static bool parse_share(struct bytes text, double *ret)
{
	return text.len > 0 && text.len <= 24 && byte_is_digit(text.ptr[0]) &&
	       num_double(text, ret) && *ret >= 0 && *ret <= 1;
}

static bool parse_line(struct bytes line, struct adv_exploit *x)
{
	*x = (struct adv_exploit){.epss = -1, .epss_percentile = -1};
	x->cve = bytes_cut(&line, ',');
	struct bytes epss = bytes_cut(&line, ',');
	return bytes_has_prefix_lit(x->cve, "CVE-") && x->cve.len <= 32 &&
	       parse_share(epss, &x->epss) && parse_share(bytes_trim(line), &x->epss_percentile);
}

int epss_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		struct arena *a, struct err *e)
{
	(void)path;
	(void)a;
	struct adv_exploit x;
	size_t number = 0, notes = 0;
	bool head = false;
	int rc = 0;
	while (document.len > 0 && rc >= 0) {
		struct bytes line = bytes_trim(bytes_cut(&document, '\n'));
		number++;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!head) {
			head = bytes_eq_lit(line, "cve,epss,percentile");
			if (!head)
				return err_set(e, ERR_FORMAT,
					       "EPSS: line %zu is not \"cve,epss,percentile\"",
					       number);
			continue;
		}
		if (parse_line(line, &x)) {
			rc = sink->exploit(sink->arg, &x, e);
			continue;
		}
		if (++notes > NOTES_MAX)
			return err_set(e, ERR_FORMAT, "EPSS: more than %d bad lines", NOTES_MAX);
		char where[32];
		(void)snprintf(where, sizeof where, "line %zu", number);
		rc = sink->note(sink->arg, bytes_of(where),
				"record not used: not \"CVE,score,share\"", e);
	}
	if (rc >= 0 && !head)
		return err_set(e, ERR_FORMAT, "EPSS: no header line");
	return rc < 0 ? rc : 0;
}
