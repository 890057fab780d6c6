#include "scan/update_index.h"
#include "scan/update.h"
#include "base/bytes.h"
#include "connect/fetch.h"

#include <string.h>

#define INDEX_MAX (UINT64_C(1) << 20) /* bytes: repomd.xml has some 10 KB */
#define INDEX_SEC 60		      /* each may take */
#define STEPS_MAX 3		      /* mirror.list, repomd.xml, the file */

#define MIRRORS "/mirror.list"
#define REPOMD "/repodata/repomd.xml"
#define NEWEST "/archive_latest.txt"

bool update_is_index(const char *url)
{
	struct bytes b = bytes_of(url);
	return bytes_has_suffix_lit(b, MIRRORS) || bytes_has_suffix_lit(b, REPOMD) ||
	       bytes_has_suffix_lit(b, NEWEST);
}

/* A relative path that stays below its folder, of bytes that need no escape. */
static bool is_inside(struct bytes path)
{
	struct bytes rest = path;
	while (rest.len) {
		struct bytes part = bytes_cut(&rest, '/');
		if (part.len == 0 || part.ptr[0] == '.')
			return false;
	}
	for (size_t i = 0; i < path.len; i++)
		if (!byte_is_alnum(path.ptr[i]) && !strchr("/._-+~", path.ptr[i]))
			return false;
	return path.len > 0;
}

static bool is_address(struct bytes b, const char *from)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f)
			return false;
	return bytes_has_prefix_lit(b, "https://") ||
	       (bytes_has_prefix_lit(b, "http://") &&
		bytes_has_prefix_lit(bytes_of(from), "http://"));
}

/* The value of an attribute in what is left of a tag. */
static struct bytes attribute(struct bytes tag, struct bytes name)
{
	size_t found;
	for (size_t at = 0;; at = found + name.len) {
		found = at + bytes_find_bytes(bytes_from(tag, at), name);
		if (found >= tag.len)
			return BYTES_NONE;
		struct bytes rest = bytes_from(tag, found + name.len);
		if (found == 0 || !byte_is_space(tag.ptr[found - 1]) || rest.len < 2 ||
		    rest.ptr[0] != '=')
			continue;
		uint8_t quote = rest.ptr[1];
		struct bytes value = bytes_from(rest, 2);
		size_t end = bytes_find(value, quote);
		if ((quote == '"' || quote == '\'') && end < value.len)
			return bytes_part(value, 0, end);
	}
}

/* Of <data type="updateinfo"> … <location href="repodata/…-updateinfo.xml.gz"/>. */
static struct bytes updateinfo_of(struct bytes body)
{
	bool is_wanted = false;
	while (body.len) {
		(void)bytes_cut(&body, '<');
		struct bytes tag = bytes_part(body, 0, bytes_find(body, '>'));
		if (bytes_has_prefix_lit(tag, "data ") || bytes_has_prefix_lit(tag, "/data"))
			is_wanted = bytes_eq_lit(attribute(tag, BYTES_LIT("type")), "updateinfo");
		else if (is_wanted && bytes_has_prefix_lit(tag, "location "))
			return attribute(tag, BYTES_LIT("href"));
	}
	return BYTES_NONE;
}

int update_index_read(const char *url, struct bytes body, struct arena *a, const char **ret,
		      struct err *e)
{
	struct bytes base = bytes_of(url),
		     line = bytes_trim(bytes_part(body, 0, bytes_find(body, '\n')));
	const char *made = NULL;
	bool found;
	if (bytes_has_suffix_lit(base, MIRRORS)) {
		while (line.len && line.ptr[line.len - 1] == '/')
			line.len--;
		found = is_address(line, url);
		if (found)
			made =
			    arena_printf(a, "%.*s" REPOMD, (int)line.len, (const char *)line.ptr);
	} else {
		bool is_repomd = bytes_has_suffix_lit(base, REPOMD);
		struct bytes path = is_repomd ? updateinfo_of(body) : line;
		base.len -= is_repomd ? strlen(REPOMD) : strlen(NEWEST);
		found = is_inside(path);
		if (found)
			made = arena_printf(a, "%.*s/%.*s", (int)base.len, (const char *)base.ptr,
					    (int)path.len, (const char *)path.ptr);
	}
	if (!found)
		return err_set(e, ERR_FORMAT, "%s names no file of advisories", url);
	*ret = made;
	return made ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

/* *led_by: who named url; then who names *ret. */
static int one_step(const char *url, const struct update_place *place, struct arena *a,
		    const char **ret, struct fetch_origin *led_by, struct err *e)
{
	struct fetch_reply reply;
	struct fetch request = {.url = url,
				.max = INDEX_MAX,
				.out_fd = -1,
				.is_configured = true,
				.redirects = place->allow,
				.led_by = led_by,
				.total_sec = INDEX_SEC,
				.stop = place->stop};
	int r = fetch_run(&request, &reply, e);
	if (r == 0 && reply.status != 200)
		r = err_set(e, ERR_IO, "%s: the server answered %ld", url, reply.status);
	if (r == 0)
		r = update_index_read(url, buf_bytes(&reply.body), a, ret, e);
	*led_by = reply.origin;
	fetch_reply_free(&reply);
	return r;
}

int update_index_follow(const char *url, const struct update_place *place, struct arena *a,
			const char **ret, struct fetch_origin *ret_led_by, struct err *e)
{
	*ret_led_by = (struct fetch_origin){.is_public = false};
	for (int i = 0; update_is_index(url); i++) {
		if (i == STEPS_MAX)
			return err_set(e, ERR_LIMIT, "%s: one list names the next without end",
				       url);
		int r = one_step(url, place, a, &url, ret_led_by, e);
		if (r < 0)
			return r;
	}
	*ret = url;
	return 0;
}
