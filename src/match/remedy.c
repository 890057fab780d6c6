/* What to do about a match, with the exact command of the distribution's package manager. Names and
 * versions come from strangers' databases and are meant to be pasted into a shell: a command is
 * given only when every character is harmless there. */
#include "match/remedy.h"

#include "match/ecosystem.h"
#include "match/verdict.h"

struct manager {
	const char *type;    /* purl type */
	const char *distros; /* space-separated ids, " " at both ends; NULL = any other */
	/* A command and its words for each package: %n name, %v version. */
	const char *command, *exact;
	/* When the version of the binary package is not known. */
	const char *newest_command, *newest;
};

#define SLES " sles sled sles_sap sle_hpc sle-micro sl-micro opensuse-leap opensuse-tumbleweed "
#define APT "apt-get update && apt-get install --only-upgrade"
static const struct manager managers[] = {
    {"deb", NULL, APT, "%n=%v", APT, "%n"},
    {"apk", NULL, "apk update && apk add --upgrade", "'%n>=%v'", "apk update && apk upgrade", "%n"},
    {"rpm", " photon mariner azurelinux ", "tdnf update", "%n-%v", "tdnf update", "%n"},
    {"rpm", SLES, "zypper refresh && zypper install", "'%n>=%v'", "zypper refresh && zypper update",
     "%n"},
    {"rpm", " centos amzn ", "yum update", "%n-%v", "yum update", "%n"},
    {"rpm", NULL, "dnf upgrade --refresh", "%n-%v", "dnf upgrade --refresh", "%n"},
    /* has the newest version only */
    {"alpm", NULL, "pacman -Syu", "%n", "pacman -Syu", "%n"},
    {"pypi", NULL, "pip install --upgrade", "'%n>=%v'", "pip install --upgrade", "%n"},
};

static bool is_safe(struct bytes s)
{
	if (s.len == 0 || s.ptr[0] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!byte_is_alnum(s.ptr[i]) &&
		    bytes_find(BYTES_LIT("+-._:~^@"), s.ptr[i]) == sizeof "+-._:~^@" - 1)
			return false;
	return true;
}

static bool names_distro(const char *distros, struct bytes id)
{
	struct bytes rest = bytes_trim(bytes_of(distros));
	while (rest.len)
		if (bytes_eq(bytes_cut(&rest, ' '), id))
			return true;
	return false;
}

static const struct manager *manager_of(const struct pkg *p)
{
	for (size_t i = 0; i < sizeof managers / sizeof *managers; i++)
		if (bytes_eq_lit(p->type, managers[i].type) &&
		    (!managers[i].distros ||
		     names_distro(managers[i].distros, ecosystem_distro_id(p))))
			return &managers[i];
	return NULL;
}

static void put_words(struct buf *b, const char *words, struct bytes name, struct bytes fixed)
{
	buf_put_u8(b, ' ');
	for (const char *c = words; *c; c++) {
		if (*c != '%')
			buf_put_u8(b, (uint8_t)*c);
		else if (*++c == 'n')
			buf_put(b, name);
		else
			buf_put(b, fixed);
	}
}

static void put_command(struct buf *b, const struct pkg *p, struct bytes fixed, bool exact)
{
	const struct manager *m = manager_of(p);
	if (!m || !is_safe(p->name) || !is_safe(fixed)) {
		buf_put_text(b, p->class == PKG_OS
				    ? "Update the package from its distribution's repositories."
				    : "Update the package.");
		return;
	}
	buf_put_text(b, exact ? m->command : m->newest_command);
	put_words(b, exact ? m->exact : m->newest, p->name, fixed);
}

/* A fix is stated for the source package: the binary's version is that only where the two are
 * numbered alike. */
static bool is_exact(const struct pkg *p)
{
	return p->source_version.len == 0 || bytes_eq(p->source_version, p->version);
}

