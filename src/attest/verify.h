/* verify (attest_): is an envelope signed by one of the keys that are trusted? Keys: public keys in
 * PEM, one after another: Ed25519 (RFC 8032), or ECDSA over P-256 with SHA-256, as cosign makes
 * them. */
#pragma once
#include "attest/attest.h"

#define ATTEST_KEYS_MAX 64U		  /* in a file: each is tried on each signature */
#define ATTEST_KEYS_TEXT_MAX (256U << 10) /* bytes of a file of keys */

/* How many keys these are. ERR_FORMAT: none, or one of another kind; ERR_LIMIT. */
int attest_keys_check(struct bytes pem, struct err *e);
/* 1 = a signature is good under one of the keys, 0 = none is; ERR_NOMEM. */
int attest_is_signed(const struct attest_envelope *x, struct bytes pem, struct err *e);
