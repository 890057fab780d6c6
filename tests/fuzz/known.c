#include "eco_fuzz.h"

#include "eco/program_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const char *path, struct bytes file, size_t step)
{
	struct program_text whole, parts;
	program_text_init(&whole, bytes_of(path));
	program_text_init(&parts, bytes_of(path));
	program_text_feed(&whole, file);
	for (size_t i = 0; i < file.len; i += step)
		program_text_feed(&parts, bytes_part(file, i, step));
	program_text_end(&whole);
	program_text_end(&parts);
	return whole.best == parts.best &&
	       bytes_eq(program_text_version(&whole), program_text_version(&parts));
}

/* The parser goes by the file's name, too: the first byte chooses it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"usr/sbin/nginx",	"usr/lib/libpython3.11.so.1.0",
					    "opt/redis-server", "opt/valkey-server",
					    "opt/beam.smp",	"opt/mysql",
					    "opt/envoy",	"opt/fluent-bit",
					    "opt/arangosh",	"opt/jq",
					    "opt/bin/mysqld",	"opt/openssl"};
	struct eco_catch c;
	if (size == 0)
		return 0;
	const char *path = paths[data[0] % (sizeof paths / sizeof *paths)];
	struct bytes file = {.ptr = data + 1, .len = size - 1};
	if (!same(path, file, 1) || !same(path, file, 300))
		abort();
	eco_catch_init(&c);
	int r = eco_catch_parse_row(&c, ECO_KNOWN, path, file, NULL);
	if (r == -ERR_INTERNAL || c.touched == UINT64_MAX)
		abort();
	eco_catch_free(&c);
	return 0;
}
