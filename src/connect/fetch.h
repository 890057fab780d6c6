/* fetch: one HTTP request as a client. Wraps the client library: nothing else includes it. http and
 * https only; redirects are followed (credentials stay with the first host); certificates are
 * checked unless insecure is set, against fetch_authorities, else $SSL_CERT_FILE, else the system's
 * authorities. Proxies by the usual environment variables. */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

struct reach;

#define FETCH_USER_AGENT "plimsoll" /* our registry does not count its pulls */

/* Where the body of a 200 or 206 goes, piece by piece; <0 ends the request with e. */
struct fetch_sink {
	void *arg;
	int (*write)(void *arg, struct bytes piece, struct err *e);
	/* Before the first piece of a 200 although the rest was asked for: forget what there is. */
	int (*restart)(void *arg, struct err *e);
};

/* A file that is sent as the body. */
struct fetch_file {
	int fd;
	uint64_t len; /* from its start */
};

/* Who answered at an operator's address. */
struct fetch_origin {
	bool
	    is_public; /* at a public address, or it may be: a proxy of the environment was asked */
	struct sockaddr_storage address;
};

struct fetch {
	const char *url;
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const char *method;	    /* NULL: GET, or POST with a body */
	const char *body; /* of type application/x-www-form-urlencoded unless headers say otherwise;
			     may be NULL */
	const struct fetch_file *file; /* instead of body; method PUT unless stated; may be NULL */
	const char *username, *password; /* Basic, may be NULL */
	const char *bearer;		 /* may be NULL */
	bool insecure;			 /* do not check the certificate */
	uint64_t max;			 /* bytes of the reply's body; ERR_LIMIT past it, or at once
					    where its length is stated */
	unsigned stall_sec;		 /* give up after this long below 1 byte/s; 0 = 60 */
	/* Where the body goes, appended (open it with O_APPEND); -1 = into reply.body. */
	int out_fd;
	const struct fetch_sink *sink; /* instead of out_fd, which is -1 then; may be NULL */
	/* A stranger's server is asked: which addresses may be connected to, at each redirect, too;
	 * none leads from https to http, and no proxy of the environment is used. NULL: any. */
	const struct reach *reach;
	/* Without reach: the operator names the address. Where clouds keep secrets is not connected
	 * to, unless by a proxy, and a redirect leads from a public address to public ones and what
	 * redirects lists, never from https to http; else ERR_DENIED. */
	bool is_configured;
	const struct reach *redirects;	   /* of is_configured; may be NULL */
	const struct fetch_origin *led_by; /* of is_configured: whose reply named url, which then
					      counts as a redirect of it; nobody's, all zero, and
					      NULL: url is the operator's */
	const char *authorities;	   /* PEM text, instead of fetch_authorities; may be NULL */
	bool no_redirects;		   /* none is followed: the reply has its status */
	unsigned total_sec;		   /* the request may take so long; 0 = any time */
	unsigned rate_min;		   /* with stall_sec: bytes a second; 0 = 1 */
	const atomic_bool
	    *stop; /* set: the request ends with ERR_CANCELLED within about a second; may be NULL */
	uint64_t resume_from; /* ask for the rest from here (Range); reply.status 206 says that it
				 was, with 200 out_fd was cut to nothing first */
};

struct fetch_reply {
	long status;
	struct buf body;
	uint64_t length;	    /* bytes of body received */
	bool answered;		    /* a header came, also where the request then failed */
	struct fetch_origin origin; /* of is_configured */
	unsigned retry_after_sec;   /* of Retry-After in seconds; 0 = none */
	char content_type[256], etag[256], last_modified[64], digest[160], challenge[2048];
	char location[4096]; /* as it was sent: often without scheme and host */
};

/* 0 = there was a reply, whatever its status. ERR_IO (network, TLS; text says which), ERR_TIMEOUT,
 * ERR_LIMIT (also: too many redirects), ERR_DENIED (an address that reach forbids, a certificate
 * that is not trusted), ERR_CANCELLED. Free with fetch_reply_free in any case. */
int fetch_run(const struct fetch *f, struct fetch_reply *ret, struct err *e);
void fetch_reply_free(struct fetch_reply *r);
/* Percent-encode for a query or form value. */
void fetch_encode(struct buf *out, struct bytes text);
/* From now on certificates are checked against this file (PEM) of authorities. Call it before the
 * first request, from one thread; path stays the caller's. */
void fetch_authorities(const char *path);

/* One mail by SMTP. */
struct fetch_mail {
	const char *url;		 /* smtp://HOST[:PORT] or smtps://HOST[:PORT] */
	const char *username, *password; /* "" or NULL: none */
	bool plain;	  /* without TLS where the server has none; else smtp:// needs STARTTLS */
	const char *from; /* an address */
	const char *const *recipients; /* addresses, NULL-terminated */
	struct bytes text;	       /* headers and body, lines ended by CR LF */
	unsigned total_sec;
	const atomic_bool *stop; /* may be NULL */
};
/* 0 = the server took it for all recipients. ERR_IO, ERR_TIMEOUT. */
int fetch_mail_send(const struct fetch_mail *m, struct err *e);
