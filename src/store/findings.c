#include "store/findings.h"

#include "base/json.h"
#include "base/num.h"
#include "store/findings_row.h"
#include "store/findings_walk.h"
#include "store/remedies.h"

#include <stdio.h>
#include <string.h>

/* One text per sort, so that statements stay literals. A filter that is not wanted is passed as 0
 * or ''. The keyset is (key descending, package name, package, check, position of the set): every
 * row differs in it. $13 tells whether there is a cursor. The rows of a page are chosen by the few
 * columns that say which they are; only theirs are read in full. */
#define COLUMNS                                                                                    \
	"l.digest, l.created_by, p.type, p.namespace, p.name, p.version, p.arch, p.source_name, "  \
	"p.source_version,"                                                                        \
	" p.module, p.vendor, p.distro, p.third_party, k.path, " FNR_CHECK                         \
	", k.fixed_version, k.status, k.patchable, t.text, p.id, k.position, k.sort_key"
enum {
	C_CHECK = 14,
	C_FIXED = C_CHECK + 18,
	C_STATUS,
	C_PATCHABLE,
	C_REMEDY,
	C_PACKAGE,
	C_POSITION,
	C_KEY
};
#define LIST_TEXT(key)                                                                             \
	"SELECT " COLUMNS                                                                          \
	" FROM (SELECT s.position AS position, s.layer_id AS layer_id, sp.path AS path,"           \
	" sp.package_id AS package_id, m.check_id AS check_id, m.fixed_version AS fixed_version, " \
	"m.status AS status,"                                                                      \
	" m.patchable AS patchable, m.remedy AS remedy, p.name AS name, " key                      \
	" AS sort_key FROM image_set s"                                                            \
	" JOIN set_package sp ON sp.set_id = s.set_id JOIN package_match m ON m.package_id = "     \
	"sp.package_id"                                                                            \
	" JOIN security_check c ON c.id = m.check_id JOIN package_row p ON p.id = sp.package_id "  \
	"WHERE s.image_id = $1"                                                                    \
	" AND ($2 / CASE c.severity WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8 WHEN " \
	"4 THEN 16"                                                                                \
	" ELSE 32 END) % 2 = 1"                                                                    \
	" AND ($3 = 0 OR ($3 = 1) = (m.patchable = 1)) AND ($4 = 0 OR ($4 = 1) = "                 \
	"(m.fixed_version <> ''))"                                                                 \
	" AND ($5 = 0 OR ($5 = 1) = (c.kev = 1)) AND ($6 <= 0 OR c.epss >= $6)"                    \
	" AND ($7 < 0 OR m.status = $7) AND ($8 = '' OR c.category = $8)"                          \
	" AND ($9 = '' OR p.name = $9 OR p.source_name = $9)"                                      \
	" AND ($10 = '' OR c.advisory = $10 OR EXISTS (SELECT 1 FROM check_cve v WHERE v.cve = "   \
	"$10 AND v.check_id = c.id))"                                                              \
	" AND ($11 = '' OR lower(c.title) LIKE $11 ESCAPE '\\')"                                   \
	" AND ($12 = 0 OR c.id = $12) AND ($20 <= 0 OR c.cvss_base >= $20)"                        \
	" AND ($13 = 0 OR (" key " < $14 OR (" key                                                 \
	" = $14 AND (p.name, p.id, m.check_id, s.position) > ($15, $16, $17, $18))))"              \
	" ORDER BY " key                                                                           \
	" DESC, p.name, p.id, m.check_id, s.position LIMIT $19) k CROSS JOIN package p"            \
	" CROSS JOIN security_check c CROSS JOIN image_layer l CROSS JOIN remedy t WHERE p.id = "  \
	"k.package_id"                                                                             \
	" AND c.id = k.check_id AND l.id = k.layer_id AND t.id = k.remedy"                         \
	" ORDER BY k.sort_key DESC, k.name, k.package_id, k.check_id, k.position"

static const char *const list_texts[FND_SORT_COUNT] = {
    [FND_BY_SEVERITY] = LIST_TEXT("c.severity"),
    [FND_BY_CVSS] = LIST_TEXT("c.cvss_base"),
    [FND_BY_EPSS] = LIST_TEXT("COALESCE(c.epss, -1)"),
    [FND_BY_PACKAGE] =
	LIST_TEXT("CAST(0 AS INTEGER)"), /* a plain 0 would be the number of a column to ORDER BY */
};

