/* What Bottlerocket's images state of themselves: usr/share/bottlerocket/
 * application-inventory.json, {"Content": [{"Name", "Version", "Release", "Epoch", "Architecture",
 * "Publisher"}]}: the rpm packages the image was built from, without rpm's database. Spec:
 * bottlerocket-os "twoliter", rpm2img's inventory. */
#include "base/json.h"
#include "eco/parsers.h"
#include "eco/path.h"

#define PLACE "usr/share/bottlerocket/application-inventory.json"

struct application {
	struct bytes name, version, release, epoch, arch, publisher;
};

static struct eco_want bottlerocket_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_REPLACE};
	w.wanted = eco_path_near(path, PLACE, 2, &w.keep);
	return w;
}

static void read_application(struct json *j, struct application *ret)
{
	*ret = (struct application){.name = BYTES_NONE};
	const struct bytes_slot slots[] = {
	    {"Name", &ret->name},   {"Version", &ret->version},	  {"Release", &ret->release},
	    {"Epoch", &ret->epoch}, {"Architecture", &ret->arch}, {"Publisher", &ret->publisher},
	};
	json_slots_lenient(j, BYTES_SLOTS(slots));
}

static int put(const struct application *in, const struct eco_sink *sink, struct arena *a,
	       struct err *e)
{
	bool epoch = eco_is_word(in->epoch) && !bytes_eq_lit(in->epoch, "0");
	char *version = arena_printf(
	    a, "%.*s%s%.*s%s%.*s", BYTES_ARG(epoch ? in->epoch : BYTES_NONE), epoch ? ":" : "",
	    BYTES_ARG(in->version), in->release.len ? "-" : "", BYTES_ARG(in->release));
	if (!version)
		return err_set(e, ERR_NOMEM, "Bottlerocket's inventory: out of memory");
	struct pkg p = {.type = BYTES_LIT("rpm"),
			.name = in->name,
			.version = bytes_of(version),
			.arch = in->arch,
			.source_name = in->name,
			.source_version = bytes_of(version),
			.vendor = in->publisher,
			.class = PKG_OS};
	return sink->package(sink->arg, &p, e);
}

static int bottlerocket_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
			      struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	int r = 0;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (json_next_key(&j, &key)) {
		if (!bytes_eq_lit(key, "Content") || json_peek(&j) != JSON_ARRAY) {
			json_skip(&j);
			continue;
		}
		json_enter_array(&j);
		while (r == 0 && json_next_item(&j)) {
			struct application in;
			uint64_t off = j.off;
			if (json_peek(&j) != JSON_OBJECT) {
				json_skip(&j);
				continue;
			}
			read_application(&j, &in);
			if (!json_ok(&j))
				break;
			r = eco_is_word(in.name) && eco_is_word(in.version)
				? put(&in, sink, a, e)
				: sink->note(sink->arg, off, "a package without a name or version",
					     e);
		}
		if (r < 0)
			return r;
	}
	return json_finish(&j, e);
}

const struct eco_parser eco_bottlerocket = {.wants = bottlerocket_wants,
					    .parse = bottlerocket_parse};
