/* -ldflags="-s -w -X main.version=1.2.3 -X 'example.com/app/build.Commit=abc'": -X, a blank or "=",
 * package, ".", variable, "=", value, in quotes or not, which Go writes behind a "\". Only a
 * variable whose name says that it is the version counts, of the program's own packages or of one
 * that is made for it. Spec: cmd/link "-X importpath.name=value", runtime/debug.BuildSetting. */
#include "eco/go_main.h"

#include <stddef.h>

/* Packages of other modules whose variables state the version of the program they are part of. */
static const char *const packages[] = {"k8s.io/component-base/version",
				       "github.com/prometheus/common/version",
				       "istio.io/pkg/version"};
static const char *const names[] = {"version",	    "ver",	   "gitversion", "gitdescribe",
				    "buildversion", "fullversion", "appversion"};

static bool is_quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '\\';
}

static bool is_own(struct bytes package, struct bytes module)
{
	/* "/v3" at the end is not in front of all packages of old modules */
	size_t slash = bytes_find_last(module, '/');
	struct bytes last = bytes_from(module, slash + 1);
	if (slash < module.len && last.len > 1 && last.ptr[0] == 'v' && byte_is_digit(last.ptr[1]))
		module = bytes_part(module, 0, slash);
	if (bytes_eq_lit(package, "main") || bytes_eq(package, module))
		return true;
	for (size_t i = 0; i < sizeof packages / sizeof *packages; i++)
		if (bytes_eq_lit(package, packages[i]))
			return true;
	return module.len > 0 && bytes_has_prefix(package, module) &&
	       package.ptr[module.len] == '/';
}

static bool is_version_name(struct bytes name)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_eq_nocase(name, bytes_of(names[i])))
			return true;
	return false;
}

/* Three numbers, and what semantic versioning allows behind them. */
static bool is_release(struct bytes value)
{
	size_t at = value.len > 0 && value.ptr[0] == 'v', n = at;
	for (int part = 0; part < 3; part++) {
		size_t from = n;
		while (n < value.len && byte_is_digit(value.ptr[n]))
			n++;
		if (n == from || (part < 2 && (n == value.len || value.ptr[n++] != '.')))
			return false;
	}
	if (value.len > 64 || (n < value.len && value.ptr[n] != '-' && value.ptr[n] != '+'))
		return false;
	for (; n < value.len; n++)
		if (!byte_is_alnum(value.ptr[n]) && bytes_find(BYTES_LIT(".-+"), value.ptr[n]) == 3)
			return false;
	return true;
}

/* What the flag at the start of *rest sets, in quotes or not. */
static struct bytes setting(struct bytes *rest)
{
	size_t from = 0, to;
	while (from < rest->len &&
	       (rest->ptr[from] == ' ' || rest->ptr[from] == '=' || is_quote(rest->ptr[from])))
		from++;
	for (to = from; to < rest->len && rest->ptr[to] != ' ' && !is_quote(rest->ptr[to]);)
		to++;
	struct bytes found = bytes_part(*rest, from, to - from);
	*rest = bytes_from(*rest, to);
	return found;
}

struct bytes go_main_version(struct bytes flags, struct bytes module)
{
	struct bytes found = BYTES_NONE;
	for (size_t at; (at = bytes_find_bytes(flags, BYTES_LIT("-X"))) < flags.len;) {
		bool is_flag = at == 0 || flags.ptr[at - 1] == ' ' || is_quote(flags.ptr[at - 1]);
		flags = bytes_from(flags, at + 2);
		if (!is_flag)
			continue;
		struct bytes value = setting(&flags), key = bytes_cut(&value, '=');
		size_t dot = bytes_find_last(key, '.');
		if (dot == key.len || !is_version_name(bytes_from(key, dot + 1)) ||
		    !is_own(bytes_part(key, 0, dot), module) || !is_release(value))
			continue;
		if (value.ptr[0] == 'v')
			value = bytes_from(value, 1);
		if (found.len > 0 && !bytes_eq(found, value))
			return BYTES_NONE;
		found = value;
	}
	return found;
}
