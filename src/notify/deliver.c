/* Sending: a webhook is a POST of a CloudEvent (structured mode), signed over "TIMESTAMP.BODY"; a
 * mail says the same in words. What a receiver replies is not kept, but its status. */
#include "notify/notify_impl.h"

#include "access/access.h"
#include "access/secret.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "connect/fetch.h"
#include "notify/terms.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define LEASE_MS 60000	 /* a server that ended while it sent: the message is sent again then */
#define TOTAL_SEC 20U	 /* a receiver has so long */
#define REPLY_MAX 65536U /* bytes of its reply */
#define RETRY_AFTER_MAX_SEC 3600U
#define PASSWORD_MAX 1024U
#define RECIPIENTS_MAX 20U

struct sending {
	struct notifier *n;
	struct arena a;
	struct store_delivery d;
	struct store_notification to;
	unsigned retry_after_sec;
};

/* Before the next attempt, by how many there were. */
static int64_t pause_of(const struct sending *s)
{
	static const int64_t seconds[] = {10, 30, 60, 120, 300, 900, 1800};
	size_t count = sizeof seconds / sizeof *seconds;
	size_t at = s->d.attempts > 0 ? (size_t)s->d.attempts - 1 : 0;
	int64_t ms = (at < count ? seconds[at] : 3600) * 1000;
	int64_t asked = (int64_t)(s->retry_after_sec < RETRY_AFTER_MAX_SEC ? s->retry_after_sec
									   : RETRY_AFTER_MAX_SEC) *
			1000;
	return ms > asked ? ms : asked;
}

static int claim_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct sending *s = arg;
	return store_delivery_claim(tx, clock_wall_ms(), LEASE_MS, &s->a, &s->d, &s->to, e);
}

static int end_tx(struct db_tx *tx, void *arg, struct err *e)
{
	const struct sending *s = arg;
	return store_delivery_end(tx, &s->d, e);
}

/* What a message says its author must be able to read now: rights end without a word to us. */
static int check_author_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct sending *s = arg;
	struct bytes paused;
	if (notify_paused(tx, &s->to, &s->a, &paused, e) < 0)
		return -(int)e->code;
	return paused.len ? err_set(e, ERR_DENIED, "paused: %.*s", BYTES_ARG(paused)) : 0;
}

static int due_tx(struct db_tx *tx, void *arg, struct err *e)
{
	return store_delivery_next(tx, arg, e);
}

/* "sha256=HEX" over "TIMESTAMP.BODY"; empty without a secret. */
static int sign(struct sending *s, struct bytes body, int64_t seconds, struct buf *out,
		struct err *e)
{
	struct buf key, text;
	uint8_t hash[SECRET_HASH_LEN] = {0};
	if (!s->to.sealed.len)
		return 0;
	buf_init(&key, 65536);
	buf_init(&text, 2 * NOTIFY_MESSAGE_MAX);
	int r = access_unseal(s->n->o.access, BYTES_LIT(NOTIFY_SEALED_FOR), s->to.sealed, &key, e);
	buf_printf(&text, "%lld.", (long long)seconds);
	buf_put(&text, body);
	if (r == 0 && !buf_ok(&text))
		r = err_nomem(e);
	if (r == 0)
		r = secret_hmac(buf_bytes(&key), buf_bytes(&text), hash, e);
	if (key.len)
		secret_wipe(key.ptr, key.len);
	buf_free(&key);
	buf_free(&text);
	if (r < 0)
		return err_ctx(e, "the secret");
	buf_printf(out, "X-Signature-256: sha256=");
	for (size_t i = 0; i < sizeof hash; i++)
		buf_printf(out, "%02x", hash[i]);
	return buf_ok(out) ? 0 : err_nomem(e);
}

/* Plain HTTP only to receivers that the operator listed. */
static int check_scheme(const struct sending *s, struct err *e)
{
	struct bytes origin = notify_target_origin(s->to.target);
	if (!bytes_has_prefix_lit(origin, "http://"))
		return 0;
	struct bytes host = bytes_from(origin, 7);
	if (reach_has_authority(s->n->o.reach, host))
		return 0;
	return err_set(e, ERR_DENIED,
		       "plain HTTP: the server's setting notify-allow must list the host");
}