int fnd_cursor_text(const struct fnd_cursor *c, struct arena *a, struct bytes *ret, struct err *e)
{
	struct buf raw;
	uint64_t bits;
	memcpy(&bits, &c->key, sizeof bits);
	buf_init(&raw, 8192);
	buf_put_u8(&raw, c->wide);
	buf_put_le64(&raw, bits);
	const int64_t numbers[] = {c->image, c->package, c->check, c->set, c->position};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		buf_put_varint(&raw, (uint64_t)numbers[i]);
	buf_put_blob(&raw, c->name);
	char *text = buf_ok(&raw) ? arena_alloc(a, 2 * raw.len + 1, 1) : NULL;
	if (text)
		num_hex_encode(buf_bytes(&raw), text);
	buf_free(&raw);
	if (!text)
		return err_set(e, ERR_NOMEM, "no memory");
	*ret = bytes_of(text);
	return 0;
}

int fnd_cursor_parse(struct bytes text, struct arena *a, struct fnd_cursor *ret, struct err *e)
{
	uint8_t *raw = arena_alloc(a, text.len / 2 + 1, 1);
	if (!raw)
		return err_set(e, ERR_NOMEM, "no memory");
	if (text.len > 16384 || !num_hex_decode(text, raw, text.len / 2))
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	struct cursor c = cur_of((struct bytes){.ptr = raw, .len = text.len / 2});
	struct fnd_cursor r = {.is_set = true};
	uint8_t wide = cur_u8(&c);
	uint64_t bits = cur_le64(&c);
	int64_t *const numbers[] = {&r.image, &r.package, &r.check, &r.set, &r.position};
	r.wide = wide != 0;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		*numbers[i] = (int64_t)cur_varint(&c);
	r.name = cur_blob(&c);
	memcpy(&r.key, &bits, sizeof bits);
	if (!cur_ok(&c) || cur_left(&c) || wide > 1)
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	*ret = r;
	return 0;
}

static int read_row(struct db_stmt *s, struct arena *a, struct fnd_finding *f, struct err *e)
{
	struct {
		struct bytes *to;
		int column;
	} texts[] = {{&f->layer, 0},
		     {&f->layer_line, 1},
		     {&f->pkg.type, 2},
		     {&f->pkg.namespace, 3},
		     {&f->pkg.name, 4},
		     {&f->pkg.version, 5},
		     {&f->pkg.arch, 6},
		     {&f->pkg.source_name, 7},
		     {&f->pkg.source_version, 8},
		     {&f->pkg.module, 9},
		     {&f->pkg.vendor, 10},
		     {&f->pkg.distro, 11},
		     {&f->pkg.path, 13},
		     {&f->match.fixed_version, C_FIXED}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!fnr_copy(a, s, texts[i].column, texts[i].to))
			return err_set(e, ERR_NOMEM, "no memory for a finding");
	}
	f->pkg.third_party = db_int(s, 12) != 0;
	if (rmd_text(db_bytes(s, C_REMEDY), f->pkg.name, f->match.fixed_version, a,
		     &f->match.remediation, e) < 0)
		return -(int)e->code;
	f->match.status = (enum adv_status)db_int(s, C_STATUS);
	f->match.patchable = db_int(s, C_PATCHABLE) != 0;
	return fnr_read_check(s, C_CHECK, a, &f->match.check, e);
}

/* "%text%" in lower case with LIKE's own signs escaped. */
static int like_pattern(struct bytes text, struct arena *a, struct bytes *ret, struct err *e)
{
	*ret = BYTES_NONE;
	if (!text.len)
		return 0;
	uint8_t *p = arena_alloc(a, 2 * text.len + 2, 1);
	size_t n = 0;
	if (!p)
		return err_set(e, ERR_NOMEM, "no memory");
	p[n++] = '%';
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = byte_lower(text.ptr[i]);
		if (c == '%' || c == '_' || c == '\\')
			p[n++] = '\\';
		p[n++] = c;
	}
	p[n++] = '%';
	*ret = (struct bytes){.ptr = p, .len = n};
	return 0;
}

/* NOLINTNEXTLINE(readability-function-size): filter, place and room of one page */
static struct db_stmt *query_image(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
				   const struct fnd_cursor *c, int64_t image, size_t rows,
				   struct arena *a, struct err *e)
{
	struct bytes pattern;
	if (like_pattern(f->text, a, &pattern, e) < 0)
		return NULL;
	return db_query(tx, list_texts[sort],
			DB_ARGS(DB_I(image), DB_I(fnr_severities(f)), DB_I(f->patchable),
				DB_I(f->fixed), DB_I(f->kev), DB_R(f->epss_min),
				DB_I(f->has_status ? (int)f->status : -1), DB_T(f->category),
				DB_T(f->package), DB_T(f->cve), DB_T(pattern), DB_I(f->check),
				DB_I(c->is_set), DB_R(c->key), DB_T(c->name), DB_I(c->package),
				DB_I(c->check), DB_I(c->position), DB_I(rows), DB_R(f->cvss_min)),
			e);
}

