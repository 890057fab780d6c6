/* The sources of feeds: those that are fetched when nothing is configured, and how any are written.
 * A range of numbers in braces stands for as many sources: {18..23}, and {2002..} up to this year.
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/num.h"
#include "scan/update.h"

#include <time.h>

#define OSV(ecosystem)                                                                             \
	"osv=https://osv-vulnerabilities.storage.googleapis.com/" ecosystem "/all.zip"
#define ALPINE "alpine-secdb=https://secdb.alpinelinux.org/"
#define PHOTON "https://packages.broadcom.com/artifactory/photon/photon_cve_metadata/"
#define AMAZON "updateinfo=https://cdn.amazonlinux.com/"
#define FEDORA "https://dl.fedoraproject.org/pub/fedora/linux/updates/"
#define CISA "https://www.cisa.gov/sites/default/files/feeds/"

/* As they are written in a configuration. */
static const char *const defaults[] = {
    /* distributions */
    OSV("Debian"),
    OSV("AlmaLinux"),
    OSV("Rocky%20Linux"),
    OSV("Red%20Hat"),
    OSV("Ubuntu"),
    OSV("Wolfi"),
    OSV("Chainguard"),
    OSV("SUSE"),
    OSV("openSUSE"),
    OSV("openEuler"),
    OSV("Mageia"),
    OSV("Azure%20Linux"),
    OSV("MinimOS"),
    OSV("Alpaquita"),
    OSV("BellSoft%20Hardened%20Containers"),
    OSV("Echo"),
    "debian-tracker=https://security-tracker.debian.org/tracker/data/json",
    ALPINE "edge/main.json",
    ALPINE "edge/community.json",
    ALPINE "v3.{10..23}/main.json",
    ALPINE "v3.{10..23}/community.json",
    AMAZON "2/core/latest/x86_64/mirror.list",
    AMAZON "al2023/core/mirrors/latest/x86_64/mirror.list",
    "updateinfo=" FEDORA "{42..44}/Everything/x86_64/repodata/repomd.xml",
    "updateinfo=https://advisories.bottlerocket.aws/updateinfo.xml.gz",
    "oval=https://linux.oracle.com/security/oval/com.oracle.elsa-{2007..}.xml.bz2",
    "arch-tracker=https://security.archlinux.org/all.json",
    "photon-cve=" PHOTON "cve_data_photon{4..5}.0.json",
    /* languages and programs */
    OSV("Bitnami"),
    OSV("CRAN"),
    OSV("ConanCenter"),
    OSV("Go"),
    OSV("Hackage"),
    OSV("Hex"),
    OSV("Julia"),
    OSV("Maven"),
    OSV("NuGet"),
    OSV("Packagist"),
    OSV("Pub"),
    OSV("PyPI"),
    OSV("RubyGems"),
    OSV("SwiftURL"),
    OSV("crates.io"),
    OSV("npm"),
    "node-security=https://github.com/nodejs/security-wg/archive/refs/heads/main.tar.gz",
    /* about vulnerabilities and distributions, whoever ships them */
    "nvd=https://nvd.nist.gov/feeds/json/cve/2.0/nvdcve-2.0-{2002..}.json.gz",
    "cve5=https://github.com/cisagov/vulnrichment/archive/refs/heads/develop.tar.gz",
    "kev=" CISA "known_exploited_vulnerabilities.json",
    "epss=https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
    "end-of-life=https://endoflife.date/api/v1/products/full",
};

struct range {
	struct bytes before, after; /* of the URL */
	uint64_t from, to;
};

static uint64_t this_year(void)
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm at;
	return gmtime_r(&now, &at) ? (uint64_t)at.tm_year + 1900 : 0;
}

