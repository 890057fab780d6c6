/* package (pkg_): one installed package as its database states it, and the distribution it
 * belongs to. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

/* What states it. Kept in stores as a number: new ones come last. */
enum pkg_class {
	PKG_OS,	      /* a distribution's database */
	PKG_LANGUAGE, /* installed files of a language's package */
	PKG_BINARY,   /* a compiled program that says what it was built from */
	PKG_DECLARED, /* a lock file: said to be wanted, not seen to be installed */
	PKG_CONTENT,  /* no package: what a content check found (inspect/inspect.h) */
};

#define PKG_CONTENT_TYPE "content" /* what it has for a purl type */

/* "os", "language", "binary", "declared", "content"; NULL: no class has this number. */
const char *pkg_class_word(int number);

/* What an os-release file (or an older relative) says. All runs borrow from one arena. */
struct pkg_distro {
	struct bytes id;	 /* os-release ID, lower case: "debian", "alpine", "rhel", "centos",
				    "almalinux", "photon" … */
	struct bytes id_like;	 /* space-separated, may be empty */
	struct bytes version_id; /* "12", "3.19.1", "8.5"; empty for rolling releases (sid) */
	struct bytes codename;	 /* VERSION_CODENAME or what the file implies, may be empty */
	struct bytes name;	 /* PRETTY_NAME, for people */
	struct bytes cpe;	 /* CPE_NAME, may be empty */
	struct bytes support_end; /* SUPPORT_END, "2026-12-02"; may be empty */
	struct bytes streams;	  /* pkg/streams.h; usually empty */
};

/* One package. Empty = not stated. Identity is all but license, path, vendor and third_party. */
struct pkg {
	struct bytes type;	/* purl type: "deb", "apk", "rpm", "pypi" */
	struct bytes namespace; /* of OS packages: the distribution's id */
	struct bytes name;	/* of the binary package; as its ecosystem compares names, whole:
				   "pyyaml", "@babel/core", "monolog/monolog",
				   "org.slf4j:slf4j-api". purl calls its front the namespace */
	struct bytes version;	/* full, as the ecosystem writes it: "1:1.2-3", rpm with epoch
				   only if non-zero: "1:1.0.2k-16.el7" */
	struct bytes arch;
	struct bytes source_name;    /* source / origin package; = name when the database does not
					differ; of languages: the name as advisories are looked up,
					which of NuGet is in lower case */
	struct bytes source_version; /* = version when the database does not differ */
	struct bytes module;	 /* rpm MODULARITYLABEL, "nodejs:12:8020020200326104117:4cda2c84" */
	struct bytes vendor;	 /* rpm Vendor, dpkg Maintainer */
	struct bytes distro;	 /* of OS packages only, "debian:12": id:version_id; with streams
				    "ubuntu:18.04:esm-infra"; set when an image is put together */
	struct bytes qualifiers; /* those of a purl that no other field holds, as purl writes them:
				    "classifier=linux&type=zip" */
	struct bytes license;	 /* what its metadata says, as pkg/license.h reads it */
	struct bytes path; /* of the database or file that states it; a file in an archive after
			      "!/": "app.war!/WEB-INF/lib/a.jar" */
	enum pkg_class class;
	bool third_party; /* not built by the distribution: not matched against its
			     advisories */
};

/* Order by the identity, then path. */
int pkg_cmp(const struct pkg *a, const struct pkg *b);
/* Appends what distinguishes p from all other packages in a store: its identity, vendor, license
 * and third_party. Two packages give the same bytes only when they agree in all of these. For OS
 * packages without qualifiers and license the bytes are what 0.1.0 hashed. */
void pkg_identity(const struct pkg *p, struct buf *out);
/* Copies all runs into a. */
int pkg_copy(struct arena *a, const struct pkg *from, struct pkg *ret_to, struct err *e);
/* Serialise / parse (blobs in field order after a version byte); parsed runs borrow from the
 * input. */
void pkg_put(struct buf *out, const struct pkg *p);
void pkg_take(struct cursor *c, struct pkg *ret_p);
/* purl with qualifiers arch, distro, epoch (rpm: the epoch goes to a qualifier, not the version),
 * upstream ("upstream=src@ver" when the source differs). Spec: package-url/purl-spec. */
void pkg_purl(const struct pkg *p, struct buf *out);
/* What a purl says, as pkg_purl writes it: the name whole, epoch, architecture, distribution and
 * source in their fields, other qualifiers as they are. Runs are a's. ERR_FORMAT, ERR_NOMEM. */
int pkg_purl_read(struct bytes purl, struct arena *a, struct pkg *ret, struct err *e);
/* Bytes: eleven fields of 1 KiB and a distribution, each byte as %XX. */
#define PKG_PURL_MAX 65536
