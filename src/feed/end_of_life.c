/* Until when releases of distributions are supported.
 *
 * endoflife.date, JSON: its API 1, one product or all ("products/full")
 *
 *   {"generated_at" | "last_modified", "result": PRODUCT | [PRODUCT]}
 *   PRODUCT = {"name": "debian", "category": "os", "labels": {"eoes": "LTS"},
 *              "releases": [{"name": "12", "eolFrom": "2026-06-10", "eoesFrom": "2028-06-30"}]}
 *
 * its API before, whose product is the file's name (debian.json),
 *
 *   [{"cycle": "12", "eol": "2026-06-10" | true | false, "extendedSupport": "2028-06-30"}]
 *
 * and Debian's distro-info-data, CSV, whose distribution is the file's name (debian.csv,
 * ubuntu.csv): "version,codename,series,created,release,eol,eol-lts,…".
 *
 * A release is a record "debian 12" of the package "debian" in the ecosystem "end-of-life": its one
 * version is the release, its limits are the last days of standard (range 0) and of extended
 * support (1), its vendor id what the vendor calls the latter. Names are those of os-release.
 * Products that are no operating system, and releases without a day, are left out. */
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

#include "base/clock.h"

#define COLUMNS_MAX 16U

struct release {
	struct bytes id, name, standard, extended, word;
	const char *source;
	int64_t as_of_ms;
};

/* endoflife.date's names of products that os-release calls otherwise. */
static struct bytes os_id(struct bytes product)
{
	static const char *const names[][2] = {
	    {"alpine-linux", "alpine"},	  {"alpine", "alpine"},	    {"rocky-linux", "rocky"},
	    {"oracle-linux", "ol"},	  {"amazon-linux", "amzn"}, {"opensuse", "opensuse-leap"},
	    {"azure-linux", "azurelinux"}};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_eq_lit(product, names[i][0]))
			return bytes_of(names[i][1]);
	return product;
}

static bool is_day(struct bytes text)
{
	int64_t ms;
	return text.len == sizeof "2026-01-02" - 1 && clock_parse_rfc3339(text, &ms);
}

static int send(const struct release *r, const struct feed_sink *sink, struct arena *a,
		struct err *e)
{
	struct draft d;
	struct bytes version = r->name;
	if (!is_day(r->standard) || r->id.len == 0 || r->name.len == 0 ||
	    r->id.len + r->name.len > 200)
		return 0;
	draft_init(&d, a, "end-of-life", BYTES_NONE);
	d.adv.id = draft_printf(&d, "%.*s %.*s", BYTES_ARG(r->id), BYTES_ARG(r->name));
	d.adv.summary = bytes_of(r->source);
	d.adv.modified_ms = r->as_of_ms;
	struct adv_affected *f = draft_affected(&d, BYTES_LIT("end-of-life"), r->id, ADV_BY_BINARY);
	if (!f)
		return err_set(e, ERR_NOMEM, "end of life: no memory");
	f->status = ADV_END_OF_LIFE;
	f->versions = &version;
	f->version_count = 1;
	draft_event(&d, f, 0, ADV_LIMIT, r->standard);
	if (is_day(r->extended) && bytes_cmp(r->extended, r->standard) > 0) {
		draft_event(&d, f, 1, ADV_LIMIT, r->extended);
		f->vendor_id = r->word.len ? r->word : BYTES_LIT("extended support");
	}
	return draft_send(&d, d.adv.id, sink, e);
}

/* A day, or a truth, which says too little. */
static int read_release(struct json *j, const struct release *product, const struct feed_sink *sink,
			struct err *e)
{
	struct release r = *product;
	struct bytes key;
	if (!value_object(j))
		return 0;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name") || bytes_eq_lit(key, "cycle"))
			r.name = value_text(j);
		else if (bytes_eq_lit(key, "eolFrom") || bytes_eq_lit(key, "eol"))
			r.standard = json_string_lenient(j);
		else if (bytes_eq_lit(key, "eoesFrom") || bytes_eq_lit(key, "extendedSupport"))
			r.extended = json_string_lenient(j);
		else
			json_skip(j);
	}
	return json_ok(j) ? send(&r, sink, j->arena, e) : 0;
}

static int read_releases(struct json *j, const struct release *product,
			 const struct feed_sink *sink, struct err *e)
{
	int rc = 0;
	for (bool more = value_array(j); more && rc >= 0 && json_next_item(j);)
		rc = read_release(j, product, sink, e);
	return rc;
}

static struct bytes read_label(struct json *j)
{
	struct bytes key, word = BYTES_NONE;
	for (bool more = value_object(j); more && json_next_key(j, &key);)
		if (bytes_eq_lit(key, "eoes"))
			word = value_text(j);
		else
			json_skip(j);
	return word;
}