struct bytes remedy_command(const struct remedy_target *targets, size_t count, struct arena *a,
			    bool *ret_ok)
{
	struct buf b;
	const struct manager *m = count ? manager_of(targets[0].pkg) : NULL;
	bool exact = false;
	*ret_ok = true;
	for (size_t i = 0; m && i < count; i++) {
		exact = exact || is_exact(targets[i].pkg);
		if (manager_of(targets[i].pkg) != m || !is_safe(targets[i].pkg->name) ||
		    !is_safe(targets[i].fixed))
			m = NULL;
	}
	if (!m)
		return BYTES_NONE;
	buf_init(&b, 1U << 20);
	buf_put_text(&b, exact ? m->command : m->newest_command);
	for (size_t i = 0; i < count; i++)
		put_words(&b, is_exact(targets[i].pkg) ? m->exact : m->newest, targets[i].pkg->name,
			  targets[i].fixed);
	struct bytes t = buf_ok(&b) ? arena_bytes(a, buf_bytes(&b), ret_ok) : BYTES_NONE;
	*ret_ok = *ret_ok && buf_ok(&b);
	buf_free(&b);
	return t;
}

static const char *without_fix(enum adv_status s)
{
	switch (s) {
	case ADV_WILL_NOT_FIX:
		return "The vendor has decided not to fix this in this release. Move to a newer "
		       "release of "
		       "the distribution, or remove the package.";
	case ADV_FIX_DEFERRED:
		return "The vendor has deferred the fix; a later update may include it.";
	case ADV_END_OF_LIFE:
		return "This release gets no more fixes. Move to a supported release of the "
		       "distribution.";
	case ADV_UNDER_INVESTIGATION:
		return "The vendor is still investigating; no fix is available yet.";
	case ADV_UNKNOWN:
	case ADV_FIXED:
	case ADV_AFFECTED:
	case ADV_NOT_AFFECTED:
		break;
	}
	return "No fixed version is available yet. Remove the package if it is not needed.";
}

/* The command that brings the fix of v. */
static void put_fix(struct buf *b, const struct pkg *p, const struct match *m,
		    const struct verdict *v)
{
	/* A source package's version is the binary's only where the database says they are equal.
	 */
	bool by_source = v->hit->affected.keyed == ADV_BY_SOURCE;
	bool exact = !by_source || is_exact(p);
	put_command(b, p, v->fixed, exact);
	if (!exact)
		buf_printf(b, " (fixed in source package %.*s %.*s)",
			   BYTES_ARG(m->check.source_name), BYTES_ARG(v->fixed));
}

/* A subscription has several services; the record may say which. */
static void put_pro(struct buf *b, const struct verdict *v)
{
	struct bytes service = v->hit->affected.module;
	buf_printf(b, "The fix, version %.*s, requires Ubuntu Pro", BYTES_ARG(v->fixed));
	if (service.len)
		buf_printf(b, " (%.*s)", BYTES_ARG(service));
	buf_put_text(b, ". With a subscription: pro attach, then ");
}

static void put_other_stream(struct buf *b, const struct pkg *p, const struct verdict *v)
{
	struct bytes stream = v->hit->affected.ecosystem;
	bytes_cut(&stream, ':');
	buf_printf(b, "The fix, version %.*s, belongs to the product stream %.*s;",
		   BYTES_ARG(v->fixed), BYTES_ARG(stream));
	buf_printf(b,
		   " the streams of this image (%.*s) have none. Move to that stream, or remove "
		   "the package.",
		   BYTES_ARG(ecosystem_distro_streams(p)));
}

struct bytes remedy_text(const struct pkg *p, const struct match *m, const struct verdict *v,
			 struct arena *a)
{
	struct buf b;
	bool ok;
	buf_init(&b, 8000);
	if (bytes_eq_lit(m->check.category, MATCH_MALICIOUS)) {
		buf_put_text(&b, "Remove the package: this version was made to do harm. Treat what "
				 "ran with it, and the secrets it could read, as compromised.");
	} else if (v->fixed.len == 0) {
		buf_put_text(&b, without_fix(m->status));
	} else if (v->from == FIX_OTHER_STREAM) {
		put_other_stream(&b, p, v);
	} else {
		if (v->from == FIX_PRO)
			put_pro(&b, v);
		put_fix(&b, p, m, v);
	}
	struct bytes t = buf_ok(&b) ? arena_bytes(a, buf_bytes(&b), &ok) : BYTES_NONE;
	buf_free(&b);
	return t;
}
