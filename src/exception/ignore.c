/* Ignore files. .trivyignore: an id a line, "exp:YYYY-MM-DD" behind it, '#' begins a comment.
 * .trivyignore.yaml: vulnerabilities: [{id, paths, purls, statement, expired_at}]. Grype's
 * configuration: ignore: [{vulnerability, reason, namespace, fix-state, package: {…}, expires}]. */
#include "base/clock.h"
#include "exception/parse.h"
#include "exception/yaml_node.h"

#include <string.h>

static bool read_date(struct bytes text, int64_t *ret)
{
	return clock_parse_rfc3339(text, ret);
}

/* One line; empty ones and comments are no rules. */
static int read_line(struct exceptions *x, struct bytes line, struct bytes source, unsigned number,
		     struct err *e)
{
	size_t comment = bytes_find(line, '#');
	struct bytes reason = bytes_trim(bytes_from(line, comment + 1));
	line = bytes_trim(bytes_part(line, 0, comment));
	if (!line.len)
		return 0;
	int64_t expires = 0;
	struct bytes id = bytes_trim(bytes_cut(&line, ' '));
	line = bytes_trim(line);
	if (bytes_has_prefix_lit(line, "exp:")) {
		if (!read_date(bytes_from(line, 4), &expires))
			return err_set(e, ERR_FORMAT, "line %u: \"%.*s\" is no date", number,
				       BYTES_ARG(line));
	} else if (line.len) {
		return err_set(e, ERR_FORMAT, "line %u: \"%.*s\" behind the id", number,
			       BYTES_ARG(line));
	}
	struct exception *new = exceptions_push(x, e);
	if (!new)
		return -(int)e->code;
	new->expires_ms = expires;
	new->statement = reason;
	new->source = source;
	new->line = number;
	return exceptions_text_add(x, &new->ids, &new->id_count, id, e);
}

int ignore_lines_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	for (unsigned line = 1; text.len; line++)
		if (read_line(x, bytes_cut(&text, '\n'), source, line, e) < 0)
			return -(int)e->code;
	return 0;
}

static int add_texts(struct exceptions *x, const struct yaml_node *n, struct bytes **list,
		     size_t *count, struct err *e)
{
	int r = 0;
	if (n->kind == YAML_TEXT)
		return exceptions_text_add(x, list, count, n->text, e);
	for (const struct yaml_node *i = n->child; r == 0 && i; i = i->next)
		r = exceptions_text_add(x, list, count, i->text, e);
	return r;
}

/* A rule that is not understood whole must not take out more than it says. */
static void refuse(struct exceptions *x, struct exception *rule, struct bytes source, unsigned line,
		   const char *what, struct bytes word)
{
	exceptions_note(x, arena_printf(&x->arena,
					"%.*s: line %u: the rule is not applied: %s \"%.*s\"",
					BYTES_ARG(source), line, what, BYTES_ARG(word)));
	if (rule == &x->items[x->count - 1])
		x->count--;
}

static int trivy_rule(struct exceptions *x, const struct yaml_node *n, struct bytes source,
		      struct err *e)
{
	struct exception *rule = exceptions_push(x, e);
	if (!rule)
		return -(int)e->code;
	rule->source = source;
	rule->line = n->line;
	for (const struct yaml_node *m = n->child; m; m = m->next) {
		int r = 0;
		if (bytes_eq_lit(m->key, "id"))
			r = exceptions_text_add(x, &rule->ids, &rule->id_count, m->text, e);
		else if (bytes_eq_lit(m->key, "paths"))
			r = add_texts(x, m, &rule->paths, &rule->path_count, e);
		else if (bytes_eq_lit(m->key, "purls"))
			r = add_texts(x, m, &rule->purls, &rule->purl_count, e);
		else if (bytes_eq_lit(m->key, "statement"))
			rule->statement = m->text;
		else if (bytes_eq_lit(m->key, "expired_at") &&
			 read_date(m->text, &rule->expires_ms))
			;
		else {
			refuse(x, rule, source, m->line, "this is not known:", m->key);
			return 0;
		}
		if (r < 0)
			return r;
	}
	if (!rule->id_count)
		refuse(x, rule, source, n->line, "there is no", BYTES_LIT("id"));
	return 0;
}

