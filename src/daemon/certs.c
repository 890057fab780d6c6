#include "daemon/certs.h"

#include "base/io.h"
#include "base/log.h"
#include "http/http.h"

#include <string.h>
#include <sys/stat.h>

#define PEM_MAX (1U << 20)
#define LOOK_SEC 5 /* between looks at the files: two stat calls */

static void look(const char *path, struct certs_file *ret)
{
	struct stat st;
	*ret = (struct certs_file){.size = -1};
	if (stat(path, &st) == 0)
		*ret = (struct certs_file){
		    .dev = st.st_dev, .ino = st.st_ino, .size = st.st_size, .changed = st.st_ctim};
}

static bool is_same(const struct certs_file *a, const struct certs_file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static bool has_tls(const struct certs *c)
{
	return *c->cert_path != '\0';
}

static int read_pair(struct certs *c, struct err *e)
{
	buf_clear(&c->cert);
	buf_clear(&c->key);
	/* First what they are, then what is in them: a change in between is seen next time. */
	look(c->cert_path, &c->seen[0]);
	look(c->key_path, &c->seen[1]);
	int rc = io_read_file(c->cert_path, &c->cert, e);
	if (rc < 0)
		return err_ctx(e, "tls-cert %s", c->cert_path);
	rc = io_read_file(c->key_path, &c->key, e);
	return rc < 0 ? err_ctx(e, "tls-key %s", c->key_path) : 0;
}

int certs_open(struct certs *c, const char *cert_path, const char *key_path, struct err *e)
{
	*c = (struct certs){.cert_path = cert_path, .key_path = key_path};
	buf_init(&c->cert, PEM_MAX);
	buf_init(&c->key, PEM_MAX);
	return has_tls(c) ? read_pair(c, e) : 0;
}

void certs_close(struct certs *c)
{
	if (c->key.ptr)
		explicit_bzero(c->key.ptr, c->key.cap);
	buf_free(&c->cert);
	buf_free(&c->key);
}

void certs_renew(struct certs *c, struct http_server *s, bool now)
{
	struct certs_file cert, key;
	struct err e = ERR_INIT;
	if (!has_tls(c))
		return;
	look(c->cert_path, &cert);
	look(c->key_path, &key);
	if (!now && is_same(&cert, &c->seen[0]) && is_same(&key, &c->seen[1]))
		return;
	int rc = read_pair(c, &e);
	if (rc == 0)
		rc = http_server_tls(s, buf_cstr(&c->cert), buf_cstr(&c->key), &e);
	if (rc < 0)
		log_line(LOG_ERROR, "TLS: %s; the current certificate stays in use", e.msg);
	else
		log_line(LOG_INFO, "TLS: certificate and key were reloaded");
}

int certs_wait(struct certs *c, struct http_server *s, const sigset_t *signals)
{
	for (;;) {
		const struct timespec wait = {.tv_sec = LOOK_SEC};
		int number = sigtimedwait(signals, NULL, &wait);
		if (number > 0 && number != SIGHUP)
			return number;
		certs_renew(c, s, number == SIGHUP);
	}
}
