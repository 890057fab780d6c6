#include "store/findings.h"

#include "base/json.h"
#include "base/num.h"
#include "store/remedies.h"

#include <stdio.h>
#include <string.h>

/* One text per sort, so that statements stay literals. A filter that is not wanted is passed as 0 or ''. The keyset is (key descending, package name, image,
 * package, check): every row differs in it. $16 tells whether there is a cursor. */
#define FINDING_COLUMNS                                                                                                \
	"i.repository, i.digest, p.type, p.namespace, p.name, p.version, p.arch, p.source_name, p.source_version,"     \
	" p.module, p.vendor, p.distro, p.third_party, sp.path, l.digest, l.created_by, c.id, c.advisory,"             \
	" c.source_name, c.title, c.category, c.severity, c.vendor_severity, c.cvss_version, c.cvss_base,"             \
	" c.cvss_vector, c.kev, c.ransomware, c.epss, c.epss_percentile, c.published, c.modified, c.summary, c.cves,"  \
	" m.fixed_version, m.status, m.patchable, t.text, i.id, p.id"
#define LIST_TEXT(scope, key)                                                                                                 \
	"SELECT " FINDING_COLUMNS ", " key " AS sort_key FROM image i"                                                 \
	" JOIN image_set s ON s.image_id = i.id JOIN image_layer l ON l.id = s.layer_id"                               \
	" JOIN set_package sp ON sp.set_id = s.set_id JOIN package_match m ON m.package_id = sp.package_id"            \
	" JOIN security_check c ON c.id = m.check_id JOIN package p ON p.id = sp.package_id"                           \
	" JOIN remedy t ON t.id = m.remedy"                                                                            \
	" WHERE " scope                                                                                                \
	" AND ($3 = 0 OR ($3 / CASE c.severity WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 WHEN 3 THEN 8 WHEN 4 THEN 16" \
	" ELSE 32 END) % 2 = 1)"                                                                                       \
	" AND ($4 = 0 OR ($4 = 1) = (m.patchable = 1)) AND ($5 = 0 OR ($5 = 1) = (m.fixed_version <> ''))"             \
	" AND ($6 = 0 OR ($6 = 1) = (c.kev = 1)) AND ($21 <= 0 OR c.epss >= $21)"                                      \
	" AND ($7 < 0 OR m.status = $7) AND ($8 = '' OR c.category = $8)"                                              \
	" AND ($9 = '' OR p.name = $9 OR p.source_name = $9)"                                                          \
	" AND ($10 = '' OR c.advisory = $10 OR EXISTS (SELECT 1 FROM check_cve v WHERE v.cve = $10 AND v.check_id = c.id))" \
	" AND ($11 = '' OR lower(c.title) LIKE $11 ESCAPE '\\')"                                                       \
	" AND ($12 = 0 OR c.id = $12) AND ($13 <= 0 OR c.cvss_base >= $13)"                                            \
	" AND ($14 = 0 OR (" key " < $15 OR (" key " = $15 AND (p.name, i.id, p.id, c.id) > ($16, $17, $18, $19))))"   \
	" ORDER BY " key " DESC, p.name, i.id, p.id, c.id LIMIT $20"

#define IN_IMAGE "i.id = $1 AND $2 = $2"
#define IN_ANY "($1 = '' OR i.repository = $1) AND ($2 = '' OR i.digest = $2)"
#define EPSS "COALESCE(c.epss, -1)"
#define NO_KEY "CAST(0 AS INTEGER)" /* a plain 0 would be the number of a column to ORDER BY */

/* One image is found by its index; anything wider looks at every image in scope. */
static const char *const list_texts[2][FND_SORT_COUNT] = {
	{[FND_BY_SEVERITY] = LIST_TEXT(IN_ANY, "c.severity"), [FND_BY_PACKAGE] = LIST_TEXT(IN_ANY, NO_KEY),
	 [FND_BY_CVSS] = LIST_TEXT(IN_ANY, "c.cvss_base"), [FND_BY_EPSS] = LIST_TEXT(IN_ANY, EPSS)},
	{[FND_BY_SEVERITY] = LIST_TEXT(IN_IMAGE, "c.severity"), [FND_BY_PACKAGE] = LIST_TEXT(IN_IMAGE, NO_KEY),
	 [FND_BY_CVSS] = LIST_TEXT(IN_IMAGE, "c.cvss_base"), [FND_BY_EPSS] = LIST_TEXT(IN_IMAGE, EPSS)},
};

