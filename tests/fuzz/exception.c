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
	const struct finding_match m = {
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
		const struct exception *by =
		    exceptions_find(&x, BYTES_LIT("CVE-2024-1"), &m, &image, 1000);
		struct buf out;
		buf_init(&out, 1U << 20);
		if (by)
			exception_put_text(&out, by);
		buf_free(&out);
	}
	exceptions_free(&x);
	return 0;
}
