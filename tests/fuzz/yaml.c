/* What is read is JSON, whatever it was. */
#include "base/json.h"
#include "feed/yaml.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out;
	struct err e = ERR_INIT;
	struct json j;
	buf_init(&out, 16U << 20);
	int rc = yaml_to_json((struct bytes){data, size}, &out, &e);
	if (rc > 0 || (rc < 0 && e.msg[0] == '\0'))
		abort();
	if (rc == 0) {
		json_init(&j, buf_bytes(&out), NULL);
		json_skip(&j);
		if (json_finish(&j, &e) < 0 && e.code != ERR_LIMIT)
			abort();
	}
	buf_free(&out);
	return 0;
}
