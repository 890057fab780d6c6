/* VMware's CVE data of Photon OS, cve_data_photon5.0.json:
 *
 *   [{"cve_id": "CVE-2023-5115", "pkg": "ansible", "cve_score": 6.3, "aff_ver": "all versions
 * before 2.14.12-1.ph5 are vulnerable", "res_ver": "2.14.12-1.ph5" | "NA", "status": "Fixed" | "Not
 * Affected" | "Not Fixed"}]
 *
 * pkg is a source package. The release is in the file's name alone. One advisory for each entry;
 * those of one CVE count together. The score has no vector, so its words are taken for the vendor's
 * severity (CVSS 3.1, table 14). */
#include "feed/draft.h"
#include "feed/rows.h"
#include "feed/text.h"
#include "feed/value.h"

struct entry {
	struct bytes id, package, fixed, status;
	double score;
};

#define FILE_NAME BYTES_LIT("cve_data_photon")

bool photon_cve_wants(struct bytes path)
{
	struct bytes name = text_file_name(path);
	return bytes_find_bytes(name, FILE_NAME) < name.len && feed_wants_json(path);
}

/* "5.0" of "cve_data_photon5.0.json", which a copy may have something in front of. */
static bool release_of(struct bytes path, struct bytes *ret_release)
{
	struct bytes name = text_file_name(path), start = FILE_NAME;
	size_t at = bytes_find_bytes(name, start), n = 0;
	struct bytes rest = bytes_from(name, at + start.len);
	while (n < rest.len && (byte_is_digit(rest.ptr[n]) || rest.ptr[n] == '.'))
		n++;
	while (n > 0 && rest.ptr[n - 1] == '.')
		n--;
	*ret_release = bytes_part(rest, 0, n);
	return at < name.len && n > 0 && n < 16;
}

static void read_entry(struct json *j, struct entry *in)
{
	struct bytes key;
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "cve_id"))
			in->id = value_text(j);
		else if (bytes_eq_lit(key, "pkg"))
			in->package = value_text(j);
		else if (bytes_eq_lit(key, "res_ver"))
			in->fixed = value_text(j);
		else if (bytes_eq_lit(key, "status"))
			in->status = value_text(j);
		else if (bytes_eq_lit(key, "cve_score") && json_peek(j) == JSON_NUMBER)
			in->score = json_double(j);
		else
			json_skip(j);
	}
}

static int send(struct draft *d, const struct entry *in, struct bytes ecosystem,
		const struct feed_sink *sink, struct err *e)
{
	enum adv_status status = value_status(in->status);
	bool fixed = in->fixed.len > 0 && !bytes_eq_lit(in->fixed, "NA");
	if (in->package.len == 0)
		return sink->note(sink->arg, in->id, "record not used: no package", e);
	if (status == ADV_UNKNOWN || (status == ADV_FIXED && !fixed))
		status = ADV_AFFECTED; /* "Not Fixed" */
	struct adv_affected *f = draft_affected(d, ecosystem, in->package, ADV_BY_SOURCE);
	draft_fixed(d, f, fixed && status != ADV_NOT_AFFECTED ? in->fixed : BYTES_NONE, status);
	d->adv.id = in->id;
	if (f)
		f->severity_text = draft_score_word(in->score);
	return draft_send(d, in->id, sink, e);
}

int photon_cve_import(struct bytes path, struct bytes document, const struct feed_sink *sink,
		      struct arena *a, struct err *e)
{
	struct json j;
	struct bytes release;
	size_t budget = a->budget;
	int rc = 0;
	if (!release_of(path, &release))
		return err_set(e, ERR_FORMAT, "the file is not called cve_data_photonN.N.json");
	json_init(&j, document, a);
	for (bool more = json_enter_array(&j); more && rc == 0 && json_next_item(&j);) {
		struct arena one;
		struct draft d;
		struct entry in = {.score = 0};
		arena_init(&one, budget);
		j.arena = &one;
		draft_init(&d, &one, "photon-cve", BYTES_NONE);
		if (json_enter_object(&j))
			read_entry(&j, &in);
		struct bytes ecosystem = draft_printf(&d, "Photon OS:%.*s", BYTES_ARG(release));
		if (json_ok(&j))
			rc = send(&d, &in, ecosystem, sink, e);
		j.arena = a;
		arena_free(&one);
	}
	return rc < 0 ? rc : json_finish(&j, e);
}
