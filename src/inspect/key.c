/* Private keys in PEM: "-----BEGIN LABEL-----", headers ("Name: value") up to an empty line,
 * base64,
 * "-----END LABEL-----". Lines end in a line feed, or in the two bytes "\n" where the block stands
 * in a string of JSON. What is in the base64 is looked at, so that a template or a regular
 * expression is none: DER that is as long as it says (PKCS #1, SEC 1, PKCS #8), or OpenSSH's own
 * form. Specs: RFC 7468, RFC 1421, RFC 5958, openssh PROTOCOL.key. */
#include "inspect/parts.h"

#include <string.h>

#define BASE64_MAX 65536U /* bytes: keys of 16,384 bits take 13,000 */
#define HEAD_MAX 64U	  /* base64 bytes that are decoded: what a key begins with */
#define HEADER_LINES_MAX 8
#define GOOGLE_NEAR 2048U /* bytes in front of a service account's key */

enum form { FORM_RSA, FORM_EC, FORM_PKCS8, FORM_ENCRYPTED, FORM_OPENSSH };
static const struct {
	const char *label;
	enum form form;
} labels[] = {
    {"RSA PRIVATE KEY-----", FORM_RSA},		{"DSA PRIVATE KEY-----", FORM_RSA},
    {"EC PRIVATE KEY-----", FORM_EC},		{"PRIVATE KEY-----", FORM_PKCS8},
    {"OPENSSH PRIVATE KEY-----", FORM_OPENSSH}, {"ENCRYPTED PRIVATE KEY-----", FORM_ENCRYPTED},
};

struct body {
	uint8_t head[HEAD_MAX / 4 * 3];
	size_t head_len;
	uint64_t len;	/* of all that is encoded */
	size_t end;	/* behind it in the text */
	bool encrypted; /* a header says so */
};

/* The bytes at off that end a line, or stand in for that in a string; 0: none do. */
static size_t line_end(struct bytes text, size_t off)
{
	struct bytes b = bytes_from(text, off);
	if (b.len > 0 &&
	    (b.ptr[0] == '\n' || b.ptr[0] == '\r' || b.ptr[0] == ' ' || b.ptr[0] == '\t'))
		return 1;
	if (bytes_has_prefix_lit(b, "\\n") || bytes_has_prefix_lit(b, "\\r"))
		return 2;
	return 0;
}

static int digit_of(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (byte_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Headers of a key with a passphrase, as OpenSSL wrote them for long. */
static size_t skip_headers(struct bytes text, size_t at, struct body *b)
{
	for (int i = 0; i < HEADER_LINES_MAX; i++) {
		struct bytes line = bytes_part(text, at, 200);
		size_t end = 0;
		while (end < line.len && line_end(line, end) == 0 && line.ptr[end] != ':')
			end++;
		if (end == line.len || line.ptr[end] != ':')
			break;
		line = bytes_part(line, 0, bytes_find(line, '\n'));
		b->encrypted =
		    b->encrypted || bytes_find_bytes(line, BYTES_LIT("ENCRYPTED")) < line.len;
		at += line.len;
		for (size_t n; (n = line_end(text, at)) > 0;)
			at += n;
	}
	return at;
}

static bool read_body(struct bytes text, size_t at, struct body *b)
{
	uint32_t bits = 0;
	size_t count = 0, pads = 0;
	for (; at < text.len && count <= BASE64_MAX; at++) {
		size_t blank = line_end(text, at);
		int digit = digit_of(text.ptr[at]);
		if (blank > 0) {
			at += blank - 1;
		} else if (text.ptr[at] == '=') {
			pads++;
		} else if (digit < 0 || pads > 0) {
			break;
		} else {
			bits = bits << 6 | (uint32_t)digit;
			if (++count % 4 != 0 || count > HEAD_MAX)
				continue;
			for (int i = 2; i >= 0; i--)
				b->head[b->head_len++] = (uint8_t)(bits >> 8 * i);
		}
	}
	b->len = (uint64_t)count * 3 / 4;
	b->end = at;
	return pads <= 2 && (count + pads) % 4 == 0 && count >= HEAD_MAX && count <= BASE64_MAX;
}

/* The first element of a sequence that is as long as the whole; empty: it is none. */
static struct bytes inside(const struct body *b)
{
	struct bytes h = {.ptr = b->head, .len = b->head_len};
	if (h.len < 8 || h.ptr[0] != 0x30)
		return BYTES_NONE;
	if (h.ptr[1] < 0x80)
		return 2U + h.ptr[1] == b->len ? bytes_from(h, 2) : BYTES_NONE;
	if (h.ptr[1] == 0x81)
		return 3U + h.ptr[2] == b->len ? bytes_from(h, 3) : BYTES_NONE;
	if (h.ptr[1] == 0x82)
		return 4U + ((uint32_t)h.ptr[2] << 8 | h.ptr[3]) == b->len ? bytes_from(h, 4)
									   : BYTES_NONE;
	return BYTES_NONE;
}

static bool starts(struct bytes b, const char *start, size_t len)
{
	return b.len >= len && memcmp(b.ptr, start, len) == 0;
}

static bool is_key(const struct body *b, enum form form, bool *ret_encrypted)
{
	static const char openssh[] = "openssh-key-v1\0\0\0\0\4none";
	struct bytes head = {.ptr = b->head, .len = b->head_len};
	*ret_encrypted = b->encrypted || form == FORM_ENCRYPTED;
	switch (form) {
	case FORM_RSA:
		return b->encrypted || starts(inside(b), "\2\1\0\2", 4);
	case FORM_EC:
		return b->encrypted || starts(inside(b), "\2\1\1\4", 4);
	case FORM_PKCS8:
		return starts(inside(b), "\2\1\0\x30", 4) || starts(inside(b), "\2\1\1\x30", 4);
	case FORM_ENCRYPTED:
		return starts(inside(b), "\x30", 1);
	case FORM_OPENSSH:
		*ret_encrypted = !starts(head, openssh, sizeof openssh - 1);
		return starts(head, openssh, bytes_of("openssh-key-v1").len + 1);
	}
	return false;
}

static bool is_google(struct bytes text, size_t off)
{
	size_t from = off > GOOGLE_NEAR ? off - GOOGLE_NEAR : 0;
	struct bytes before = bytes_part(text, from, off - from);
	return bytes_find_bytes(before, BYTES_LIT("\"service_account\"")) < before.len;
}

size_t inspect_key_len(struct bytes text, size_t off, enum inspect_kind *ret_kind)
{
	struct bytes rest = bytes_from(text, off + bytes_of("-----BEGIN ").len);
	size_t i = 0, count = sizeof labels / sizeof *labels, at = text.len - rest.len;
	struct body b = {.len = 0};
	bool encrypted;
	while (i < count && !bytes_has_prefix_lit(rest, labels[i].label))
		i++;
	if (i == count)
		return 0;
	at += bytes_of(labels[i].label).len;
	for (size_t n; (n = line_end(text, at)) > 0;)
		at += n;
	at = skip_headers(text, at, &b);
	if (!read_body(text, at, &b) ||
	    !bytes_has_prefix_lit(bytes_from(text, b.end), "-----END ") ||
	    !is_key(&b, labels[i].form, &encrypted))
		return 0;
	*ret_kind = encrypted		   ? INSPECT_ENCRYPTED_KEY
		    : is_google(text, off) ? INSPECT_GOOGLE
					   : INSPECT_PRIVATE_KEY;
	return b.end - off;
}
