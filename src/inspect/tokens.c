/* Secrets with a shape of their own: a start that is always the same, then so many bytes of an
 * alphabet, and a checksum where there is one. Sources: GitHub, "Behind GitHub's new authentication
 * token formats" and npm's of the same form (CRC-32 of the random part, base 62, in the last six
 * bytes); GitLab, "Token overview"; Slack, "Token types"; PyPI, "Token format" (a macaroon for
 * pypi.org); AWS, "IAM identifiers" (an id is base 32); Stripe, "API keys". */
#include "base/base64.h"
#include "base/json.h"
#include "inspect/parts.h"

size_t inspect_run(struct bytes text, size_t off, const char *set)
{
	struct bytes more = bytes_from(bytes_of(set), 1);
	size_t at = off, end = off < text.len ? off : text.len;
	end += text.len - end < INSPECT_RUN_MAX ? text.len - end : INSPECT_RUN_MAX;
	while (at < end &&
	       (byte_is_alnum(text.ptr[at]) || bytes_find(more, text.ptr[at]) < more.len))
		at++;
	return at - off;
}

static bool has_nocase(struct bytes text, const char *word)
{
	struct bytes w = bytes_of(word);
	for (size_t i = 0; i + w.len <= text.len; i++)
		if (bytes_eq_nocase(bytes_part(text, i, w.len), w))
			return true;
	return false;
}

static size_t distinct(struct bytes b)
{
	bool seen[256] = {false};
	size_t n = 0;
	for (size_t i = 0; i < b.len; i++) {
		n += !seen[b.ptr[i]];
		seen[b.ptr[i]] = true;
	}
	return n;
}

bool inspect_is_random(struct bytes b)
{
	static const char *const words[] = {"example",	"xxxxx",       "redacted", "your",
					    "changeme", "placeholder", "secret",   "token",
					    "dummy",	"fake",	       "sample"};
	size_t series = 0;
	if (b.len < 8)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (has_nocase(b, words[i]))
			return false;
	for (size_t i = 1; i < b.len; i++)
		series += b.ptr[i] == b.ptr[i - 1] + 1 || b.ptr[i] == b.ptr[i - 1];
	return series * 4 < b.len && distinct(b) * 5 > 2 * (b.len < 40 ? b.len : 40);
}

static bool is_word(uint8_t c)
{
	return byte_is_alnum(c) || c == '_';
}

/* Nothing of a longer word is in front of it. */
static bool begins(struct bytes text, size_t off)
{
	return off == 0 || !is_word(text.ptr[off - 1]);
}

/* CRC-32 as in zip, of few bytes. */
static uint32_t crc32_of(struct bytes b)
{
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < b.len; i++) {
		crc ^= b.ptr[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~crc;
}

/* The last six bytes are the checksum of those before. */
static bool has_checksum(struct bytes secret)
{
	static const char digits[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	struct bytes sum = bytes_from(secret, secret.len - 6);
	uint32_t crc = crc32_of(bytes_part(secret, 0, secret.len - 6));
	for (size_t i = 6; i-- > 0; crc /= 62)
		if (sum.ptr[i] != (uint8_t)digits[crc % 62])
			return false;
	return crc == 0;
}

/* "ghp_" and 36 bytes; "npm_" the same. */
static size_t checked_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	(void)kind;
	if (!begins(text, off) || inspect_run(text, off + 4, "a") != 36)
		return 0;
	return has_checksum(bytes_part(text, off + 4, 36)) ? 40 : 0;
}

/* "ghs_" of an app's installation: shorter ones had the same sum; newer ones are signed tokens. */
static size_t fine_grained_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	const size_t start = bytes_of("github_pat_").len;
	(void)kind;
	if (!begins(text, off) || inspect_run(text, off + start, "a") != 22 ||
	    inspect_run(text, off + start, "a_") != 82)
		return 0;
	return inspect_is_random(bytes_part(text, off + start, 82)) ? start + 82 : 0;
}

/* "glpat-" and 20 bytes, or more, a point, two bytes, a point and seven. */
static size_t gitlab_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	const size_t start = bytes_of("glpat-").len;
	size_t n = inspect_run(text, off + start, "a_-"), more = 0;
	(void)kind;
	if (off + start + n < text.len && text.ptr[off + start + n] == '.')
		more = inspect_run(text, off + start + n, "a.");
	if (!begins(text, off) || (more ? n < 27 || n > 300 : n != 20))
		return 0;
	return inspect_is_random(bytes_part(text, off + start, n)) ? start + n + more : 0;
}