/* ---- cursors ---------------------------------------------------------------------------------------------------------- */

int fnd_cursor_text(const struct fnd_cursor *c, struct arena *a, struct bytes *ret, struct err *e)
{
	struct buf raw;
	uint64_t bits;
	memcpy(&bits, &c->key, sizeof bits);
	buf_init(&raw, 8192);
	buf_put_le64(&raw, bits);
	buf_put_varint(&raw, (uint64_t)c->image);
	buf_put_varint(&raw, (uint64_t)c->package);
	buf_put_varint(&raw, (uint64_t)c->check);
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
	uint64_t bits = cur_le64(&c);
	r.image = (int64_t)cur_varint(&c);
	r.package = (int64_t)cur_varint(&c);
	r.check = (int64_t)cur_varint(&c);
	r.name = cur_blob(&c);
	memcpy(&r.key, &bits, sizeof bits);
	if (!cur_ok(&c) || cur_left(&c))
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	*ret = r;
	return 0;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static bool copy(struct arena *a, struct db_stmt *s, int column, struct bytes *ret)
{
	bool ok;
	*ret = arena_bytes(a, db_bytes(s, column), &ok);
	return ok;
}

static int split_cves(struct bytes text, struct arena *a, struct match_check *c, struct err *e)
{
	size_t n = text.len ? 1 : 0;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == ' ';
	c->cves = arena_alloc(a, n, sizeof *c->cves);
	if (!c->cves)
		return err_set(e, ERR_NOMEM, "no memory");
	while (text.len)
		c->cves[c->cve_count++] = bytes_cut(&text, ' ');
	return 0;
}

static int read_check(struct db_stmt *s, int at, struct arena *a, struct match_check *c, struct err *e)
{
	struct bytes cves;
	*c = (struct match_check){
		.id = (uint64_t)db_int(s, at), .severity = (enum adv_severity)db_int(s, at + 5),
		.vendor_severity = (enum adv_severity)db_int(s, at + 6),
		.cvss = {.version = (enum cvss_version)db_int(s, at + 7), .base = db_real(s, at + 8)},
		.kev = db_int(s, at + 10) != 0, .ransomware = db_int(s, at + 11) != 0,
		.epss = db_is_null(s, at + 12) ? -1 : db_real(s, at + 12),
		.epss_percentile = db_is_null(s, at + 13) ? -1 : db_real(s, at + 13),
		.published_ms = db_int(s, at + 14), .modified_ms = db_int(s, at + 15)};
	if (!copy(a, s, at + 1, &c->advisory) || !copy(a, s, at + 2, &c->source_name) ||
	    !copy(a, s, at + 3, &c->title) || !copy(a, s, at + 4, &c->category) || !copy(a, s, at + 9, &c->cvss_vector) ||
	    !copy(a, s, at + 16, &c->summary) || !copy(a, s, at + 17, &cves))
		return err_set(e, ERR_NOMEM, "no memory for a finding");
	return split_cves(cves, a, c, e);
}

static int read_row(struct db_stmt *s, struct arena *a, struct fnd_finding *f, struct err *e)
{
	*f = (struct fnd_finding){0};
	struct {
		struct bytes *to;
		int column;
	} texts[] = {{&f->repository, 0}, {&f->digest, 1}, {&f->pkg.type, 2}, {&f->pkg.namespace, 3}, {&f->pkg.name, 4},
		     {&f->pkg.version, 5}, {&f->pkg.arch, 6}, {&f->pkg.source_name, 7}, {&f->pkg.source_version, 8},
		     {&f->pkg.module, 9}, {&f->pkg.vendor, 10}, {&f->pkg.distro, 11}, {&f->pkg.path, 13}, {&f->layer, 14},
		     {&f->layer_line, 15}, {&f->match.fixed_version, 34}};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!copy(a, s, texts[i].column, texts[i].to))
			return err_set(e, ERR_NOMEM, "no memory for a finding");
	}
	f->pkg.third_party = db_int(s, 12) != 0;
	if (rmd_text(db_bytes(s, 37), f->pkg.name, f->match.fixed_version, a, &f->match.remediation, e) < 0)
		return -(int)e->code;
	f->match.status = (enum adv_status)db_int(s, 35);
	f->match.patchable = db_int(s, 36) != 0;
	return read_check(s, 16, a, &f->match.check, e);
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