/* A URL without braces is a range of one. */
static int range_read(struct bytes url, struct range *ret, struct err *e)
{
	size_t open = bytes_find(url, '{');
	*ret = (struct range){.before = bytes_part(url, 0, open)};
	if (open == url.len)
		return 0;
	struct bytes rest = bytes_from(url, open + 1), text = bytes_cut(&rest, '}');
	size_t dots = bytes_find_bytes(text, BYTES_LIT(".."));
	struct bytes last = bytes_from(text, dots + 2);
	ret->after = rest;
	ret->to = this_year();
	if (dots == text.len || !num_u64(bytes_part(text, 0, dots), 9999, &ret->from) ||
	    (last.len && !num_u64(last, 9999, &ret->to)) || ret->to < ret->from ||
	    ret->to - ret->from >= UPDATE_RANGE_MAX)
		return err_set(
		    e, ERR_FORMAT,
		    "\"%.*s\": a range is {FROM..TO} or {FROM..}, up to this year, of at "
		    "most %d numbers",
		    BYTES_ARG(url), UPDATE_RANGE_MAX);
	return 0;
}

static char *range_url(const struct range *r, uint64_t i, struct arena *a)
{
	if (!r->to)
		return arena_cstr(a, r->before);
	return arena_printf(a, "%.*s%llu%.*s", (int)r->before.len, (const char *)r->before.ptr,
			    (unsigned long long)i, (int)r->after.len, (const char *)r->after.ptr);
}

static bool is_space(uint8_t c)
{
	return byte_is_space(c) || c == ',';
}

static struct bytes next_word(struct bytes *text)
{
	size_t from = 0, end;
	while (from < text->len && is_space(text->ptr[from]))
		from++;
	for (end = from; end < text->len && !is_space(text->ptr[end]);)
		end++;
	struct bytes word = bytes_part(*text, from, end - from);
	*text = bytes_from(*text, end);
	return word;
}

static int word_read(struct bytes word, struct bytes *ret_feed, struct range *ret, struct err *e)
{
	struct bytes url = word;
	*ret_feed = bytes_cut(&url, '=');
	if (!ret_feed->len ||
	    !(bytes_has_prefix_lit(url, "https://") || bytes_has_prefix_lit(url, "http://")))
		return err_set(e, ERR_FORMAT, "\"%.*s\" is not FEED=URL", BYTES_ARG(word));
	return range_read(url, ret, e);
}

static int parse(struct bytes text, struct arena *a, struct update_source **ret, size_t *ret_count,
		 struct err *e)
{
	struct bytes rest, word, feed;
	struct range r;
	size_t cap = 0, n = 0;
	for (rest = text; (word = next_word(&rest)).len; cap += r.to - r.from + 1)
		if (word_read(word, &feed, &r, e) < 0)
			return -(int)e->code;
	struct update_source *out = arena_alloc(a, cap, sizeof *out);
	for (rest = text; out && (word = next_word(&rest)).len;) {
		if (word_read(word, &feed, &r, e) < 0)
			return -(int)e->code;
		const char *name = arena_cstr(a, feed);
		for (uint64_t i = r.from; i <= r.to; i++) {
			out[n] = (struct update_source){.feed = name, .url = range_url(&r, i, a)};
			if (!name || !out[n++].url)
				return err_set(e, ERR_NOMEM, "no memory for the feeds");
		}
	}
	if (!out)
		return err_set(e, ERR_NOMEM, "no memory for the feeds");
	*ret = out;
	*ret_count = n;
	return 0;
}

int update_parse(struct bytes text, struct arena *a, struct update_source **ret, size_t *ret_count,
		 struct err *e)
{
	struct bytes rest = text;
	struct buf built_in;
	if (next_word(&rest).len)
		return parse(text, a, ret, ret_count, e);
	buf_init(&built_in, 1U << 16);
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		buf_printf(&built_in, "%s\n", defaults[i]);
	int r = buf_ok(&built_in) ? parse(buf_bytes(&built_in), a, ret, ret_count, e)
				  : err_set(e, ERR_NOMEM, "no memory for the feeds");
	buf_free(&built_in);
	return r;
}
