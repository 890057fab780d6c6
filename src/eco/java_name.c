/* pom.properties is a Java properties file: "key=value" lines (or "key: value"), '#' and '!' begin
 * comments. A manifest is "Key: value" lines of at most 72 bytes; a line that begins with a space
 * goes on with the one before; a blank line ends the main section. Spec: java.util.Properties;
 * JAR File Specification, "Notes on Manifest and Signature Files".
 *
 * A file name with a version is believed before the manifest, whose titles are for people. Neither
 * has to say which group an artifact belongs to. It is taken from
 * the first of: the table of well-known artifacts, Group-Id (Jenkins), Implementation-Vendor-Id,
 * Bundle-SymbolicName without its last part, an artifact of that form. */
#include "eco/java_name.h"

#include <stdio.h>
#include <string.h>

static struct bytes field(const struct java_manifest *m, enum java_field f)
{
	return (struct bytes){.ptr = m->text[f], .len = m->len[f]};
}

/* Letters, digits, '.', '-', '_' and '+', as Maven's own names and versions are made of. */
static bool is_word(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!byte_is_alnum(b.ptr[i]) && bytes_find(BYTES_LIT(".-_+"), b.ptr[i]) == 4)
			return false;
	return b.len > 0;
}

static bool is_version(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f || b.ptr[i] == '$' || b.ptr[i] == '{')
			return false;
	return b.len > 0;
}

static bool ends_in(struct bytes name, const char *const *ends)
{
	size_t dot = bytes_find_last(name, '.');
	struct bytes end = bytes_from(name, dot + 1);
	for (; dot > 0 && dot < name.len && *ends; ends++)
		if (bytes_eq_nocase(end, bytes_of(*ends)))
			return true;
	return false;
}

bool java_is_archive(struct bytes name)
{
	static const char *const ends[] = {"jar", "war", "ear", "aar",	"hpi", "jpi", "par", "sar",
					   "nar", "kar", "far", "lpkg", "rar", "zap", NULL};
	return ends_in(name, ends);
}

bool java_may_be_other(struct bytes name)
{
	static const char *const ends[] = {"par", "sar", "nar", "kar", "far", "rar", "zap", NULL};
	return ends_in(name, ends);
}

/* pom.properties */

bool java_pom_read(struct bytes text, struct java_pom *ret)
{
	struct java_pom pom = {.group = BYTES_NONE};
	while (text.len > 0) {
		struct bytes value = bytes_trim(bytes_cut(&text, '\n'));
		if (value.len == 0 || value.ptr[0] == '#' || value.ptr[0] == '!')
			continue;
		size_t at = bytes_find(value, '='), colon = bytes_find(value, ':');
		at = colon < at ? colon : at;
		struct bytes key = bytes_trim(bytes_part(value, 0, at));
		value = bytes_trim(bytes_from(value, at + 1));
		if (bytes_eq_lit(key, "groupId"))
			pom.group = value;
		else if (bytes_eq_lit(key, "artifactId"))
			pom.artifact = value;
		else if (bytes_eq_lit(key, "version"))
			pom.version = value;
	}
	*ret = pom;
	return is_word(pom.group) && is_word(pom.artifact) && is_version(pom.version);
}

/* manifest */

static const char *const keys[JAVA_FIELD_COUNT] = {
    [JAVA_TITLE] = "Implementation-Title",
    [JAVA_VERSION] = "Implementation-Version",
    [JAVA_VENDOR_ID] = "Implementation-Vendor-Id",
    [JAVA_BUNDLE] = "Bundle-SymbolicName",
    [JAVA_BUNDLE_VERSION] = "Bundle-Version",
    [JAVA_SPECIFICATION_VERSION] = "Specification-Version",
    [JAVA_PLUGIN_VERSION] = "Plugin-Version",
    [JAVA_GROUP] = "Group-Id",
    [JAVA_LICENSE] = "Bundle-License",
};

static enum java_field field_of(struct bytes key)
{
	enum java_field f = JAVA_TITLE;
	while (f < JAVA_FIELD_COUNT && !bytes_eq_nocase(key, bytes_of(keys[f])))
		f++;
	return f;
}

static void keep(struct java_manifest *m, enum java_field f, const uint8_t *text, size_t len)
{
	struct bytes value = bytes_trim((struct bytes){.ptr = text, .len = len});
	if (m->len[f] > 0 || value.len == 0)
		return;
	memcpy(m->text[f], value.ptr, value.len);
	m->len[f] = (uint8_t)value.len;
}

void java_manifest_read(struct bytes text, struct java_manifest *m)
{
	uint8_t value[JAVA_FIELD_MAX];
	size_t len = 0;
	enum java_field f = JAVA_FIELD_COUNT;
	while (text.len > 0) {
		struct bytes line = bytes_cut(&text, '\n');
		if (line.len > 0 && line.ptr[line.len - 1] == '\r')
			line.len--;
		bool more = line.len > 0 && line.ptr[0] == ' ';
		if (!more && f < JAVA_FIELD_COUNT)
			keep(m, f, value, len);
		if (line.len == 0)
			return;
		if (!more) {
			f = field_of(bytes_trim(bytes_cut(&line, ':')));
			len = 0;
		} else {
			line = bytes_from(line, 1);
		}
		if (f == JAVA_FIELD_COUNT)
			continue;
		if (line.len > sizeof value - len) {
			f = JAVA_FIELD_COUNT;
			continue;
		}
		if (line.len > 0)
			memcpy(value + len, line.ptr, line.len);
		len += line.len;
	}
	if (f < JAVA_FIELD_COUNT)
		keep(m, f, value, len);
}

