/* What was said beforehand: the first byte says of which kind the rest is; what is read is asked.
 */
#include "exception/exception.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct exceptions x;
	struct bytes text = {.ptr = data, .len = size};
	const struct exception_image image = {.repository = BYTES_LIT("h/r/debian"),
					      .digest = BYTES_LIT("sha256:00")};
	struct finding_match m = {
	    .pkg = {.type = BYTES_LIT("deb"),
		    .name = BYTES_LIT("bash"),
		    .version = BYTES_LIT("5"),
		    .path = BYTES_LIT("var/lib/dpkg/status")},
	    .purl = BYTES_LIT("pkg:deb/debian/bash@5?arch=amd64&distro=debian-12")};
	if (size == 0)
		return 0;
	exceptions_init(&x);
	x.arena.budget = 64U << 20;
	int r =
	    data[0] == 'v'
		? exceptions_add_vex(&x, bytes_from(text, 1), BYTES_LIT("f"), &e)
		: exceptions_add_ignore(&x, bytes_from(text, 1),
					data[0] == 'y' ? BYTES_LIT("f.yaml") : BYTES_LIT("f"), &e);
	if (r == 0) {
		struct bytes cve = BYTES_LIT("CVE-2024-1");
		struct finding f = {.check = {.cves = &cve, .cve_count = 1},
				    .matches = &m,
				    .match_listed = 1,
				    .match_count = 1};
		struct exception_findings all = {.items = &f, .count = 1};
		struct arena a;
		struct buf out;
		arena_init(&a, 1U << 20);
		buf_init(&out, 1U << 20);
		r = exceptions_apply(&x, &image, 1000, &all, &a, &e);
		if (r == 0 && all.hit_count)
			exception_put_text(&out, all.hits[0].by);
		buf_free(&out);
		arena_free(&a);
	}
	exceptions_free(&x);
	return 0;
}
