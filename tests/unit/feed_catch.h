/* feed_catch: a sink that writes down what an importer sends, one fact a line, so that a test can
 * state it whole. Each record goes through the serialised form first. */
#pragma once
#include "feed/feed.h"

struct feed_catch {
	struct buf text;
	size_t advisories, exploits, notes;
	bool refuse; /* answer -ERR_CANCELLED to everything */
};

static inline void catch_field(struct buf *out, const char *name, struct bytes v)
{
	if (v.len > 0)
		buf_printf(out, " %s=%.*s", name, BYTES_ARG(v));
}

static inline void catch_list(struct buf *out, const char *name, const struct bytes *list,
			      size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s %.*s\n", name, BYTES_ARG(list[i]));
}

static inline void catch_affected(struct buf *out, const struct adv_affected *f)
{
	static const char *const kinds[] = {"introduced", "fixed", "last_affected", "limit"};
	buf_printf(out, " affected %.*s %.*s %s %s", BYTES_ARG(f->ecosystem), BYTES_ARG(f->name),
		   f->keyed == ADV_BY_SOURCE ? "source" : "binary", adv_status_word(f->status));
	catch_field(out, "arches", f->arches);
	catch_field(out, "module", f->module);
	catch_field(out, "severity", f->severity_text);
	catch_field(out, "vendor_id", f->vendor_id);
	buf_put_u8(out, '\n');
	for (size_t i = 0; i < f->event_count; i++)
		buf_printf(out, "  %u %s %.*s\n", f->events[i].range, kinds[f->events[i].kind],
			   BYTES_ARG(f->events[i].version));
	catch_list(out, "  version", f->versions, f->version_count);
}

static inline void catch_write(struct buf *out, const struct adv *a)
{
	buf_printf(out, "advisory %.*s %.*s %s", BYTES_ARG(a->feed), BYTES_ARG(a->id),
		   adv_severity_word(a->severity));
	catch_field(out, "word", a->severity_text);
	if (a->published_ms)
		buf_printf(out, " published=%lld", (long long)a->published_ms);
	if (a->modified_ms)
		buf_printf(out, " modified=%lld", (long long)a->modified_ms);
	if (a->withdrawn_ms)
		buf_printf(out, " withdrawn=%lld", (long long)a->withdrawn_ms);
	buf_put_u8(out, '\n');
	catch_list(out, " alias", a->aliases, a->alias_count);
	if (a->summary.len > 0)
		buf_printf(out, " summary %.*s\n", BYTES_ARG(a->summary));
	if (a->details.len > 0)
		buf_printf(out, " details %.*s\n", BYTES_ARG(a->details));
	catch_list(out, " cvss", a->cvss, a->cvss_count);
	catch_list(out, " cwe", a->cwes, a->cwe_count);
	for (size_t i = 0; i < a->reference_count; i++)
		buf_printf(out, " reference %.*s %.*s\n", BYTES_ARG(a->references[i].type),
			   BYTES_ARG(a->references[i].url));
	for (size_t i = 0; i < a->affected_count; i++)
		catch_affected(out, &a->affected[i]);
}

static inline int catch_advisory(void *arg, const struct adv *a, struct err *e)
{
	struct feed_catch *c = arg;
	struct arena arena;
	struct buf form;
	struct adv back;
	if (c->refuse)
		return err_set(e, ERR_CANCELLED, "refused");
	arena_init(&arena, 64U << 20);
	buf_init(&form, 64U << 20);
	adv_put(&form, a);
	int rc = buf_ok(&form) ? adv_take(buf_bytes(&form), &arena, &back, e)
			       : err_set(e, ERR_NOMEM, "no memory");
	if (rc == 0) {
		c->advisories++;
		catch_write(&c->text, &back);
		rc = buf_ok(&c->text) ? 0 : err_set(e, ERR_NOMEM, "no memory");
	}
	buf_free(&form);
	arena_free(&arena);
	return rc;
}

static inline int catch_exploit(void *arg, const struct adv_exploit *x, struct err *e)
{
	struct feed_catch *c = arg;
	struct buf form;
	struct adv_exploit back;
	if (c->refuse)
		return err_set(e, ERR_CANCELLED, "refused");
	buf_init(&form, 1U << 20);
	adv_exploit_put(&form, x);
	int rc = buf_ok(&form) ? adv_exploit_take(buf_bytes(&form), &back, e)
			       : err_set(e, ERR_NOMEM, "no memory");
	if (rc == 0) {
		c->exploits++;
		buf_printf(&c->text, "exploit %.*s kev=%d ransomware=%d", BYTES_ARG(back.cve),
			   back.kev, back.ransomware);
		if (back.kev_lists)
			buf_printf(&c->text, " lists=%u", back.kev_lists);
		if (back.kev_added_ms)
			buf_printf(&c->text, " added=%lld", (long long)back.kev_added_ms);
		if (back.kev_due_ms)
			buf_printf(&c->text, " due=%lld by=%u", (long long)back.kev_due_ms,
				   back.kev_due_list);
		catch_field(&c->text, "name", back.kev_name);
		catch_field(&c->text, "action", back.kev_action);
		if (back.epss >= 0)
			buf_printf(&c->text, " epss=%.5f share=%.5f", back.epss,
				   back.epss_percentile);
		buf_put_u8(&c->text, '\n');
		rc = buf_ok(&c->text) ? 0 : err_set(e, ERR_NOMEM, "no memory");
	}
	buf_free(&form);
	return rc;
}

static inline int catch_note(void *arg, struct bytes where, const char *text, struct err *e)
{
	struct feed_catch *c = arg;
	if (c->refuse)
		return err_set(e, ERR_CANCELLED, "refused");
	c->notes++;
	buf_printf(&c->text, "note %.*s: %s\n", BYTES_ARG(where), text);
	return buf_ok(&c->text) ? 0 : err_set(e, ERR_NOMEM, "no memory");
}

static inline struct feed_sink catch_sink(struct feed_catch *c)
{
	*c = (struct feed_catch){0};
	buf_init(&c->text, 64U << 20);
	return (struct feed_sink){
	    .arg = c, .advisory = catch_advisory, .exploit = catch_exploit, .note = catch_note};
}