/* NOLINTNEXTLINE(readability-function-size): filter, order, place and room of one page */
int64_t fnd_list(struct db_tx *tx, const struct fnd_filter *f, enum fnd_sort sort, struct fnd_cursor *cursor, size_t max,
		 struct arena *a, struct fnd_finding *out, bool *ret_more, struct err *e)
{
	struct bytes pattern;
	uint64_t mask = 0;
	for (size_t i = 0; i <= ADV_SEV_CRITICAL; i++)
		mask |= f->severities[i] ? UINT64_C(1) << i : 0;
	if (like_pattern(f->text, a, &pattern, e) < 0)
		return -(int)e->code;
	struct db_value scope[2] = {DB_T(f->repository), DB_T(f->digest)};
	bool one = f->repository.len && f->digest.len;
	if (one) {
		struct ims_image image;
		int found = ims_get(tx, f->repository, f->digest, a, &image, e);
		*ret_more = false;
		if (found <= 0)
			return found;
		scope[0] = DB_I(image.id);
	}
	struct db_stmt *s = db_query(
		tx, list_texts[one][sort],
		DB_ARGS(scope[0], scope[1], DB_I(mask), DB_I(f->patchable), DB_I(f->fixed),
			DB_I(f->kev), DB_I(f->has_status ? (int)f->status : -1), DB_T(f->category),
			DB_T(f->package), DB_T(f->cve), DB_T(pattern), DB_I(f->check), DB_R(f->cvss_min),
			DB_I(cursor->is_set), DB_R(cursor->key), DB_T(cursor->name), DB_I(cursor->image),
			DB_I(cursor->package), DB_I(cursor->check), DB_I(max + 1), DB_R(f->epss_min)),
		e);
	if (!s)
		return -(int)e->code;
	int r;
	int64_t n = 0;
	*ret_more = false;
	while ((r = db_step(s, e)) > 0) {
		if ((size_t)n == max) {
			*ret_more = true;
			break;
		}
		r = read_row(s, a, &out[n], e);
		if (r < 0)
			break;
		*cursor = (struct fnd_cursor){.is_set = true, .key = db_real(s, 40), .image = db_int(s, 38),
					      .package = db_int(s, 39), .check = (int64_t)out[n].match.check.id,
					      .name = out[n].pkg.name};
		n++;
	}
	db_done(s);
	return r < 0 ? r : n;
}

/* ---- one check -------------------------------------------------------------------------------------------------------- */

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

int fnd_check(struct db_tx *tx, uint64_t id, struct arena *a, struct match_check *ret, uint64_t *ret_image_count,
	      struct err *e)
{
	struct db_stmt *s = db_query(
		tx,
		"SELECT id, advisory, source_name, title, category, severity, vendor_severity, cvss_version, cvss_base,"
		" cvss_vector, kev, ransomware, epss, epss_percentile, published, modified, summary, cves, details, refs,"
		" cvss_v2, cvss_v3, cvss_v4 FROM security_check WHERE id = $1",
		DB_ARGS(DB_I(id)), e);
	if (!s)
		return -(int)e->code;
	int r = db_step(s, e);
	struct bytes refs = BYTES_NONE;
	if (r > 0 && (read_check(s, 0, a, ret, e) < 0 ||
		      (!(copy(a, s, 18, &ret->details) && copy(a, s, 19, &refs)) && err_set(e, ERR_NOMEM, "no memory") < 0)))
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
		     "SELECT count(DISTINCT s.image_id) FROM package_match m JOIN package_in_set ps ON ps.package_id = m.package_id"
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