/* Grype's names are regular expressions: those that are a name, or ".*" in one, are read. */
/* 0, 1: another regular expression, <0. */
static int read_pattern(struct exceptions *x, struct bytes text, struct bytes *ret, struct err *e)
{
	struct buf out;
	bool ok = true;
	buf_init(&out, text.len + 1);
	if (bytes_has_prefix_lit(text, "^"))
		text = bytes_from(text, 1);
	if (bytes_has_suffix_lit(text, "$"))
		text.len--;
	for (size_t i = 0; ok && i < text.len; i++) {
		uint8_t c = text.ptr[i];
		if (c == '.' && i + 1 < text.len && text.ptr[i + 1] == '*') {
			buf_put_u8(&out, '*');
			i++;
		} else if (c == '\\' && i + 1 < text.len && !byte_is_alnum(text.ptr[i + 1])) {
			buf_put_u8(&out, text.ptr[++i]);
		} else {
			ok = bytes_find(BYTES_LIT("*?+()[]{}|^$\\"), c) == 13;
			buf_put_u8(&out, c);
		}
	}
	bool kept;
	*ret = arena_bytes(&x->arena, buf_bytes(&out), &kept);
	kept = kept && buf_ok(&out);
	buf_free(&out);
	return !kept ? err_nomem(e) : ok ? 0 : 1;
}

static struct bytes *grype_member(struct exception *rule, struct bytes key)
{
	const struct bytes_slot slots[] = {
	    {"version", &rule->version},     {"type", &rule->type},
	    {"language", &rule->language},   {"upstream-name", &rule->source_name},
	    {"reason", &rule->statement},    {"namespace", &rule->namespace},
	    {"fix-state", &rule->fix_state},
	};
	return bytes_slot_find(BYTES_SLOTS(slots), key);
}

/* 0, <0, or 1: not understood. */
static int grype_see(struct exceptions *x, struct exception *rule, const struct yaml_node *m,
		     struct err *e)
{
	static const char *const dates[] = {"expires", "expires-at", "expiration", "expired-at",
					    "expired_at"};
	struct bytes *to = grype_member(rule, m->key);
	if (m->kind != YAML_TEXT)
		return 1;
	if (to)
		*to = m->text;
	else if (bytes_eq_lit(m->key, "vulnerability"))
		return exceptions_text_add(x, &rule->ids, &rule->id_count, m->text, e);
	else if (bytes_eq_lit(m->key, "name"))
		return read_pattern(x, m->text, &rule->name, e);
	else if (bytes_eq_lit(m->key, "location"))
		return exceptions_text_add(x, &rule->paths, &rule->path_count, m->text, e);
	else if (bytes_eq_lit(m->key, "include-aliases"))
		return 0; /* all names of a finding count */
	for (size_t i = 0; !to && i < sizeof dates / sizeof *dates; i++)
		if (bytes_eq_lit(m->key, dates[i]))
			return read_date(m->text, &rule->expires_ms) ? 0 : 1;
	return to ? 0 : 1;
}

static int grype_rule(struct exceptions *x, const struct yaml_node *n, struct bytes source,
		      struct err *e)
{
	struct exception *rule = exceptions_push(x, e);
	if (!rule)
		return -(int)e->code;
	rule->source = source;
	rule->line = n->line;
	for (const struct yaml_node *m = n->child; m; m = m->next) {
		bool inner = bytes_eq_lit(m->key, "package") && m->kind == YAML_MAP;
		const struct yaml_node *one = inner ? m->child : m;
		for (; one; one = inner ? one->next : NULL) {
			int r = grype_see(x, rule, one, e);
			if (r < 0)
				return r;
			if (r == 1) {
				refuse(x, rule, source, one->line, "this is not known:", one->key);
				return 0;
			}
		}
	}
	return 0;
}

int ignore_yaml_read(struct exceptions *x, struct bytes text, struct bytes source, struct err *e)
{
	struct yaml_node *root;
	if (yaml_node_read(text, &x->arena, &root, e) < 0)
		return -(int)e->code;
	const struct yaml_node *trivy = yaml_node_member(root, "vulnerabilities"),
			       *grype = yaml_node_member(root, "ignore");
	if (!trivy && !grype)
		return err_set(e, ERR_UNSUPPORTED,
			       "neither Trivy's (vulnerabilities) nor Grype's (ignore)");
	int r = 0;
	for (const struct yaml_node *n = trivy ? trivy->child : NULL; r == 0 && n; n = n->next)
		r = trivy_rule(x, n, source, e);
	for (const struct yaml_node *n = grype ? grype->child : NULL; r == 0 && n; n = n->next)
		r = grype_rule(x, n, source, e);
	static const char *const others[] = {"misconfigurations", "secrets", "licenses"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (yaml_node_member(root, others[i]))
			exceptions_note(x, arena_printf(&x->arena,
							"%.*s: %s are not assessed here: not read",
							BYTES_ARG(source), others[i]));
	return r;
}
