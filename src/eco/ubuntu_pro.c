/* Which services of Ubuntu Pro an image is attached to: var/lib/ubuntu-advantage/status.json, what
 * "pro status" last saw:
 *
 *   {"attached": true, "services": [{"name": "esm-infra", "entitled": "yes", "status": "enabled",
 * …}, …], …}
 *
 * A service is the image's when its status is "enabled" ("disabled", "n/a", "warning" are not) and
 * the machine is not said to be detached. Of interest are those that bring packages with versions
 * of their own; each is stated as a product stream of Ubuntu. Spec: ubuntu-pro(1), the client's
 * status output. */
#include "base/json.h"
#include "eco/parsers.h"
#include "eco/path.h"
#include "pkg/ecosystem.h"
#include "pkg/streams.h"

static const char *const services[] = {"esm-apps",     "esm-infra",    "esm-infra-legacy", "fips",
				       "fips-preview", "fips-updates", "realtime-kernel"};

static struct eco_want pro_wants(struct bytes path)
{
	struct eco_want w = {.merge = ECO_REPLACE};
	w.wanted = eco_path_at(path, eco_table[ECO_UBUNTU_PRO].locations[0], &w.keep);
	return w;
}

static int read_service(struct json *j, struct arena *a, struct bytes *streams, struct err *e)
{
	struct bytes key, name = BYTES_NONE, status = BYTES_NONE;
	if (json_peek(j) != JSON_OBJECT) {
		json_skip(j);
		return 0;
	}
	json_enter_object(j);
	while (json_next_key(j, &key)) {
		if (bytes_eq_lit(key, "name"))
			name = json_string_lenient(j);
		else if (bytes_eq_lit(key, "status"))
			status = json_string_lenient(j);
		else
			json_skip(j);
	}
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (json_ok(j) && bytes_eq_lit(name, services[i]) &&
		    bytes_eq_lit(status, "enabled"))
			return pkg_streams_add(streams, name, a, e);
	return 0;
}

static int pro_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		     struct arena *a, struct err *e)
{
	struct json j;
	struct bytes key;
	struct pkg_distro d = {.id = BYTES_LIT("ubuntu")};
	bool detached = false;
	int r = 0;
	(void)path;
	json_init(&j, file, a);
	json_enter_object(&j);
	while (r == 0 && json_next_key(&j, &key)) {
		if (bytes_eq_lit(key, "attached") && json_peek(&j) == JSON_BOOL) {
			detached = !json_bool(&j);
		} else if (bytes_eq_lit(key, "services") && json_peek(&j) == JSON_ARRAY) {
			json_enter_array(&j);
			while (r == 0 && json_next_item(&j))
				r = read_service(&j, a, &d.streams, e);
		} else {
			json_skip(&j);
		}
	}
	if (r == 0)
		r = json_finish(&j, e);
	return r < 0 || detached || d.streams.len == 0 ? r : sink->distro(sink->arg, &d, e);
}

const struct eco_parser eco_ubuntu_pro = {.wants = pro_wants, .parse = pro_parse};