/* "xoxb-123456789012-123456789012-" and 24 bytes, with more numbers or fewer. */
static size_t slack_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	size_t n = inspect_run(text, off, "a-");
	struct bytes rest = bytes_part(text, off + 5, n > 5 ? n - 5 : 0);
	struct bytes number = bytes_cut(&rest, '-');
	(void)kind;
	if (!begins(text, off) || number.len < 9 || inspect_run(number, 0, "a") != number.len)
		return 0;
	for (size_t i = 0; i < number.len; i++)
		if (!byte_is_digit(number.ptr[i]))
			return 0;
	size_t last = bytes_find_last(rest, '-');
	struct bytes secret = last < rest.len ? bytes_from(rest, last + 1) : rest;
	return secret.len >= 24 && inspect_is_random(secret) ? n : 0;
}

/* "hooks.slack.com/services/T…/B…/" and 24 bytes. */
static size_t webhook_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	const size_t start = bytes_of("hooks.slack.com/services/").len;
	size_t n = inspect_run(text, off + start, "a/");
	struct bytes rest = bytes_part(text, off + start, n);
	struct bytes team = bytes_cut(&rest, '/'), hook = bytes_cut(&rest, '/');
	(void)kind;
	bool is = team.len >= 9 && team.ptr[0] == 'T' && hook.len >= 9 && hook.ptr[0] == 'B' &&
		  rest.len == 24 && inspect_is_random(rest);
	return is ? start + n : 0;
}

/* A macaroon whose location is pypi.org or test.pypi.org. */
static size_t pypi_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	struct bytes b = bytes_from(text, off);
	size_t n = inspect_run(text, off, "a_-");
	(void)kind;
	if (!begins(text, off) || n < 90 ||
	    !(bytes_has_prefix_lit(b, "pypi-AgEIcHlwaS5vcmc") ||
	      bytes_has_prefix_lit(b, "pypi-AgENdGVzdC5weXBpLm9yZw")))
		return 0;
	return inspect_is_random(bytes_part(text, off + 27, n - 27)) ? n : 0;
}

static bool has_all(struct bytes b)
{
	bool lower = false, upper = false, digit = false;
	for (size_t i = 0; i < b.len; i++) {
		digit = digit || byte_is_digit(b.ptr[i]);
		lower = lower || (b.ptr[i] >= 'a' && b.ptr[i] <= 'z');
		upper = upper || (b.ptr[i] >= 'A' && b.ptr[i] <= 'Z');
	}
	return lower && upper && digit;
}

/* An access key's secret is 40 bytes without a sign of its own: it counts next to an id. */
static size_t aws_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	const size_t near = 400, secret = 40;
	struct bytes id = bytes_part(text, off, 20);
	(void)kind;
	if (!begins(text, off) || inspect_run(text, off, "a_") != 20 ||
	    !inspect_is_random(bytes_from(id, 4)))
		return 0;
	for (size_t i = 4; i < id.len; i++)
		if (!(id.ptr[i] >= 'A' && id.ptr[i] <= 'Z') &&
		    !(id.ptr[i] >= '2' && id.ptr[i] <= '7'))
			return 0;
	size_t from = off > near ? off - near : 0,
	       to = off + near < text.len ? off + near : text.len;
	struct bytes window = bytes_part(text, from, to - from);
	/* what is cut at the window's start is no run of its own */
	for (size_t at = from > 0 ? inspect_run(window, 0, "a/+") : 0; at < window.len;) {
		size_t n = inspect_run(window, at, "a/+");
		struct bytes run = bytes_part(window, at, n);
		if (n == secret && has_all(run) && inspect_is_random(run))
			return 20;
		at += n + 1;
	}
	return 0;
}

