#include "cli/listing.h"

#include "base/json.h"
#include "base/record.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 48

struct listing {
	const struct listing_column *columns;
	size_t count;
	enum listing_format format;
	bool titled;
	struct bytes values[COLUMNS_MAX];
};

/* "a, b" of a list of strings or numbers. */
static struct bytes joined(struct json *j)
{
	struct buf b;
	bool ok;
	buf_init(&b, 65536);
	if (json_enter_array(j)) {
		while (json_next_item(j)) {
			bool text = json_peek(j) == JSON_STRING;
			if (text || json_peek(j) == JSON_NUMBER) {
				buf_put_text(&b, b.len ? ", " : "");
				buf_put(&b, text ? json_string(j) : json_number(j));
			} else {
				json_skip(j);
			}
		}
	}
	struct bytes all = arena_bytes(j->arena, buf_bytes(&b), &ok);
	buf_free(&b);
	return all;
}

/* A scalar as text, or a list of texts; others are skipped. */
static struct bytes scalar(struct json *j)
{
	switch (json_peek(j)) {
	case JSON_STRING:
		return json_string(j);
	case JSON_NUMBER:
		return json_number(j);
	case JSON_BOOL:
		return json_bool(j) ? BYTES_LIT("yes") : BYTES_LIT("no");
	case JSON_ARRAY:
		return joined(j);
	case JSON_NONE:
	case JSON_NULL:
	case JSON_OBJECT:
		break;
	}
	json_skip(j);
	return BYTES_NONE;
}

/* The column of a member; prefix is the object's name, or empty. */
static size_t column_of(const struct listing *l, struct bytes prefix, struct bytes key)
{
	for (size_t i = 0; i < l->count; i++) {
		struct bytes rest = bytes_of(l->columns[i].key);
		struct bytes first = prefix.len ? bytes_cut(&rest, '.') : BYTES_NONE;
		if (bytes_eq(first, prefix) && bytes_eq(rest, key))
			return i;
	}
	return l->count;
}

static void read_members(struct listing *l, struct json *j, struct bytes prefix)
{
	for (struct bytes key; json_next_key(j, &key);) {
		size_t at = column_of(l, prefix, key);
		if (at < l->count)
			l->values[at] = scalar(j);
		else
			json_skip(j);
	}
}

/* "a, b" of what an object of a list adds, each once. */
static void add_value(struct bytes *to, struct bytes value, struct arena *a)
{
	struct bytes rest = *to;
	while (rest.len) {
		struct bytes one = bytes_trim(bytes_cut(&rest, ','));
		if (bytes_eq(one, value))
			return;
	}
	struct buf all;
	bool ok;
	buf_init(&all, 1U << 20);
	buf_put(&all, *to);
	buf_put_text(&all, to->len ? ", " : "");
	buf_put(&all, value);
	*to = arena_bytes(a, buf_bytes(&all), &ok);
	buf_free(&all);
}

/* A list: of texts, or of objects with members that have columns. */
static void read_list(struct listing *l, struct json *j, struct bytes key)
{
	struct listing one = {.columns = l->columns, .count = l->count};
	size_t at = column_of(l, BYTES_NONE, key);
	if (at < l->count) {
		l->values[at] = scalar(j);
		return;
	}
	if (!json_enter_array(j))
		return;
	while (json_next_item(j)) {
		if (json_peek(j) != JSON_OBJECT || !json_enter_object(j)) {
			json_skip(j);
			continue;
		}
		memset(one.values, 0, sizeof one.values);
		read_members(&one, j, key);
		for (size_t i = 0; i < l->count; i++) {
			if (one.values[i].len)
				add_value(&l->values[i], one.values[i], j->arena);
		}
	}
}

static void read_item(struct listing *l, struct json *j)
{
	memset(l->values, 0, sizeof l->values);
	if (!json_enter_object(j))
		return;
	for (struct bytes key; json_next_key(j, &key);) {
		size_t at = column_of(l, BYTES_NONE, key);
		if (json_peek(j) == JSON_OBJECT && json_enter_object(j))
			read_members(l, j, key);
		else if (json_peek(j) == JSON_ARRAY)
			read_list(l, j, key);
		else if (at < l->count)
			l->values[at] = scalar(j);
		else
			json_skip(j);
	}
}

