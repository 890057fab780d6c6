/* What lock files of pnpm and Bun declare.
 *
 * pnpm-lock.yaml: below "packages:" a key in two blanks for each package: "/NAME/VERSION_PEERS"
 * (version 5), "/NAME@VERSION(PEERS)" (6) or "NAME@VERSION(PEERS)" (9), quoted where it must be;
 * what is of a folder or archive has its name and version in fields "name" and "version" below it.
 * bun.lock: below "packages": lines "KEY": ["NAME@VERSION", …. Versions that are addresses name no
 * release. Spec: pnpm's lockfile types (pnpm/pnpm lockfile/types); bun.sh "Lockfile". */
#include "eco/declared.h"
#include "eco/path.h"

static bool is_version(struct bytes version)
{
	return version.len > 0 && byte_is_digit(version.ptr[0]) &&
	       bytes_find(version, '/') == version.len && bytes_find(version, ':') == version.len;
}

/* "lodash", "@babel/core" */
static bool is_name(struct bytes name)
{
	size_t slash = bytes_find(name, '/');
	return slash == name.len || (name.ptr[0] == '@' && bytes_find_last(name, '/') == slash);
}

/* NAME@VERSION or NAME/VERSION: the '@' behind the first byte, or the last '/'. */
static bool split(struct bytes text, uint8_t mark, struct bytes *ret_name,
		  struct bytes *ret_version)
{
	size_t at =
	    mark == '@' ? 1 + bytes_find(bytes_from(text, 1), '@') : bytes_find_last(text, '/');
	*ret_name = bytes_part(text, 0, at);
	*ret_version = bytes_from(text, at + 1);
	return at > 0 && at < text.len && is_name(*ret_name) && is_version(*ret_version);
}

struct pnpm_entry {
	struct bytes name, version;	      /* by the key */
	struct bytes said_name, said_version; /* by its fields */
};

static void end(struct declared *d, struct pnpm_entry *in)
{
	struct bytes name = in->said_name.len > 0 ? in->said_name : in->name;
	struct bytes version = in->said_version.len > 0 ? in->said_version : in->version;
	if (name.len > 0 && version.len > 0)
		declared_put(d, name, version);
	*in = (struct pnpm_entry){.name = BYTES_NONE};
}

static void read_key(struct bytes key, struct pnpm_entry *ret)
{
	key = declared_unquoted(key);
	key = bytes_part(key, 0, bytes_find(key, '('));
	bool rooted = bytes_has_prefix_lit(key, "/");
	key = bytes_from(key, rooted);
	struct bytes plain = key;
	if (split(key, '@', &ret->name, &ret->version))
		return;
	if (rooted) /* peers are behind '_' */
		plain = bytes_part(key, 0, bytes_find(key, '_'));
	if (rooted && split(plain, '/', &ret->name, &ret->version))
		return;
	ret->version = BYTES_NONE; /* an address; its fields state it */
	if (rooted || !is_name(ret->name) || ret->name.len == key.len)
		ret->name = BYTES_NONE;
}

static void read_line(struct declared *d, struct bytes line, struct pnpm_entry *in)
{
	struct bytes key = bytes_trim(line);
	if (!bytes_has_prefix_lit(line, "  ") || key.len == 0 || key.ptr[0] == '#')
		return;
	bool entry = line.ptr[2] != ' ';
	if (entry) {
		end(d, in);
		size_t colon = bytes_find_last(key, ':');
		if (bytes_has_suffix_lit(key, ": {}"))
			colon = key.len - 4;
		read_key(bytes_part(key, 0, colon), in);
		return;
	}
	struct bytes value = key;
	key = bytes_cut(&value, ':');
	bool field = line.len > 4 && line.ptr[3] == ' ' && line.ptr[4] != ' ';
	if (field && bytes_eq_lit(key, "name"))
		in->said_name = declared_unquoted(bytes_trim(value));
	else if (field && bytes_eq_lit(key, "version"))
		in->said_version = declared_unquoted(bytes_trim(value));
}

static int read_pnpm(struct declared *d, struct bytes file)
{
	struct pnpm_entry in = {.name = BYTES_NONE};
	bool inside = false;
	while (d->r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n');
		if (line.len > 0 && line.ptr[0] > ' ') {
			end(d, &in);
			inside = bytes_has_prefix_lit(line, "packages:");
		} else if (inside) {
			read_line(d, line, &in);
		}
	}
	end(d, &in);
	return d->r;
}

static int read_bun(struct declared *d, struct bytes file)
{
	bool inside = false;
	while (d->r == 0 && file.len > 0) {
		struct bytes line = bytes_cut(&file, '\n'), name, version;
		bool top = bytes_has_prefix_lit(line, "  \"");
		if (top)
			inside = bytes_has_prefix_lit(line, "  \"packages\"");
		line = bytes_trim(line);
		if (!inside || top || declared_quoted(&line).len == 0 ||
		    !bytes_has_prefix_lit(line, ": ["))
			continue;
		line = bytes_from(line, 3);
		if (split(declared_quoted(&line), '@', &name, &version))
			declared_put(d, name, version);
	}
	return d->r;
}

static int locks_parse(struct bytes path, struct bytes file, const struct eco_sink *sink,
		       struct arena *a, struct err *e)
{
	struct declared d = {.sink = sink, .purl_type = "npm", .e = e};
	(void)a;
	return bytes_has_suffix_lit(path, "bun.lock") ? read_bun(&d, file) : read_pnpm(&d, file);
}

static struct eco_want locks_wants(struct bytes path)
{
	return eco_wants_lock(ECO_NODE_TEXT_LOCKS, path);
}

const struct eco_parser eco_node_text_locks = {.wants = locks_wants, .parse = locks_parse};
