/* Applications of Erlang and Elixir: ebin/NAME.app, and mix.lock, which declares.
 *
 * An application resource file is one term, {application, NAME, [{KEY, VALUE}, …]}., of which NAME
 * and {vsn, "VERSION"} count; it is read as text, never run. Applications that come with Erlang or
 * Elixir are no packages of Hex: their type is otp. mix.lock has a line for each package: "KEY":
 * {:hex, :NAME, "VERSION", …}, or {:git, …}, which names no release. Spec: Erlang's app(4); Mix's
 * documentation "mix deps". */
#include "eco/declared.h"
#include "eco/path.h"

/* Of Erlang/OTP and of Elixir itself. */
static const char *const own[] = {
    "asn1",	  "common_test", "compiler",	  "crypto",	"debugger",	 "dialyzer",
    "diameter",	  "edoc",	 "eldap",	  "erl_docgen", "erl_interface", "erts",
    "et",	  "eunit",	 "ftp",		  "inets",	"jinterface",	 "kernel",
    "megaco",	  "mnesia",	 "observer",	  "odbc",	"os_mon",	 "parsetools",
    "public_key", "reltool",	 "runtime_tools", "sasl",	"snmp",		 "ssh",
    "ssl",	  "stdlib",	 "syntax_tools",  "tftp",	"tools",	 "wx",
    "xmerl",	  "elixir",	 "eex",		  "ex_unit",	"iex",		 "logger",
    "mix",
};

static bool is_own(struct bytes name)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (bytes_eq_lit(name, own[i]))
			return true;
	return false;
}

static void skip_blanks(struct bytes *rest)
{
	while (rest->len > 0 && rest->ptr[0] <= ' ')
		*rest = bytes_from(*rest, 1);
}

/* A mark after blanks; false: something else is there. */
static bool cut_mark(struct bytes *rest, const char *mark)
{
	skip_blanks(rest);
	if (!bytes_has_prefix(*rest, bytes_of(mark)))
		return false;
	*rest = bytes_from(*rest, bytes_of(mark).len);
	return true;
}

/* rack, 'rack' */
static struct bytes cut_atom(struct bytes *rest)
{
	skip_blanks(rest);
	bool quoted = bytes_has_prefix_lit(*rest, "'");
	struct bytes b = bytes_from(*rest, quoted);
	size_t n = 0;
	while (n < b.len &&
	       (quoted ? b.ptr[n] != '\''
		       : byte_is_alnum(b.ptr[n]) || b.ptr[n] == '_' || b.ptr[n] == '@'))
		n++;
	*rest = bytes_from(b, n + quoted);
	return bytes_part(b, 0, n);
}

/* The text of the first {vsn, "…"}. */
static struct bytes version_in(struct bytes file)
{
	for (size_t at; (at = bytes_find_bytes(file, BYTES_LIT("vsn"))) < file.len;) {
		bool first = at > 0 && (file.ptr[at - 1] == '{' || file.ptr[at - 1] <= ' ');
		file = bytes_from(file, at + 3);
		struct bytes rest = file;
		if (!first || !cut_mark(&rest, ","))
			continue;
		skip_blanks(&rest);
		struct bytes version = declared_quoted(&rest);
		if (version.len > 0)
			return version;
	}
	return BYTES_NONE;
}

/* Lines that begin with '%' are comments. */
static struct bytes without_comments(struct bytes file)
{
	for (struct bytes rest = file;;) {
		skip_blanks(&rest);
		if (!bytes_has_prefix_lit(rest, "%"))
			return rest;
		(void)bytes_cut(&rest, '\n');
	}
}

static int beam_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		      struct arena *a, struct err *e)
{
	struct bytes rest = without_comments(file);
	(void)path;
	(void)a;
	if (!cut_mark(&rest, "{") || !cut_mark(&rest, "application") || !cut_mark(&rest, ","))
		return sink->note(sink->arg, 0, "no application resource", e);
	struct bytes name = cut_atom(&rest), version = version_in(rest);
	if (!eco_is_word(name) || !eco_is_word(version))
		return sink->note(sink->arg, 0, "an application without a name or version", e);
	struct pkg p =
	    eco_language_package(is_own(name) ? "otp" : "hex", name, version, PKG_LANGUAGE);
	return sink->package(sink->arg, &p, e);
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "hex", .e = e};
	(void)path;
	(void)a;
	while (d.r == 0 && file.len > 0) {
		struct bytes line = bytes_trim(bytes_cut(&file, '\n'));
		(void)declared_quoted(&line);
		if (!cut_mark(&line, ":") || !cut_mark(&line, "{") || !cut_mark(&line, ":hex") ||
		    !cut_mark(&line, ",") || !cut_mark(&line, ":"))
			continue;
		bool quoted = bytes_has_prefix_lit(line, "\"");
		struct bytes name = quoted ? declared_quoted(&line) : cut_atom(&line);
		if (!cut_mark(&line, ","))
			continue;
		skip_blanks(&line);
		declared_put(&d, name, declared_quoted(&line));
	}
	return d.r;
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_BEAM_LOCKS, path);
}

const struct eco_parser eco_beam = {.parse = beam_parse};
const struct eco_parser eco_beam_locks = {.wants = locks_wants, .parse = locks_parse};
