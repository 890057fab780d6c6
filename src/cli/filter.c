#include "cli/filter.h"

#include "cli/suggest.h"
#include "connect/fetch.h"

#define WORDS_MAX 64 /* of one option: there are some 40 categories */

#define OPTION(member, kind, key, option, ...) option,
static const char *const options[] = {CRITERIA_OF_FINDING(OPTION)};

static bool is_one(struct bytes word, const char *const *words)
{
	for (; *words; words++)
		if (bytes_eq_nocase(word, bytes_of(*words)))
			return true;
	return false;
}

/* After an error: what the first word that is none of the known ones may be meant to be. */
static int add_suggestion(const struct record_field *f, struct bytes list, struct err *e)
{
	const char *words[WORDS_MAX + 1] = {NULL};
	for (int i = 0; f->words && i < WORDS_MAX && f->words(i); i++)
		words[i] = f->words(i);
	while (f->words && list.len) {
		struct bytes word = bytes_trim(bytes_cut(&list, ','));
		const char *near = is_one(word, words) ? NULL : suggest(word, words);
		if (near) /* in place of all the words there are, which may be many */
			return err_set(e, ERR_FORMAT, "%s: \"%.*s\" is unknown; did you mean %s?",
				       f->key, BYTES_ARG(word), near);
	}
	return -(int)e->code;
}

int filter_parse(const struct cli_args *args, struct arena *a, struct criteria *ret, struct err *e)
{
	*ret = (struct criteria){.any = false};
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		struct record_field f = criteria_of_finding.fields[i];
		const char *text = cli_get(args, options[i]);
		void *to = (char *)ret + f.offset;
		f.key = arena_printf(a, "--%s", options[i]);
		if (!f.key)
			return err_set(e, ERR_NOMEM, "no memory for options");
		if (!text)
			(void)record_text_absent(&f, to, e);
		else if (record_text_read(&f, bytes_of(text), to, a, e) < 0)
			return add_suggestion(&f, bytes_of(text), e);
	}
	return 0;
}

#define PARAMETER(member, kind, key, option, ...) {option, key},
void filter_query(const struct cli_args *args, struct buf *out)
{
	static const char *const rows[][2] = {CRITERIA_OF_FINDING(PARAMETER)
						  CRITERIA_OF_IMAGE(PARAMETER)};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *value = cli_get(args, rows[i][0]);
		if (!value)
			continue;
		buf_printf(out, "&%s=", rows[i][1]);
		fetch_encode(out, bytes_of(value));
	}
}