static int read_product(struct json *j, int64_t as_of_ms, const struct feed_sink *sink,
			struct err *e)
{
	struct release r = {.source = "endoflife.date", .as_of_ms = as_of_ms};
	struct bytes key, category = BYTES_NONE, list = BYTES_NONE;
	struct json inner;
	if (!value_object(j))
		return 0;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			r.id = os_id(value_text(j));
		else if (bytes_eq_lit(key, "category"))
			category = value_text(j);
		else if (bytes_eq_lit(key, "labels"))
			r.word = read_label(j);
		else if (bytes_eq_lit(key, "releases"))
			list = json_raw(j);
		else
			json_skip(j);
	}
	if (!json_ok(j) || list.len == 0 || !bytes_eq_lit(category, "os"))
		return 0;
	json_init(&inner, list, j->arena);
	int rc = read_releases(&inner, &r, sink, e);
	return rc < 0 ? rc : json_finish(&inner, e);
}

/* {"result": …}, whose times may follow. */
static int read_answer(struct json *j, const struct feed_sink *sink, struct err *e)
{
	struct bytes key, result = BYTES_NONE;
	int64_t as_of_ms = 0;
	struct json inner;
	int rc = 0;
	for (bool more = json_enter_object(j); more && json_next_key(j, &key);) {
		if (bytes_eq_lit(key, "result"))
			result = json_raw(j);
		else if (bytes_eq_lit(key, "generated_at") || bytes_eq_lit(key, "last_modified"))
			as_of_ms = value_time(j);
		else
			json_skip(j);
	}
	rc = json_finish(j, e);
	if (rc < 0)
		return rc;
	if (result.len == 0)
		return err_set(e, ERR_FORMAT, "endoflife.date: no \"result\"");
	json_init(&inner, result, j->arena);
	if (json_peek(&inner) != JSON_ARRAY)
		rc = read_product(&inner, as_of_ms, sink, e);
	else
		for (bool more = json_enter_array(&inner);
		     more && rc >= 0 && json_next_item(&inner);)
			rc = read_product(&inner, as_of_ms, sink, e);
	return rc < 0 ? rc : json_finish(&inner, e);
}

/* "debian" of "distro-info/debian.csv". */
static struct bytes product_of(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_part(name, 0, bytes_find(name, '.'));
}

static size_t cut_columns(struct bytes line, struct bytes out[COLUMNS_MAX])
{
	size_t n = 0;
	while (n < COLUMNS_MAX && (line.len > 0 || n == 0))
		out[n++] = bytes_trim(bytes_cut(&line, ','));
	return n;
}

/* The first of the columns that the head names, and has a day. */
static struct bytes column(const struct bytes *head, size_t heads, const struct bytes *row,
			   size_t cells, const char *name)
{
	for (size_t i = 0; i < heads && i < cells; i++)
		if (bytes_eq_lit(head[i], name) && is_day(row[i]))
			return row[i];
	return BYTES_NONE;
}

/* What the columns behind "eol" are called; the first with a day counts. Third parties' offers
 * (eol-elts) are none of the vendor's. */
static void set_extended(struct release *r, const struct bytes *head, size_t heads,
			 const struct bytes *row, size_t cells)
{
	static const char *const words[][2] = {{"eol-lts", "LTS"},
					       {"eol-legacy", "Ubuntu Pro (and its Legacy add-on)"},
					       {"eol-esm", "Ubuntu Pro"}};
	for (size_t i = 0; i < sizeof words / sizeof *words && r->extended.len == 0; i++) {
		r->extended = column(head, heads, row, cells, words[i][0]);
		r->word = bytes_of(words[i][1]);
	}
}

static int read_csv(struct bytes path, struct bytes text, const struct feed_sink *sink,
		    struct arena *a, struct err *e)
{
	struct bytes head[COLUMNS_MAX], row[COLUMNS_MAX];
	size_t heads = cut_columns(bytes_cut(&text, '\n'), head);
	int rc = 0;
	if (heads == COLUMNS_MAX)
		return err_set(e, ERR_LIMIT, "distro-info: %u columns or more", COLUMNS_MAX);
	if (!bytes_eq_lit(head[0], "version"))
		return err_set(e, ERR_FORMAT, "distro-info: the first column is not \"version\"");
	while (text.len > 0 && rc >= 0) {
		size_t cells = cut_columns(bytes_cut(&text, '\n'), row);
		struct release r = {.id = product_of(path), .source = "distro-info-data"};
		r.name = text_word(&row[0]); /* "24.04 LTS" */
		if (bytes_eq_lit(r.id, "debian") && bytes_has_suffix_lit(r.name, ".0"))
			r.name.len -= 2;
		r.standard = column(head, heads, row, cells, "eol");
		set_extended(&r, head, heads, row, cells);
		rc = send(&r, sink, a, e);
	}
	return rc;
}

bool end_of_life_wants(struct bytes path)
{
	return feed_wants_json(path) || bytes_has_suffix_lit(path, "debian.csv") ||
	       bytes_has_suffix_lit(path, "ubuntu.csv");
}

int end_of_life_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		       struct arena *a, struct err *e)
{
	struct json j;
	if (bytes_has_prefix_lit(document, "version,"))
		return read_csv(path, document, sink, a, e);
	json_init(&j, document, a);
	if (json_peek(&j) != JSON_ARRAY)
		return read_answer(&j, sink, e);
	const struct release product = {.id = os_id(product_of(path)), .source = "endoflife.date"};
	int rc = read_releases(&j, &product, sink, e);
	return rc < 0 ? rc : json_finish(&j, e);
}
