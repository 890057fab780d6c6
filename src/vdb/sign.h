/* sign: who vouches for a database file, and for which one (docs/formats/vdb-signature.md). A
 * signature is a short text of lines that names the file's SHA-256, its generation, when it was
 * signed and the name of the series it belongs to; Ed25519 (RFC 8032) over that text. It lies
 * beside the file as FILE.sig and travels as an annotation. */
#pragma once
#include "base/buf.h"
#include "vdb/vdb.h"

#define VDB_SIGNATURE_MAX 4096 /* bytes of its text */
#define VDB_KEYS_MAX 65536     /* bytes of a file of public keys: some dozens */
#define VDB_NAME_MAX 64
#define VDB_NAME_DEFAULT "plimsoll"
#define VDB_SIGNATURE_ENDING ".sig"

struct vdb_statement {
	char name[VDB_NAME_MAX + 1]; /* of the series: letters, digits, '.', '_', '-' */
	int64_t created_ms;	     /* when it was signed: whole seconds */
	char generation[65];	     /* vdb_digest */
	char file[65];		     /* SHA-256 of the whole file, hexadecimal */
	uint64_t file_len;
};

/* Whose signatures are wanted. */
struct vdb_keys {
	struct bytes text; /* public keys, PEM; empty: none is wanted */
	const char *name;  /* of the series; NULL: any */
};

bool vdb_is_name(struct bytes name);
/* A new pair of keys as PEM: PKCS #8, SubjectPublicKeyInfo. */
int vdb_key_make(struct buf *ret_private, struct buf *ret_public, struct err *e);
/* Of a file: generation, SHA-256 and length; name and created_ms stay the caller's. */
void vdb_statement_of(const struct vdb *v, struct vdb_statement *ret);
/* The signature's text into out. ERR_FORMAT: private_key is not PEM of an Ed25519 key without a
 * passphrase. */
int vdb_sign(struct bytes private_key, const struct vdb_statement *s, struct buf *out,
	     struct err *e);
/* What a signature's text says, which nobody vouches for: ERR_FORMAT. */
int vdb_statement_read(struct bytes text, struct vdb_statement *ret, struct err *e);
/* The same, if one of the public keys (PEM, one after another) made it. ERR_DENIED: none did;
 * ERR_FORMAT: not a signature, or no public key. */
int vdb_signature_check(struct bytes keys, struct bytes text, struct vdb_statement *ret,
			struct err *e);
/* Is it about this file? ERR_DENIED says in what it is not. */
int vdb_statement_fits(const struct vdb_statement *s, const struct vdb *v, const char *name,
		       struct err *e);
/* path.sig checked against path, open as v. ERR_DENIED: there is none, it is of other keys, of
 * another file, or of another series than name (NULL: any). */
int vdb_check_signed(const struct vdb *v, const char *path, struct bytes keys, const char *name,
		     struct vdb_statement *ret, struct err *e);
/* path.sig into out. ERR_NOT_FOUND. */
int vdb_signature_beside(const char *path, struct buf *out, struct err *e);
