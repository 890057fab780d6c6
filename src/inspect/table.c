#include "inspect/inspect.h"

#define SECRET_DESCRIPTION(what)                                                                   \
	"The image holds " what ". Who can pull the image can use it, also when a later layer "    \
	"removes the file: layers are kept and pulled as they are."
#define SECRET_REMEDIATION                                                                         \
	"Revoke it and issue a new one: everybody who could pull the image may have it. Build "    \
	"the image again without it: pass it as a build secret (RUN --mount=type=secret) or "      \
	"when the container starts, and delete the old image. Removing the file in a later "       \
	"layer is not enough."

const struct inspect_check inspect_table[] = {
#define ROW(kind, ...) [INSPECT_##kind] = {__VA_ARGS__},
#include "inspect/kinds.inc"
#undef ROW
};

enum inspect_kind inspect_find(struct bytes id)
{
	unsigned i = 0;
	while (i < INSPECT_KIND_COUNT && !bytes_eq_nocase(id, bytes_of(inspect_table[i].id)))
		i++;
	return (enum inspect_kind)i;
}

static const struct {
	const char *word, *category;
} groups[INSPECT_GROUP_COUNT] = {
    [INSPECT_ACCOUNTS] = {"accounts", "Accounts"},
    [INSPECT_SECRETS] = {"secrets", "Secrets"},
    [INSPECT_PERMISSIONS] = {"permissions", "Permissions"},
    [INSPECT_CONFIGURATION] = {"configuration", "Configuration"},
};

const char *inspect_group_word(int group)
{
	return group >= 0 && group < INSPECT_GROUP_COUNT ? groups[group].word : NULL;
}

const char *inspect_category(int group)
{
	return group >= 0 && group < INSPECT_GROUP_COUNT ? groups[group].category : NULL;
}

bool inspect_groups_read(struct bytes list, unsigned *ret)
{
	unsigned mask = 0;
	for (size_t at = 0; at < list.len;) {
		size_t end = at;
		while (end < list.len && list.ptr[end] != ' ' && list.ptr[end] != ',')
			end++;
		struct bytes word = bytes_part(list, at, end - at);
		int group = 0;
		while (group < INSPECT_GROUP_COUNT && !bytes_eq_lit(word, groups[group].word))
			group++;
		if (group < INSPECT_GROUP_COUNT)
			mask |= 1U << group;
		else if (word.len && !bytes_eq_lit(word, "none"))
			return false;
		at = end + 1;
	}
	*ret = mask;
	return true;
}

#define PATH_MAX_LEN 3000U /* bytes of "path=" and a path, with %XX for some */

int inspect_package(enum inspect_kind kind, struct bytes detail, struct bytes path, struct arena *a,
		    struct pkg *ret, struct err *e)
{
	struct bytes id = bytes_of(inspect_table[kind].id);
	struct buf b;
	bool ok[3];
	buf_init(&b, PATH_MAX_LEN + 8);
	buf_put_text(&b, "path=");
	buf_put_percent(&b, bytes_part(path, 0, PATH_MAX_LEN / 3), ":");
	*ret = (struct pkg){.type = BYTES_LIT(INSPECT_TYPE),
			    .name = id,
			    .version = arena_bytes(a, detail, &ok[0]),
			    .source_name = id,
			    .qualifiers = arena_bytes(a, buf_bytes(&b), &ok[1]),
			    .path = arena_bytes(a, path, &ok[2]),
			    .class = PKG_CONTENT};
	bool whole = buf_ok(&b) && ok[0] && ok[1] && ok[2];
	buf_free(&b);
	return whole ? 0 : err_set(e, ERR_NOMEM, "content checks: out of memory");
}

enum inspect_kind inspect_mode(struct bytes path, uint32_t mode)
{
	static const char *const system[] = {"etc/", "usr/", "bin/", "lib/", "lib64/", "sbin/"};
	if (mode & 06000U && mode & 0111U)
		return INSPECT_SETUID;
	for (size_t i = 0; mode & 02U && i < sizeof system / sizeof *system; i++)
		if (bytes_has_prefix_lit(path, system[i]))
			return INSPECT_WORLD_WRITABLE;
	return INSPECT_KIND_COUNT;
}