static int put_item(void *arg, struct json *j, struct err *e)
{
	struct listing *l = arg;
	(void)e;
	read_item(l, j);
	if (!json_ok(j))
		return 0;
	for (size_t i = 0; !l->titled && i < l->count; i++)
		admin_cell(bytes_of(l->columns[i].title), l->columns[i].width);
	l->titled = true;
	for (size_t i = 0; i < l->count; i++)
		admin_cell(l->values[i], l->columns[i].width);
	return 0;
}

/* RFC 4180. */
static void put_csv(const struct bytes *cells, size_t count, struct buf *out)
{
	for (size_t i = 0; i < count; i++) {
		buf_put_text(out, i ? "," : "");
		record_csv_cell(out, cells[i]);
	}
	buf_put_text(out, "\r\n");
}

static int put_csv_item(struct listing *l, struct json *j, struct err *e)
{
	struct bytes titles[COLUMNS_MAX];
	struct buf line;
	buf_init(&line, 4U << 20);
	for (size_t i = 0; i < l->count; i++)
		titles[i] = bytes_of(l->columns[i].key);
	if (!l->titled)
		put_csv(titles, l->count, &line);
	l->titled = true;
	read_item(l, j);
	put_csv(l->values, l->count, &line);
	bool ok = buf_ok(&line);
	if (ok && json_ok(j))
		(void)fwrite(buf_bytes(&line).ptr, 1, line.len,
			     stdout); /* the caller asks whether it was */
	buf_free(&line);
	return ok ? 0 : err_nomem(e);
}

static int put_formatted(void *arg, struct json *j, struct err *e)
{
	struct listing *l = arg;
	switch (l->format) {
	case LISTING_NDJSON:
		return admin_put_raw(NULL, j, e);
	case LISTING_CSV:
		return put_csv_item(l, j, e);
	case LISTING_TABLE:
		break;
	}
	return put_item(l, j, e);
}

int listing_write(struct admin *p, const char *path, const struct listing_column *columns,
		  size_t count, struct listing_show *show, struct err *e)
{
	struct listing l = {.columns = columns, .count = count, .format = show->format};
	struct cli_server_list list = {
	    .path = path, .each = put_formatted, .arg = &l, .most = show->most};
	int r = cli_server_list(&p->server, &list, &p->arena, e);
	show->more = list.more;
	return r;
}

int listing_print(struct admin *p, const char *path, const struct listing_column *columns,
		  size_t count, struct err *e)
{
	return listing_print_all(p, &path, 1, columns, count, e);
}

int listing_print_all(struct admin *p, const char *const *paths, size_t path_count,
		      const struct listing_column *columns, size_t count, struct err *e)
{
	struct listing l = {.columns = columns, .count = count};
	int r = 0;
	for (size_t i = 0; r == 0 && i < path_count; i++)
		r = cli_server_each(&p->server, paths[i], put_item, &l, &p->arena, e);
	return r;
}

int listing_print_reply(struct admin *p, const char *method, const char *path, const char *text,
			const struct listing_column *columns, size_t count, struct err *e)
{
	const struct cli_server_request ask = {.method = method, .path = path, .json = text};
	struct listing l = {.columns = columns, .count = count};
	struct fetch_reply reply = {0};
	struct json j;
	int r = cli_server_ask(&p->server, &ask, &p->arena, &reply, e);
	if (r == 0) {
		json_init(&j, buf_bytes(&reply.body), &p->arena);
		read_item(&l, &j);
		r = json_finish(&j, e);
	}
	for (size_t i = 0; r == 0 && i < count; i++) {
		if (!l.values[i].len)
			continue;
		printf("%s: ", columns[i].title);
		admin_cell(l.values[i], 0);
	}
	fetch_reply_free(&reply);
	return r;
}

int listing_print_one(struct admin *p, const char *path, const struct listing_column *columns,
		      size_t count, struct err *e)
{
	return listing_print_reply(p, NULL, path, NULL, columns, count, e);
}