/* file name */

/* "a-1.0.jar" to a and 1.0; the version is empty when there is none. */
static struct bytes cut_name(struct bytes file_name, struct bytes *ret_version)
{
	size_t dot = bytes_find_last(file_name, '.');
	struct bytes stem = bytes_part(file_name, 0, dot);
	*ret_version = BYTES_NONE;
	for (size_t i = 1; i + 1 < stem.len; i++) {
		if ((stem.ptr[i] != '-' && stem.ptr[i] != '_') || !byte_is_digit(stem.ptr[i + 1]))
			continue;
		/* "spark-core_2.12-3.1.1": what its Scala is is part of the name */
		struct bytes rest = bytes_from(stem, i + 1);
		size_t dash = bytes_find(rest, '-');
		if (stem.ptr[i] == '_' && dash + 1 < rest.len && byte_is_digit(rest.ptr[dash + 1]))
			continue;
		*ret_version = rest;
		return bytes_part(stem, 0, i);
	}
	return stem;
}

bool java_is_name_of(struct bytes file_name, struct bytes artifact)
{
	struct bytes version, name = cut_name(file_name, &version);
	struct bytes stem = bytes_part(file_name, 0, bytes_find_last(file_name, '.'));
	if (bytes_eq(name, artifact) || bytes_eq(stem, artifact))
		return true;
	/* "org.slf4j.slf4j-api-1.7.jar" */
	return bytes_has_suffix(name, artifact) && name.len > artifact.len &&
	       name.ptr[name.len - artifact.len - 1] == '.';
}

/* "a.b.c" to "a.b"; empty when that is no group. */
static struct bytes front_of(struct bytes name)
{
	struct bytes front = bytes_part(name, 0, bytes_find_last(name, '.'));
	return bytes_find(front, '.') < front.len && front.len < name.len ? front : BYTES_NONE;
}

/* Without its directives. */
static struct bytes bundle_of(const struct java_manifest *m)
{
	struct bytes bundle = field(m, JAVA_BUNDLE);
	return bytes_trim(bytes_part(bundle, 0, bytes_find(bundle, ';')));
}

static struct bytes group_of(struct bytes artifact, const struct java_manifest *m)
{
	struct bytes bundle = bundle_of(m);
	const struct bytes said[] = {java_group_of(artifact),
				     field(m, JAVA_GROUP),
				     field(m, JAVA_VENDOR_ID),
				     front_of(bundle),
				     bundle,
				     front_of(artifact)};
	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
		bool is_group = is_word(said[i]) && bytes_find(said[i], '.') < said[i].len;
		if (is_group || (i == 0 && said[i].len > 0))
			return said[i];
	}
	return BYTES_NONE;
}

static struct bytes stated_version(const struct java_manifest *m)
{
	static const enum java_field fields[] = {JAVA_VERSION, JAVA_PLUGIN_VERSION,
						 JAVA_BUNDLE_VERSION, JAVA_SPECIFICATION_VERSION};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		struct bytes v = field(m, fields[i]);
		v = bytes_part(v, 0, bytes_find(v, ' ')); /* "1.4 1855 April 22 2006" */
		if (is_version(v))
			return v;
	}
	return BYTES_NONE;
}

bool java_own_find(struct bytes file_name, const struct java_manifest *m, struct java_pom *ret)
{
	struct bytes version, name = cut_name(file_name, &version), stated = stated_version(m);
	struct bytes title = field(m, JAVA_TITLE), bundle = bundle_of(m);
	struct bytes last = bytes_from(bundle, bytes_find_last(bundle, '.') + 1);
	/* the file's may have a classifier behind it: "4.1.77.Final-linux-x86_64" */
	if (version.len == 0 || (stated.len > 0 && bytes_has_prefix(version, stated)))
		ret->version = stated;
	else
		ret->version = version;
	ret->artifact = name;
	if (version.len == 0 && is_word(title) && bytes_find(title, '.') == title.len)
		ret->artifact = title;
	else if (version.len == 0 && bytes_find(bundle, '.') < bundle.len && is_word(last))
		ret->artifact = last;
	if (!is_word(ret->artifact) || !is_version(ret->version))
		return false;
	ret->group = group_of(ret->artifact, m);
	return true;
}

bool java_name_join(struct bytes group, struct bytes artifact, char out[JAVA_NAME_CAP])
{
	if (group.len + 1 + artifact.len >= JAVA_NAME_CAP)
		return false;
	memcpy(out, group.ptr, group.len);
	out[group.len] = ':';
	memcpy(out + group.len + 1, artifact.ptr, artifact.len);
	out[group.len + 1 + artifact.len] = 0;
	return true;
}
