#include "notify/message.h"

#include "base/clock.h"

#include <stdio.h>

#define ID "{\"specversion\":\"1.0\",\"id\":\""

void notify_message_begin(struct notify_message *m, const struct store_notification *to)
{
	char source[64];
	buf_init(&m->text, NOTIFY_MESSAGE_MAX);
	json_out_init(&m->w, &m->text, false);
	(void)snprintf(source, sizeof source, "/api/v1/notifications/%lld", (long long)to->id);
	json_put_object(&m->w, NULL);
	json_put_text(&m->w, "type", m->type);
	json_put_text(&m->w, "source", source);
	json_put_string(&m->w, "subject", m->subject);
	json_put_time(&m->w, "time", m->at);
	json_put_text(&m->w, "datacontenttype", "application/json");
	json_put_object(&m->w, "data");
	json_put_i64(&m->w, "notification", to->id);
	json_put_string(&m->w, "name", to->name);
	json_put_string(&m->w, "text", m->subject);
}

int notify_message_end(struct notify_message *m, struct arena *a, struct store_delivery *x,
		       struct err *e)
{
	bool ok, ok2;
	json_put_end(&m->w, '}');
	json_put_end(&m->w, '}');
	x->event = bytes_of(m->type);
	x->subject = arena_bytes(a, m->subject, &ok);
	x->body = arena_bytes(a, buf_bytes(&m->text), &ok2);
	bool fits = buf_ok(&m->text);
	buf_free(&m->text);
	if (!ok || !ok2)
		return err_set(e, ERR_NOMEM, "no memory for a message");
	return fits ? 0
		    : err_set(e, ERR_LIMIT, "a message of more than %u bytes", NOTIFY_MESSAGE_MAX);
}

int notify_message_with_id(struct bytes text, int64_t id, struct buf *out, struct err *e)
{
	buf_printf(out, ID "%lld\",", (long long)id);
	buf_put(out, bytes_from(text, 1));
	return text.len > 1 && buf_ok(out) ? 0 : err_set(e, ERR_NOMEM, "no memory for a message");
}

void notify_put_link(struct notify_message *m, const char *key, const char *path)
{
	char text[2048];
	struct bytes url = bytes_of(m->url);
	if (url.len && url.ptr[url.len - 1] == '/')
		url = bytes_part(url, 0, url.len - 1);
	int n = snprintf(text, sizeof text, "%.*s%s", BYTES_ARG(url), path);
	if (n > 0 && (size_t)n < sizeof text)
		json_put_text(&m->w, key, text);
}

int notify_test_message(const struct store_notification *to, struct arena *a,
			struct store_delivery *ret, struct err *e)
{
	struct notify_message m = {.type = NOTIFY_TYPE("test"),
				   .subject =
				       BYTES_LIT("A test: messages of this notification arrive"),
				   .at = clock_wall_ms()};
	notify_message_begin(&m, to);
	return notify_message_end(&m, a, ret, e);
}
