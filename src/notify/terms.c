#include "notify/terms.h"

#include "oci/reference.h"

#define ADDRESSES_MAX 20U
#define ADDRESS_MAX 254U /* RFC 5321 §4.5.3.1.3 */
#define CRITERIA_TEXT_MAX (256U << 10)

#define FIELD(member, kind, key, option, letter, value, ...)                                       \
	RECORD_FIELD(struct criteria, member, kind, key, __VA_ARGS__,                              \
		     .flags = RECORD_OPTIONAL | RECORD_EXACT),
static const struct record_field fields[] = {CRITERIA_OF_FINDING(FIELD)};
const struct record_object notify_criteria_object = {
    .name = "NotificationCriteria",
    .text = "Which findings; all that is given must hold",
    RECORD_TABLE(fields)};

int notify_criteria_parse(struct bytes text, struct arena *a, struct criteria *ret, struct err *e)
{
	struct json j;
	*ret = (struct criteria){0};
	if (!text.len)
		return 0;
	json_init(&j, text, a);
	if (record_read(&j, &notify_criteria_object, ret, true, e) < 0)
		return -(int)e->code;
	return json_finish(&j, e);
}

int notify_criteria_text(const struct criteria *c, struct arena *a, struct bytes *ret,
			 struct err *e)
{
	struct buf text;
	struct json_out w;
	bool ok;
	if (criteria_is_empty(c)) {
		*ret = BYTES_NONE;
		return 0;
	}
	buf_init(&text, CRITERIA_TEXT_MAX);
	json_out_init(&w, &text, false);
	record_put(&w, NULL, &notify_criteria_object, c);
	*ret = arena_bytes(a, buf_bytes(&text), &ok);
	ok = ok && buf_ok(&text);
	buf_free(&text);
	return ok ? 0 : err_set(e, ERR_LIMIT, "criteria: they are too long");
}

static bool is_visible(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] <= ' ' || text.ptr[i] >= 0x7f)
			return false;
	return text.len > 0;
}

/* The host and port of a URL, and where they end. */
static struct bytes authority_of(struct bytes url, size_t *ret_end)
{
	size_t from = bytes_has_prefix_lit(url, "https://")  ? 8
		      : bytes_has_prefix_lit(url, "http://") ? 7
							     : 0;
	struct bytes rest = bytes_from(url, from);
	size_t n = 0;
	while (from && n < rest.len && rest.ptr[n] != '/' && rest.ptr[n] != '?' &&
	       rest.ptr[n] != '#')
		n++;
	*ret_end = from + n;
	return bytes_part(rest, 0, n);
}

static int check_url(struct bytes url, struct err *e)
{
	size_t end;
	struct bytes host = authority_of(url, &end);
	if (!is_visible(url) || url.len > STORE_NOTIFICATION_TARGET_MAX || !ref_is_host(host) ||
	    bytes_find(url, '#') < url.len)
		return err_set(e, ERR_FORMAT,
			       "url: it is not https://HOST[:PORT]/PATH of at most %u bytes",
			       STORE_NOTIFICATION_TARGET_MAX);
	return 0;
}

/* Letters, digits and what RFC 5321 allows of an atom, then a host. */
static bool is_address(struct bytes text)
{
	static const char others[] = "!#$%&'*+-/=?^_`{|}~.";
	size_t at = bytes_find(text, '@');
	if (at == 0 || at >= text.len || text.len > ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < at; i++) {
		uint8_t c = text.ptr[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
		if (!plain && bytes_find(bytes_of(others), c) >= sizeof others - 1)
			return false;
	}
	struct bytes host = bytes_from(text, at + 1);
	return ref_is_host(host) && bytes_find(host, ':') == host.len &&
	       bytes_find(host, '[') == host.len;
}

static int check_addresses(struct bytes list, struct err *e)
{
	size_t n = 0;
	/* The list is a header of each mail as it is. */
	for (size_t i = 0; i < list.len; i++)
		if (list.ptr[i] < ' ')
			return err_set(e, ERR_FORMAT, "recipients: a control character");
	while (list.len) {
		struct bytes one = bytes_trim(bytes_cut(&list, ','));
		if (!is_address(one))
			return err_set(e, ERR_FORMAT, "recipients: \"%.*s\" is not NAME@HOST",
				       BYTES_ARG(bytes_part(one, 0, 200)));
		n++;
	}
	return n >= 1 && n <= ADDRESSES_MAX
		   ? 0
		   : err_set(e, ERR_FORMAT, "recipients: 1 to %u addresses are needed",
			     ADDRESSES_MAX);
}

int notify_target_check(enum store_notification_kind kind, struct bytes target, struct err *e)
{
	return kind == STORE_NOTIFY_WEBHOOK ? check_url(target, e) : check_addresses(target, e);
}

struct bytes notify_target_origin(struct bytes url)
{
	size_t end;
	(void)authority_of(url, &end);
	return bytes_part(url, 0, end);
}
