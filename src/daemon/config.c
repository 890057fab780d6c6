#include "daemon/config.h"

#include "daemon/hosts.h"
#include "base/buf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/num.h"
#include "connect/reach.h"
#include "daemon/settings.h"
#include "notify/terms.h"
#include "oci/reference.h"
#include "scan/travel.h"
#include "scan/update.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define AT(field) offsetof(struct config, field)
#define ROW(name, kind, word, fallback, min, max, help, field)                                     \
	{name, kind, fallback, min, max, help, AT(field)},
const struct config_setting config_table[] = {CONFIG_SETTINGS(ROW)};
const size_t config_count = sizeof config_table / sizeof *config_table;

#define FILE_MAX (1U << 20)
struct file_values {
	const char *values[sizeof config_table / sizeof *config_table];
	size_t lines[sizeof config_table / sizeof *config_table];
};

static int find(const char *name)
{
	for (size_t i = 0; i < config_count; i++) {
		if (strcmp(config_table[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* One flat mapping of scalars; anything else is refused by name and line. */
static int read_events(yaml_parser_t *parser, struct file_values *out, struct arena *a,
		       struct err *e)
{
	char key[64] = "";
	int depth = 0;
	for (;;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(parser, &ev))
			return err_set(e, ERR_FORMAT, "line %zu: %s", parser->problem_mark.line + 1,
				       parser->problem ? parser->problem : "not YAML");
		yaml_event_type_t type = ev.type;
		size_t line = ev.start_mark.line + 1;
		const char *text =
		    type == YAML_SCALAR_EVENT ? (const char *)ev.data.scalar.value : "";
		int r = 0;
		if (type == YAML_MAPPING_START_EVENT && depth++ > 0)
			r = err_set(e, ERR_FORMAT, "line %zu: a setting must be a plain value",
				    line);
		else if (type == YAML_SEQUENCE_START_EVENT || type == YAML_ALIAS_EVENT)
			r = err_set(e, ERR_FORMAT, "line %zu: a setting must be a plain value",
				    line);
		else if (type == YAML_SCALAR_EVENT && depth == 0)
			r = err_set(e, ERR_FORMAT, "line %zu: expected \"setting: value\"", line);
		else if (type == YAML_SCALAR_EVENT && !key[0]) {
			if (find(text) < 0)
				r = err_set(e, ERR_FORMAT, "line %zu: unknown setting \"%s\"", line,
					    text);
			else
				(void)snprintf(key, sizeof key, "%s", text);
		} else if (type == YAML_SCALAR_EVENT) {
			char *copy = arena_cstr(a, bytes_of(text));
			r = copy ? 0 : err_nomem(e);
			out->values[find(key)] = copy;
			out->lines[find(key)] = line;
			key[0] = '\0';
		}
		yaml_event_delete(&ev);
		if (r < 0 || type == YAML_STREAM_END_EVENT)
			return r;
	}
}

static int read_file(const char *path, struct file_values *out, struct arena *a, struct err *e)
{
	struct buf text;
	yaml_parser_t parser;
	buf_init(&text, FILE_MAX);
	int r = io_read_file(path, &text, e);
	if (r == 0 && !yaml_parser_initialize(&parser))
		r = err_nomem(e);
	else if (r == 0) {
		yaml_parser_set_input_string(&parser, text.ptr, text.len);
		r = read_events(&parser, out, a, e);
		yaml_parser_delete(&parser);
		if (r < 0)
			err_ctx(e, "%s", path);
	}
	buf_free(&text);
	return r;
}

static bool parse_switch(const char *text, bool *ret)
{
	static const char *const on[] = {"1", "true", "yes", "on"}, *const off[] = {"0", "false",
										    "no", "off",
										    ""};
	for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
		if (strcmp(text, on[i]) == 0)
			return *ret = true;
	}
	*ret = false;
	for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
		if (strcmp(text, off[i]) == 0)
			return true;
	}
	return false;
}

/* "127.0.0.1:5080", "[::]:5080", ":5080" (every address). */
static int parse_listen(struct config *c, const char *text, struct err *e)
{
	struct bytes all = bytes_of(text);
	size_t colon = bytes_find_last(all, ':');
	uint64_t port;
	struct bytes host = bytes_part(all, 0, colon);
	if (colon == all.len || !num_u64(bytes_from(all, colon + 1), 65535, &port))
		return err_set(e, ERR_FORMAT, "\"%s\" is not ADDRESS:PORT", text);
	if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
		host = bytes_part(host, 1, host.len - 2);
	c->address = host.len ? arena_cstr(&c->arena, host) : "0.0.0.0";
	c->port = (uint16_t)port;
	return c->address ? 0 : err_nomem(e);
}

static int check_source(const char *text, struct err *e)
{
	struct arena a;
	struct ref ref;
	struct bytes rest = bytes_of(text);
	if (!bytes_has_prefix_lit(rest, TRAVEL_SCHEME))
		return err_set(e, ERR_FORMAT, "\"%s\" does not begin with " TRAVEL_SCHEME, text);
	arena_init(&a, 65536);
	int r = ref_parse(bytes_from(rest, sizeof TRAVEL_SCHEME - 1), &a, &ref, e);
	arena_free(&a);
	return r;
}

/* Texts that must be of some form. */
static int check_text(const char *name, const char *text, struct err *e)
{
	enum log_level level;
	if (strcmp(name, "log-level") == 0 && !log_level_parse(text, &level))
		return err_set(e, ERR_FORMAT, "\"%s\" is not one of debug, info, warn, error, none",
			       text);
	if (strcmp(name, "public-url") == 0 && *text && strncmp(text, "http://", 7) != 0 &&
	    strncmp(text, "https://", 8) != 0)
		return err_set(e, ERR_FORMAT, "\"%s\" does not begin with http:// or https://",
			       text);
	bool networks = strcmp(name, "trusted-proxies") == 0;
	if (networks || strcmp(name, "import-allow") == 0 || strcmp(name, "import-insecure") == 0 ||
	    strcmp(name, "notify-allow") == 0 || strcmp(name, "feeds-allow") == 0) {
		struct arena a;
		struct reach reach = {.all = false};
		arena_init(&a, 1U << 20);
		int r =
		    (networks ? reach_parse_networks : reach_parse)(bytes_of(text), &a, &reach, e);
		arena_free(&a);
		return r;
	}
	if (strcmp(name, "smtp-url") == 0 && *text && strncmp(text, "smtp://", 7) != 0 &&
	    strncmp(text, "smtps://", 8) != 0)
		return err_set(e, ERR_FORMAT, "\"%s\" does not begin with smtp:// or smtps://",
			       text);
	if (strcmp(name, "smtp-from") == 0 && *text)
		return notify_target_check(STORE_NOTIFY_EMAIL, bytes_of(text), e);
	if (strcmp(name, "registry-hosts") == 0)
		return hosts_check(text, e);
	if (strcmp(name, "vdb-source") == 0 && *text)
		return check_source(text, e);
	if (strcmp(name, "vdb-name") == 0 && !vdb_is_name(bytes_of(text)))
		return err_set(e, ERR_FORMAT,
			       "\"%s\" is not a name of letters, digits, '.', '_' and '-'", text);
	if (strcmp(name, "feeds") == 0) {
		struct arena a;
		struct update_source *sources;
		size_t count;
		arena_init(&a, 1U << 20);
		int r = update_parse(bytes_of(text), &a, &sources, &count, e);
		arena_free(&a);
		return r;
	}
	return 0;
}

/* A limit in the words that a value is given in. */
static const char *limit_text(const struct config_setting *s, uint64_t n, char out[32])
{
	static const struct {
		enum config_kind kind;
		uint64_t unit;
		const char *word;
	} units[] = {{CONFIG_TIME, UINT64_C(86400000), "d"},
		     {CONFIG_TIME, 3600000, "h"},
		     {CONFIG_TIME, 60000, "m"},
		     {CONFIG_TIME, 1000, "s"},
		     {CONFIG_TIME, 1, "ms"},
		     {CONFIG_SIZE, UINT64_C(1) << 40, "TiB"},
		     {CONFIG_SIZE, 1U << 30, "GiB"},
		     {CONFIG_SIZE, 1U << 20, "MiB"},
		     {CONFIG_SIZE, 1U << 10, "KiB"}};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (units[i].kind == s->kind && n >= units[i].unit && n % units[i].unit == 0) {
			(void)snprintf(out, 32, "%llu%s", (unsigned long long)(n / units[i].unit),
				       units[i].word);
			return out;
		}
	}
	(void)snprintf(out, 32, "%llu", (unsigned long long)n);
	return out;
}

/* Paths are appended to it, so slashes at its end are removed. */
static int parse_url(char *text, struct err *e)
{
	struct bytes rest = bytes_of(text);
	bool is_http = bytes_has_prefix_lit(rest, "http://"),
	     ok = is_http || bytes_has_prefix_lit(rest, "https://");
	while (rest.len && rest.ptr[rest.len - 1] == '/')
		rest.len--;
	rest = bytes_from(rest, is_http ? 7 : 8);
	ok = ok && ref_is_host(bytes_part(rest, 0, bytes_find(rest, '/')));
	for (size_t i = bytes_find(rest, '/'); ok && i < rest.len; i++) {
		uint8_t c = rest.ptr[i];
		ok = byte_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' ||
		     (c == '/' && rest.ptr[i + 1] != '/');
	}
	if (*text && !ok)
		return err_set(e, ERR_FORMAT, "\"%s\" is not http(s)://HOST[:PORT][/PATH]", text);
	for (size_t n = strlen(text); n && text[n - 1] == '/'; n--)
		text[n - 1] = '\0';
	return 0;
}

static int set(struct config *c, const struct config_setting *s, const char *text, struct err *e)
{
	uint8_t *field = (uint8_t *)c + s->offset;
	uint64_t number;
	bool ok = true, flag;
	char *copy = arena_cstr(&c->arena, bytes_of(text));
	if (!copy)
		return err_nomem(e);
	switch (s->kind) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
		memcpy(field, &copy, sizeof copy);
		return check_text(s->name, copy, e);
	case CONFIG_URL:
		memcpy(field, &copy, sizeof copy);
		return parse_url(copy, e);
	case CONFIG_LISTEN:
		memcpy(field, &copy, sizeof copy);
		return parse_listen(c, copy, e);
	case CONFIG_SWITCH:
		if (!parse_switch(text, &flag))
			return err_set(e, ERR_FORMAT, "\"%s\" is neither true nor false", text);
		memcpy(field, &flag, sizeof flag);
		return 0;
	case CONFIG_SIZE:
		ok = num_size(bytes_of(text), &number);
		break;
	case CONFIG_TIME:
		ok = num_duration_ms(bytes_of(text), &number);
		break;
	case CONFIG_COUNT:
	default:
		ok = num_u64(bytes_of(text), UINT64_MAX, &number);
		break;
	}
	if (!ok)
		return err_set(e, ERR_FORMAT, "\"%s\" is not a %s", text,
			       s->kind == CONFIG_SIZE	? "size such as 64MiB"
			       : s->kind == CONFIG_TIME ? "time such as 30s, 5m, 24h or 7d"
							: "number");
	char least[32], most[32];
	if (number < s->min || number > s->max)
		return err_set(e, ERR_FORMAT, "\"%s\" is not between %s and %s", text,
			       limit_text(s, s->min, least), limit_text(s, s->max, most));
	memcpy(field, &number, sizeof number);
	return 0;
}

