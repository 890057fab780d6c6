#include "eco/program_text.h"

#include <string.h>

/* file: its name, where a '*' at the end is anything; before: what is in front of the version, in
 * which "%" stands for the release in the file's name ("python3.11": "3.11"). */
static const struct {
	const char *name, *file, *before;
} known[] = {
    {"nginx", "nginx", "nginx/"},
    {"apache", "httpd", "Apache/"},
    {"apache", "apache2", "Apache/"},
    {"node", "node", "node.js/v"},
    {"php", "php*", "X-Powered-By: PHP/"},
    {"php", "libphp*", "X-Powered-By: PHP/"},
    {"python", "python3*", "\0%."},
    {"python", "libpython3*", "\0%."},
    {"ruby", "ruby", "ruby "},
    {"ruby", "libruby*", "ruby "},
    {"perl", "perl", "lib/perl5/"},
    {"postgresql", "postgres", "PostgreSQL "},
    {"openssl", "openssl", "OpenSSL "},
    {"openssl", "libcrypto.so*", "OpenSSL "},
    {"openssl", "libssl.so*", "OpenSSL "},
    {"curl", "curl", "curl/"},
    {"curl", "libcurl.so*", "libcurl/"},
    {"lighttpd", "lighttpd", "lighttpd/"},
    {"busybox", "busybox", "BusyBox v"},
    {"bash", "bash", "@(#)Bash version "},
    {"haproxy", "haproxy", "HAProxy version "},
};

static bool fits(struct bytes base, const char *pattern)
{
	struct bytes p = bytes_of(pattern);
	if (!bytes_has_suffix_lit(p, "*"))
		return bytes_eq(base, p);
	return bytes_has_prefix(base, bytes_part(p, 0, p.len - 1));
}

/* "libpython3.11.so.1.0": "3.11" */
static struct bytes release_of(struct bytes base)
{
	size_t at = bytes_find(base, '3'), end = at;
	while (end < base.len && (byte_is_digit(base.ptr[end]) || base.ptr[end] == '.'))
		end++;
	while (end > at && base.ptr[end - 1] == '.')
		end--;
	return bytes_part(base, at, end - at);
}

static void set_before(struct program_text *t, const char *before, struct bytes base)
{
	struct bytes release = release_of(base);
	if (before[0] != '\0') {
		t->before_len = strlen(before);
		memcpy(t->before, before, t->before_len);
		return;
	}
	/* a zero, the release, a dot */
	if (bytes_find(release, '.') == release.len || release.len > 8) {
		t->name = NULL; /* "python3" does not say which */
		return;
	}
	t->before[0] = 0;
	memcpy(t->before + 1, release.ptr, release.len);
	t->before[release.len + 1] = '.';
	t->before_len = release.len + 2;
}

void program_text_init(struct program_text *t, struct bytes path)
{
	size_t slash = bytes_find_last(path, '/');
	struct bytes base = slash == path.len ? path : bytes_from(path, slash + 1);
	*t = (struct program_text){.name = NULL};
	for (size_t i = 0; i < sizeof known / sizeof *known && !t->name; i++)
		if (fits(base, known[i].file)) {
			t->name = known[i].name;
			set_before(t, known[i].before, base);
		}
}

static bool is_version_byte(uint8_t c)
{
	return byte_is_alnum(c) || c == '.';
}

/* The version that text begins with: digits and a dot in it, ended by something else. */
static struct bytes version_at(struct bytes text, bool last)
{
	size_t n = 0;
	while (n < text.len && is_version_byte(text.ptr[n]))
		n++;
	bool ended = n < text.len || last;
	if (!ended || n == 0 || n > PROGRAM_TEXT_VERSION || !byte_is_digit(text.ptr[0]) ||
	    text.ptr[n - 1] == '.')
		return BYTES_NONE;
	return bytes_part(text, 0, n);
}

/* Of Python the release is in front, and of others a dot is needed: "nginx/1" says too little. */
static bool is_whole(const struct program_text *t, struct bytes version)
{
	return t->before[0] == 0 || bytes_find(version, '.') < version.len;
}

static void search(struct program_text *t, struct bytes b, bool last)
{
	struct bytes before = {.ptr = t->before, .len = t->before_len};
	for (size_t at; t->version_len == 0 && (at = bytes_find_bytes(b, before)) < b.len;) {
		b = bytes_from(b, at + before.len);
		struct bytes v = version_at(b, last);
		if (v.len == 0 || !is_whole(t, v))
			continue;
		memcpy(t->version, v.ptr, v.len);
		t->version_len = v.len;
	}
}

void program_text_feed(struct program_text *t, struct bytes b)
{
	if (!t->name || t->version_len > 0)
		return;
	size_t n = b.len < PROGRAM_TEXT_SEAM ? b.len : PROGRAM_TEXT_SEAM;
	memcpy(t->seam + t->seam_len, b.ptr, n);
	search(t, (struct bytes){.ptr = t->seam, .len = t->seam_len + n}, false);
	search(t, b, false);
	if (b.len >= PROGRAM_TEXT_SEAM) {
		memcpy(t->seam, b.ptr + (b.len - PROGRAM_TEXT_SEAM), PROGRAM_TEXT_SEAM);
		t->seam_len = PROGRAM_TEXT_SEAM;
		return;
	}
	size_t all = t->seam_len + n, keep = all < PROGRAM_TEXT_SEAM ? all : PROGRAM_TEXT_SEAM;
	memmove(t->seam, t->seam + (all - keep), keep);
	t->seam_len = keep;
}

void program_text_end(struct program_text *t)
{
	if (t->name && t->version_len == 0)
		search(t, (struct bytes){.ptr = t->seam, .len = t->seam_len}, true);
}

struct bytes program_text_excerpt(const struct program_text *t, uint8_t out[2 * PROGRAM_TEXT_SEAM])
{
	memcpy(out, t->before, t->before_len);
	memcpy(out + t->before_len, t->version, t->version_len);
	return (struct bytes){.ptr = out, .len = t->before_len + t->version_len};
}