/* NOLINTNEXTLINE(readability-function-size): filter, place and room of one page */
static int64_t list_image(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
			  struct fnd_cursor *cursor, size_t max, struct arena *a,
			  struct fnd_finding *out, bool *ret_more, struct err *e)
{
	struct store_image image;
	*ret_more = false;
	int r = store_image_get(tx, f->repository, f->digest, a, &image, e);
	if (r <= 0)
		return r;
	struct db_stmt *s = query_image(tx, f, sort, cursor, image.id, max + 1, a, e);
	if (!s)
		return -(int)e->code;
	size_t n = 0;
	while ((r = db_step(s, e)) > 0) {
		if (n == max) {
			*ret_more = true;
			break;
		}
		out[n] =
		    (struct fnd_finding){.repository = image.repository, .digest = image.digest};
		r = read_row(s, a, &out[n], e);
		if (r < 0)
			break;
		*cursor = (struct fnd_cursor){.is_set = true,
					      .key = db_real(s, C_KEY),
					      .package = db_int(s, C_PACKAGE),
					      .check = (int64_t)out[n].match.check.id,
					      .position = db_int(s, C_POSITION),
					      .name = out[n].pkg.name};
		n++;
	}
	db_done(s);
	return r < 0 ? r : (int64_t)n;
}

/* NOLINTNEXTLINE(readability-function-size): filter, place and room of one page */
int64_t fnd_list(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort,
		 struct fnd_cursor *cursor, size_t max, struct arena *a, struct fnd_finding *out,
		 bool *ret_more, struct err *e)
{
	bool wide = !f->digest.len;
	if (!wide && !f->repository.len)
		return err_set(e, ERR_FORMAT, "digest: give the repository too");
	if (cursor->is_set && cursor->wide != wide)
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	return (wide ? fnw_list : list_image)(tx, f, sort, cursor, max, a, out, ret_more, e);
}

static int read_references(struct bytes text, struct arena *a, struct match_check *c, struct err *e)
{
	struct json j;
	json_init(&j, text, a);
	size_t cap = text.len / 8 + 1; /* {"a":""} is the shortest element */
	c->references = arena_alloc(a, cap, sizeof *c->references);
	if (!c->references)
		return err_set(e, ERR_NOMEM, "no memory");
	if (json_enter_array(&j)) {
		while (json_next_item(&j) && c->reference_count < cap) {
			struct adv_reference *ref = &c->references[c->reference_count++];
			if (!json_enter_object(&j))
				break;
			for (struct bytes key; json_next_key(&j, &key);) {
				struct bytes v = json_string(&j);
				*(bytes_eq_lit(key, "url") ? &ref->url : &ref->type) = v;
			}
		}
	}
	return json_finish(&j, e);
}

static struct cvss_score score_of(struct db_stmt *s, int column, enum cvss_version v)
{
	struct cvss_score r = {.version = CVSS_NONE};
	if (!db_is_null(s, column))
		r = (struct cvss_score){.version = v, .base = db_real(s, column)};
	return r;
}

int fnd_check(struct db_tx *tx, uint64_t id, struct arena *a, struct match_check *ret,
	      uint64_t *ret_image_count, struct err *e)
{
	struct db_stmt *s = db_query(tx,
				     "SELECT id, advisory, source_name, title, category, severity, "
				     "vendor_severity, cvss_version, cvss_base,"
				     " cvss_vector, kev, ransomware, epss, epss_percentile, "
				     "published, modified, summary, cves, details, refs,"
				     " cvss_v2, cvss_v3, cvss_v4 FROM security_check WHERE id = $1",
				     DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct bytes refs = BYTES_NONE;
	if (r > 0 && (fnr_read_check(s, 0, a, ret, e) < 0 ||
		      (!(fnr_copy(a, s, 18, &ret->details) && fnr_copy(a, s, 19, &refs)) &&
		       err_set(e, ERR_NOMEM, "no memory") < 0)))
		r = -(int)e->code;
	if (r > 0) {
		ret->cvss_v2 = score_of(s, 20, CVSS_2_0);
		ret->cvss_v3 = score_of(s, 21, ret->cvss.version == CVSS_3_0 ? CVSS_3_0 : CVSS_3_1);
		ret->cvss_v4 = score_of(s, 22, CVSS_4_0);
	}
	db_done(s);
	if (r <= 0)
		return r;
	if (read_references(refs, a, ret, e) < 0)
		return -(int)e->code;
	s = db_query(tx,
		     "SELECT count(DISTINCT s.image_id) FROM package_match m JOIN package_in_set "
		     "ps ON ps.package_id = m.package_id"
		     " JOIN image_set s ON s.set_id = ps.set_id WHERE m.check_id = $1",
		     DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	*ret_image_count = 0;
	while ((r = db_step(s, e)) > 0)
		*ret_image_count = (uint64_t)db_int(s, 0);
	db_done(s);
	return r < 0 ? r : 1;
}