static int post(struct sending *s, struct bytes body, struct err *e)
{
	struct buf signature, text;
	struct fetch_reply reply = {0};
	char at[64], number[64];
	int64_t seconds = clock_wall_ms() / 1000;
	const char *url = arena_cstr(&s->a, s->to.target);
	buf_init(&signature, 256);
	buf_init(&text, 2 * NOTIFY_MESSAGE_MAX);
	buf_put(&text, body);
	(void)snprintf(at, sizeof at, "X-Signature-Timestamp: %lld", (long long)seconds);
	(void)snprintf(number, sizeof number, "X-Plimsoll-Delivery: %lld", (long long)s->d.id);
	int r = url && buf_ok(&text) ? sign(s, body, seconds, &signature, e) : err_nomem(e);
	if (r == 0) {
		const char *headers[] = {
		    "Content-Type: application/cloudevents+json; charset=utf-8",
		    "Expect:",
		    at,
		    number,
		    signature.len ? buf_cstr(&signature) : NULL,
		    NULL};
		const struct fetch f = {.url = url,
					.headers = headers,
					.body = buf_cstr(&text),
					.method = "POST",
					.max = REPLY_MAX,
					.stall_sec = TOTAL_SEC,
					.total_sec = TOTAL_SEC,
					.out_fd = -1,
					.reach = s->n->o.reach,
					.no_redirects = true,
					.stop = &s->n->stopping};
		r = fetch_run(&f, &reply, e);
		s->retry_after_sec = reply.retry_after_sec;
		if (r == 0 && (reply.status < 200 || reply.status > 299))
			r = err_set(e, ERR_IO, "the receiver answered %ld%s", reply.status,
				    reply.status >= 300 && reply.status < 400
					? ", a redirect, which is not followed"
					: "");
		fetch_reply_free(&reply);
	}
	buf_free(&signature);
	buf_free(&text);
	return r;
}

#define DEPTH_MAX 32U /* of a message: ours have 5 */

/* JSON of ours as lines: "key: value", what is inside indented, each item of a list after "-". */
struct lines {
	struct buf *out;
	unsigned depth;	 /* of what is open */
	uint64_t arrays; /* by depth */
	bool key;	 /* a string here is one */
};

static void begin_line(struct lines *l)
{
	bool item = l->arrays >> l->depth & 1;
	buf_printf(l->out, "\r\n%*s%s", l->depth ? (int)(2 * (l->depth - 1)) : 0, "",
		   item ? "- " : "");
	l->key = !item;
}

static void open_one(struct lines *l, bool is_array)
{
	bool in_item = l->arrays >> l->depth & 1;
	if (l->depth < DEPTH_MAX)
		l->depth++;
	l->arrays &= ~(UINT64_C(1) << l->depth);
	l->arrays |= (uint64_t)is_array << l->depth;
	l->key = !is_array;
	if (is_array || !in_item)
		begin_line(l);
}

/* Where the string that begins at i ends: behind its quote. */
static size_t string_end(struct bytes text, size_t i)
{
	for (i++; i < text.len && text.ptr[i] != '"'; i++)
		i += text.ptr[i] == '\\';
	return i < text.len ? i + 1 : text.len;
}

static void put_text_lines(struct buf *out, struct bytes text)
{
	struct lines l = {.out = out};
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (c == '"') {
			size_t end = string_end(text, i), cut = l.key && end - i >= 2;
			buf_put(out, bytes_part(text, i + cut, end - i - 2 * cut));
			i = end - 1;
		} else if (c == '{' || c == '[') {
			open_one(&l, c == '[');
		} else if (c == '}' || c == ']') {
			l.depth -= l.depth > 0;
		} else if (c == ',') {
			begin_line(&l);
		} else if (c == ':') {
			buf_printf(out, ": ");
			l.key = false;
		} else {
			buf_put(out, bytes_part(text, i, 1));
		}
	}
	buf_printf(out, "\r\n");
}

/* The members of data. */
static void put_lines(struct buf *out, struct bytes body, struct arena *a)
{
	struct json j;
	json_init(&j, body, a);
	if (!json_enter_object(&j))
		return;
	for (struct bytes key; json_next_key(&j, &key);) {
		struct bytes value = json_raw(&j);
		if (bytes_eq_lit(key, "data"))
			put_text_lines(out, value);
	}
}