/* 64 bytes; that of the storage emulator is everybody's. */
static size_t azure_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	const size_t start = bytes_of("AccountKey=").len;
	size_t n = inspect_run(text, off + start, "a/+");
	struct bytes key = bytes_part(text, off + start, n);
	(void)kind;
	if (n != 86 || !bytes_has_prefix_lit(bytes_from(text, off + start + n), "==") ||
	    bytes_has_prefix_lit(key,
				 "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6"))
		return 0;
	return has_all(key) && inspect_is_random(key) ? start + n + 2 : 0;
}

static size_t stripe_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	size_t n = inspect_run(text, off + 8, "a");
	(void)kind;
	bool is = begins(text, off) && n >= 24 && n <= 247 &&
		  has_all(bytes_part(text, off + 8, n)) &&
		  inspect_is_random(bytes_part(text, off + 8, n));
	return is ? n + 8 : 0;
}

#define JWT_HEADER_MAX 512U
/* The header names the key that signed it: {"alg":"RS256","kid":"…"}. */
static bool names_key(struct bytes header)
{
	uint8_t text[JWT_HEADER_MAX];
	size_t len = 0;
	struct json j;
	bool is_signed = false, named = false;
	if (header.len > sizeof text || !base64_decode(BASE64_URL, header, text, &len))
		return false;
	json_init(&j, (struct bytes){.ptr = text, .len = len}, NULL);
	if (!json_enter_object(&j))
		return false;
	for (struct bytes key; json_next_key(&j, &key);) {
		bool alg = bytes_eq_lit(key, "alg"), kid = bytes_eq_lit(key, "kid");
		if (!alg && !kid) {
			json_skip(&j);
			continue;
		}
		struct bytes v = json_string(&j);
		is_signed =
		    is_signed || (alg && v.len > 0 && !bytes_eq_nocase(v, BYTES_LIT("none")));
		named = named || (kid && v.len > 0);
	}
	return json_ok(&j) && is_signed && named;
}

static size_t jwt_len(struct bytes text, size_t off, enum inspect_kind *kind)
{
	size_t n = inspect_run(text, off, "a_-.");
	struct bytes rest = bytes_part(text, off, n);
	struct bytes header = bytes_cut(&rest, '.'), claims = bytes_cut(&rest, '.');
	(void)kind;
	bool is = begins(text, off) && bytes_has_prefix_lit(claims, "eyJ") && rest.len >= 43 &&
		  bytes_find(rest, '.') == rest.len && names_key(header) &&
		  inspect_is_random(bytes_part(rest, 0, 64));
	return is ? n : 0;
}

const struct inspect_token inspect_tokens[] = {
    {"ghp_", checked_len, INSPECT_GITHUB},
    {"gho_", checked_len, INSPECT_GITHUB},
    {"ghu_", checked_len, INSPECT_GITHUB},
    {"ghs_", checked_len, INSPECT_GITHUB},
    {"ghr_", checked_len, INSPECT_GITHUB},
    {"github_pat_", fine_grained_len, INSPECT_GITHUB},
    {"glpat-", gitlab_len, INSPECT_GITLAB},
    {"xoxb-", slack_len, INSPECT_SLACK},
    {"xoxp-", slack_len, INSPECT_SLACK},
    {"xoxa-", slack_len, INSPECT_SLACK},
    {"xoxr-", slack_len, INSPECT_SLACK},
    {"xoxs-", slack_len, INSPECT_SLACK},
    {"hooks.slack.com/services/", webhook_len, INSPECT_SLACK},
    {"npm_", checked_len, INSPECT_NPM},
    {"pypi-AgE", pypi_len, INSPECT_PYPI},
    {"AKIA", aws_len, INSPECT_AWS},
    {"ASIA", aws_len, INSPECT_AWS},
    {"AccountKey=", azure_len, INSPECT_AZURE},
    {"sk_live_", stripe_len, INSPECT_STRIPE},
    {"rk_live_", stripe_len, INSPECT_STRIPE},
    {"-----BEGIN ", inspect_key_len, INSPECT_PRIVATE_KEY},
    {"eyJh", jwt_len, INSPECT_JWT},
    {"eyJ0", jwt_len, INSPECT_JWT},
    {"eyJr", jwt_len, INSPECT_JWT},
};
_Static_assert(sizeof inspect_tokens / sizeof *inspect_tokens <= INSPECT_TOKENS_MAX,
	       "space for all starts");
const size_t inspect_token_count = sizeof inspect_tokens / sizeof *inspect_tokens;
