#include "api/api.h"

#include "base/num.h"

#define PAGE 100
#define PAGE_MAX 1000
#define REPLY_MAX (64U << 20) /* bytes: a page of 1,000 findings takes 3 MB, 20,000 packages 8 MB */

struct api *api_of(struct http_request *r)
{
	return http_context(r);
}

int api_reply_json(struct http_request *r, unsigned status, struct buf *body, struct err *e)
{
	int rc;
	if (buf_ok(body))
		rc = http_reply_bytes(r, status, "application/json", buf_bytes(body), e);
	else
		rc = err_set(e, ERR_NOMEM, "no memory for the reply");
	buf_free(body);
	return rc;
}

struct reading {
	struct buf out;
	api_write_fn write;
	void *arg;
};

static int reading_tx(struct db_tx *tx, void *arg, struct err *e)
{
	struct reading *r = arg;
	struct json_out w;
	buf_clear(&r->out);
	json_out_init(&w, &r->out, false);
	return r->write(tx, &w, r->arg, e);
}

int api_reply_read(struct http_request *r, unsigned status, api_write_fn write, void *arg,
		   struct err *e)
{
	struct reading reading = {.write = write, .arg = arg};
	buf_init(&reading.out, REPLY_MAX);
	int rc = db_run(api_of(r)->db, DB_READ, reading_tx, &reading, e);
	if (rc < 0) {
		buf_free(&reading.out);
		return rc;
	}
	return api_reply_json(r, status, &reading.out, e);
}

void api_list_begin(struct json_out *w)
{
	json_put_object(w, NULL);
	json_put_array(w, "items");
}

void api_list_end(struct json_out *w, struct bytes next)
{
	json_put_end(w, ']');
	json_put_string_nonempty(w, "next", next);
	json_put_end(w, '}');
}

int api_limit(struct http_request *r, size_t *ret, struct err *e)
{
	bool present;
	uint64_t v;
	struct bytes text = http_query(r, "limit", &present);
	*ret = PAGE;
	if (!present)
		return 0;
	if (!num_u64(text, PAGE_MAX, &v) || v == 0)
		return err_set(e, ERR_FORMAT, "limit: \"%.*s\" is not a number from 1 to %d",
			       BYTES_ARG(text), PAGE_MAX);
	*ret = (size_t)v;
	return 0;
}

int api_cursor_id(struct http_request *r, uint64_t *ret, struct err *e)
{
	bool present;
	struct bytes text = http_query(r, "cursor", &present);
	if (present && !num_u64(text, INT64_MAX, ret))
		return err_set(e, ERR_FORMAT, "cursor: not one that a reply of this list gave");
	return 0;
}

int api_read_fields(struct http_request *r, struct api_field *fields, size_t count, struct err *e)
{
	struct json j;
	json_init(&j, http_body(r), http_arena(r));
	if (json_enter_object(&j)) {
		for (struct bytes key; json_next_key(&j, &key);) {
			size_t i = 0;
			while (i < count && !bytes_eq_lit(key, fields[i].key))
				i++;
			if (i == count)
				return err_set(e, ERR_FORMAT, "body: there is no field \"%.*s\"",
					       BYTES_ARG(key));
			fields[i].value =
			    json_peek(&j) == JSON_NUMBER ? json_number(&j) : json_string(&j);
		}
	}
	return json_finish(&j, e) < 0 ? err_ctx(e, "body") : 0;
}