static void env_name(const char *name, char out[64])
{
	size_t n = 9;
	memcpy(out, "PLIMSOLL_", 9);
	for (; *name && n < 63; name++)
		out[n++] = *name == '-'			  ? '_'
			   : *name >= 'a' && *name <= 'z' ? (char)(*name - 32)
							  : *name;
	out[n] = '\0';
}

static int check(const struct config *c, struct err *e)
{
	if (!*c->tls_cert != !*c->tls_key)
		return err_set(e, ERR_FORMAT, "tls-cert and tls-key must be set together");
	return 0;
}

int config_load(struct config *c, config_get_fn get, void *arg, struct err *e)
{
	struct file_values file = {{NULL}, {0}};
	*c = (struct config){0};
	arena_init(&c->arena, 4U << 20);
	const char *path = get(arg, "config");
	const char *env_path = getenv("PLIMSOLL_CONFIG");
	if (!path && env_path && *env_path)
		path = env_path;
	if (path && read_file(path, &file, &c->arena, e) < 0)
		return -(int)e->code;
	for (size_t i = 0; i < config_count; i++) {
		const struct config_setting *s = &config_table[i];
		char key[64], where[4400];
		env_name(s->name, key);
		const char *flag = get(arg, s->name), *env = getenv(key);
		const char *text = flag		    ? flag
				   : env	    ? env
				   : file.values[i] ? file.values[i]
						    : s->fallback;
		if (!flag && !env && file.values[i])
			(void)snprintf(where, sizeof where, "%s: line %zu: setting %s", path,
				       file.lines[i], s->name);
		else
			(void)snprintf(where, sizeof where, "%s%s", flag ? "--" : "",
				       !flag && env ? key : s->name);
		if (set(c, s, text, e) < 0)
			return err_ctx(e, "%s", where);
	}
	return check(c, e);
}

void config_free(struct config *c)
{
	arena_free(&c->arena);
	*c = (struct config){0};
}
