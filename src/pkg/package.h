/* package (pkg_): one installed package as its database states it, and the distribution it
 * belongs to. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

enum pkg_class { PKG_OS, PKG_LANGUAGE, PKG_BINARY, PKG_DECLARED };

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

/* One package. Identity: type, namespace, name, version, arch, source_name, source_version, module,
 * distro (id and version). Empty = not stated. */
struct pkg {
	struct bytes type;	/* purl type: "deb", "apk", "rpm" */
	struct bytes namespace; /* purl namespace: the distro id for OS packages */
	struct bytes name;	/* binary package name */
	struct bytes version;	/* full, as the ecosystem writes it: "1:1.2-3", rpm with epoch
				   only if non-zero: "1:1.0.2k-16.el7" */
	struct bytes arch;
	struct bytes source_name;    /* source / origin package; = name when the database does not
					differ */
	struct bytes source_version; /* = version when the database does not differ */
	struct bytes module; /* rpm MODULARITYLABEL, "nodejs:12:8020020200326104117:4cda2c84" */
	struct bytes vendor; /* rpm Vendor, dpkg Maintainer */
	struct bytes distro; /* "debian:12": id:version_id; with streams "ubuntu:18.04:esm-infra";
				set when an image is put together */
	struct bytes path;   /* of the database or file that states it */
	enum pkg_class class;
	bool third_party; /* not built by the distribution: not matched against its
			     advisories */
};

/* Order by all identity fields, then path. */
int pkg_cmp(const struct pkg *a, const struct pkg *b);
/* Copies all runs into a. */
int pkg_copy(struct arena *a, const struct pkg *from, struct pkg *ret_to, struct err *e);
/* Serialise / parse (blobs in field order behind a version byte); parsed runs borrow from the
 * input. */
void pkg_put(struct buf *out, const struct pkg *p);
void pkg_take(struct cursor *c, struct pkg *ret_p);
/* purl with qualifiers arch, distro, epoch (rpm: the epoch goes to a qualifier, not the version),
 * upstream ("upstream=src@ver" when the source differs). Spec: package-url/purl-spec. */
void pkg_purl(const struct pkg *p, struct buf *out);
#define PKG_PURL_MAX 65536 /* bytes: ten fields of 1 KiB and a distribution, each byte as %XX */
