/* java_name (java_): what a Java archive calls itself: pom.properties, its manifest, its file name.
 * Inside eco only. */
#pragma once
#include "base/bytes.h"
#include "pkg/license.h"

#define JAVA_NAME_CAP 1025U /* bytes of "group:artifact" and a NUL */
#define JAVA_FIELD_MAX 255U /* bytes of a manifest's field: longer ones are none of names */

/* Is name that of a Java archive? */
bool java_is_archive(struct bytes name);
/* Other formats have that end as well: what is no zip is nothing of Java's. */
bool java_may_be_other(struct bytes name);

/* What Maven writes into an archive; borrows from the text. False: one of them is missing, or was
 * never filled in ("${version}"). */
struct java_pom {
	struct bytes group, artifact, version;
};
bool java_pom_read(struct bytes text, struct java_pom *ret);

/* Fields of a manifest's main section that name what the archive is. */
enum java_field {
	JAVA_TITLE,
	JAVA_VERSION,
	JAVA_VENDOR_ID,
	JAVA_BUNDLE,
	JAVA_BUNDLE_VERSION,
	JAVA_SPECIFICATION_VERSION,
	JAVA_PLUGIN_VERSION,
	JAVA_GROUP,
	JAVA_LICENSE,
	JAVA_FIELD_COUNT
};
struct java_manifest {
	uint8_t text[JAVA_FIELD_COUNT][JAVA_FIELD_MAX];
	uint8_t len[JAVA_FIELD_COUNT];
};
/* The first of each field counts, of several manifests too: *m is added to. */
void java_manifest_read(struct bytes text, struct java_manifest *m);

/* Is an archive of this file name, "NAME-1.0.jar" or "NAME.jar", what artifact is? */
bool java_is_name_of(struct bytes file_name, struct bytes artifact);
/* What the archive itself is; group is empty when nothing says it. Borrows from file_name and m.
 * False: neither file name nor manifest states a version. */
bool java_own_find(struct bytes file_name, const struct java_manifest *m, struct java_pom *ret);
/* What the manifest says of the archive's licence: Bundle-License. */
void java_license_of(const struct java_manifest *m, struct license *ret);
/* What a pom.xml says of its project's licences, of which one may be chosen (Maven's model: "any of
 * them"). Nothing, when it is no XML or names none itself: a parent's are not in the archive.
 * False: out of memory. */
bool java_pom_license(struct bytes text, struct license *ret);
/* "group:artifact"; false: too long. */
bool java_name_join(struct bytes group, struct bytes artifact, char out[JAVA_NAME_CAP]);
/* The group of a well-known artifact whose archives do not say it; empty: not known. */
struct bytes java_group_of(struct bytes artifact);