/* RFC 5322 §3.3. */
static void mail_date(int64_t ms, char *out, size_t cap)
{
	struct tm tm;
	time_t seconds = (time_t)(ms / 1000);
	if (!gmtime_r(&seconds, &tm) || strftime(out, cap, "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0)
		*out = '\0';
}

/* RFC 5322, the body as base64 (RFC 2045 §6.8), so that no line of it is too long or special. */
static int mail_text(struct sending *s, struct bytes body, struct buf *out, struct err *e)
{
	struct buf plain;
	char date[64];
	buf_init(&plain, 2 * NOTIFY_MESSAGE_MAX);
	buf_printf(&plain, "%.*s\r\n\r\n", BYTES_ARG(s->d.subject));
	put_lines(&plain, body, &s->a);
	buf_printf(&plain,
		   "\r\nMessage %lld of the notification \"%.*s\" (%lld) of a Plimsoll server.\r\n",
		   (long long)s->d.id, BYTES_ARG(s->to.name), (long long)s->to.id);
	mail_date(s->d.created_at, date, sizeof date);
	const char *at = strchr(s->n->o.smtp_from, '@');
	buf_printf(out,
		   "Date: %s\r\nFrom: Plimsoll <%s>\r\nTo: %.*s\r\nMessage-ID: <%lld.%lld%s>\r\n",
		   date, s->n->o.smtp_from, BYTES_ARG(s->to.target), (long long)s->d.id,
		   (long long)s->d.created_at, at ? at : "@plimsoll");
	buf_printf(out, "Subject: =?utf-8?B?");
	base64_put(BASE64_STANDARD, bytes_part(s->d.subject, 0, 120), out);
	buf_printf(out,
		   "?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		   "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
	struct bytes rest = buf_bytes(&plain);
	for (size_t i = 0; i < rest.len; i += 57) { /* 76 characters */
		base64_put(BASE64_STANDARD,
			   bytes_part(rest, i, rest.len - i < 57 ? rest.len - i : 57), out);
		buf_printf(out, "\r\n");
	}
	bool ok = buf_ok(&plain) && buf_ok(out);
	buf_free(&plain);
	return ok ? 0 : err_nomem(e);
}

static int read_password(const struct notifier *n, struct buf *out, struct err *e)
{
	if (!*n->o.smtp_password_file)
		return 0;
	if (io_read_file(n->o.smtp_password_file, out, e) < 0)
		return err_ctx(e, "smtp-password-file");
	while (out->len && (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == '\r'))
		out->len--;
	return 0;
}

static int mail(struct sending *s, struct bytes body, struct err *e)
{
	const struct notifier *n = s->n;
	const char *to[RECIPIENTS_MAX + 1] = {NULL};
	struct bytes list = s->to.target;
	struct buf text, password;
	if (!*n->o.smtp_url || !*n->o.smtp_from)
		return err_set(e, ERR_UNSUPPORTED,
			       "no mail is sent: the server's settings smtp-url and smtp-from are "
			       "needed");
	for (size_t i = 0; list.len && i < RECIPIENTS_MAX; i++) {
		to[i] = arena_cstr(&s->a, bytes_trim(bytes_cut(&list, ',')));
		if (!to[i])
			return err_nomem(e);
	}
	buf_init(&text, 4 * NOTIFY_MESSAGE_MAX);
	buf_init(&password, PASSWORD_MAX);
	int r = mail_text(s, body, &text, e);
	if (r == 0)
		r = read_password(n, &password, e);
	if (r == 0)
		r = fetch_mail_send(&(struct fetch_mail){.url = n->o.smtp_url,
							 .username = n->o.smtp_username,
							 .password = buf_cstr(&password),
							 .plain = n->o.smtp_plain,
							 .from = n->o.smtp_from,
							 .recipients = to,
							 .text = buf_bytes(&text),
							 .total_sec = TOTAL_SEC,
							 .stop = &n->stopping},
				    e);
	if (password.len)
		secret_wipe(password.ptr, password.len);
	buf_free(&password);
	buf_free(&text);
	return r;
}

/* The path of a URL may be a secret: it is not in an error that others read. */
static struct bytes without_url(const struct sending *s, const char *text)
{
	struct bytes t = bytes_of(text);
	if (s->to.kind != STORE_NOTIFY_WEBHOOK || !bytes_has_prefix(t, s->to.target))
		return t;
	t = bytes_from(t, s->to.target.len);
	return bytes_has_prefix_lit(t, ": ") ? bytes_from(t, 2) : t;
}

static void settle(struct sending *s, int r, const struct err *why)
{
	int64_t now = clock_wall_ms();
	s->d.error = r < 0 ? without_url(s, why->msg) : BYTES_NONE;
	s->d.state = STORE_DELIVERY_DONE;
	s->d.ended_at = now;
	if (r == 0)
		return;
	bool over = now - s->d.created_at >= NOTIFY_GIVE_UP_MS;
	s->d.state = over ? STORE_DELIVERY_FAILED : STORE_DELIVERY_WAITING;
	s->d.ended_at = over ? now : 0;
	s->d.next_at = now + (r == -ERR_CANCELLED ? 0 : pause_of(s));
	log_line(LOG_WARN, "notification %lld: message %lld, attempt %lld: %.*s%s",
		 (long long)s->to.id, (long long)s->d.id, (long long)s->d.attempts,
		 BYTES_ARG(s->d.error), over ? "; given up" : "");
}

static int send_one(struct sending *s, struct err *e)
{
	struct buf body;
	struct err why = ERR_INIT;
	buf_init(&body, 2 * NOTIFY_MESSAGE_MAX);
	int r = db_run(s->n->o.db, DB_READ, check_author_tx, s, &why);
	if (r == 0)
		r = notify_message_with_id(s->d.body, s->d.id, &body, &why);
	if (r == 0 && s->to.kind == STORE_NOTIFY_WEBHOOK)
		r = check_scheme(s, &why);
	if (r == 0)
		r = s->to.kind == STORE_NOTIFY_WEBHOOK ? post(s, buf_bytes(&body), &why)
						       : mail(s, buf_bytes(&body), &why);
	buf_free(&body);
	settle(s, r, &why);
	r = db_run(s->n->o.db, DB_WRITE, end_tx, s, e);
	return r < 0 ? r : 1;
}

int notify_deliver_one(struct notifier *n, struct err *e)
{
	struct sending s = {.n = n};
	int64_t at = 0;
	int r = db_run(n->o.db, DB_READ, due_tx, &at, e);
	if (r < 0 || at == 0 || at > clock_wall_ms())
		return r < 0 ? r : 0;
	arena_init(&s.a, 16U << 20);
	r = db_run(n->o.db, DB_WRITE, claim_tx, &s, e);
	if (r > 0)
		r = send_one(&s, e);
	arena_free(&s.a);
	return r;
}
