#include "daemon/serve.h"

#include "access/access.h"
#include "access/secret.h"
#include "api/api.h"
#include "api/oidc.h"
#include "api/turns.h"
#include "attest/verify.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/own.h"
#include "connect/import.h"
#include "connect/oidc.h"
#include "daemon/certs.h"
#include "daemon/hosts.h"
#include "daemon/schedule.h"
#include "defend/score.h"
#include "defend/sibling_cache.h"
#include "inspect/inspect.h"
#include "jail/pool.h"
#include "notify/notify.h"
#include "registry/registry.h"
#include "scan/engine.h"
#include "store/blobs.h"
#include "store/address.h"
#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define GRACE_MS 10000 /* running requests may finish for this long at the end */
/* The end without a request that does not end: the queue of scans hears of it. */
#define LEAVE_MS 2000
#define HELLO_MS 2000
#define TABLES_MAX 64
#define DESCRIPTORS_MAX (1U << 20)
#define DESCRIPTORS_KEPT 64

/* Everything that is made, in this order; closed in reverse. */
struct server {
	const struct config *c;
	struct api api;
	struct sibling_cache *siblings;
	struct turns *turns;
	bool is_store_server;	 /* the store is a database server's */
	unsigned content_checks; /* groups */
	struct blobs *blobs;
	struct db *db;
	struct pool *pool;
	struct engine *engine;
	struct registry *registry;
	struct access *access;
	struct schedule *schedule;
	struct importer *importer;
	struct notifier *notifier;
	struct api_oidc oidc; /* provider NULL: none */
	struct arena import_lists;
	struct reach import_reach, import_insecure, notify_reach;
	struct arena proxy_list;
	struct reach proxies;
	struct http_server *http;
	struct certs certs;
	unsigned connections; /* as many as there are descriptors for */
	char vdb_dir[4200];
	struct buf vdb_key_text, attached_key_text;
	struct vdb_keys vdb_keys;
	char owner_file[4200],
	    owner_password[SECRET_TOKEN_CAP]; /* the latter of a first start only */
};

/* Blobs or keys without a database belong to a server that is to be brought back, not to a new
 * owner. */
static int refuse_remains(struct server *s, const char *db, struct err *e)
{
	char key[4096], note[4096];
	(void)snprintf(key, sizeof key, "%s/token.key", s->c->data_dir);
	(void)snprintf(note, sizeof note, "%s/store", s->c->data_dir);
	/* On a server: the file was kept when it was opened first. */
	if (access(db_is_server(db) ? note : db, F_OK) == 0 || errno != ENOENT)
		return 0;
	int has = access(key, F_OK) == 0 ? 1 : blobs_is_used(s->blobs, e);
	if (has <= 0)
		return has;
	if (db_is_server(db))
		return err_set(
		    e, ERR_CONFLICT,
		    "%s: a server's blobs or keys are present, but the file \"store\" that "
		    "names its database is missing: copy that file, too, or move them "
		    "away to start over",
		    s->c->data_dir);
	return err_set(e, ERR_CONFLICT,
		       "%s: plimsoll.db is missing, but a server's blobs or keys are present: "
		       "restore a backup (plimsoll restore), or move them away to start over",
		       s->c->data_dir);
}

static int open_store(struct server *s, struct err *e)
{
	char address[STORE_ADDRESS_CAP], shown[STORE_ADDRESS_CAP];
	if (io_mkdirs(s->c->data_dir, e) < 0)
		return err_ctx(e, "data-dir");
	s->blobs =
	    blobs_open(s->c->data_dir, e); /* first: it holds the folder against a second server */
	if (!s->blobs)
		return err_ctx(e, "%s", s->c->data_dir);
	if (store_address_find(s->c->data_dir, s->c->store, address, e) < 0 ||
	    refuse_remains(s, address, e) < 0)
		return -(int)e->code;
	store_address_show(address, shown);
	s->is_store_server = db_is_server(address);
	s->db = store_folder_open(s->c->data_dir, address, e);
	if (!s->db)
		return err_ctx(e, "%s", shown);
	return store_address_keep(s->c->data_dir, address, e);
}

/* First of all: what starts workers must not inherit the folder's lock, the database or a socket
 * (jail/spawner.h). */
static int open_workers(struct server *s, struct err *e)
{
	struct pool_options po = {.worker_path = *s->c->worker ? s->c->worker : NULL,
				  .slots = (unsigned)s->c->workers,
				  .limits = LIMITS_DEFAULT,
				  .allow_unjailed = s->c->allow_unjailed};
	po.limits.layer_out_max = s->c->layer_out_max;
	po.limits.layer_window_max = s->c->layer_window_max;
	po.limits.worker_wall_ms = s->c->worker_wall_ms;
	s->pool = pool_open(&po, e);
	if (!s->pool)
		return err_ctx(e, "workers");
	if (!pool_is_jailed(s->pool))
		log_line(LOG_WARN, "workers run WITHOUT a full jail: %s",
			 pool_jail_report(s->pool));
	return 0;
}

static int read_vdb_keys(struct server *s, struct err *e)
{
	buf_init(&s->vdb_key_text, VDB_KEYS_MAX);
	if (!*s->c->vdb_key)
		return 0;
	if (io_read_file(s->c->vdb_key, &s->vdb_key_text, e) < 0)
		return err_ctx(e, "vdb-key");
	s->vdb_keys =
	    (struct vdb_keys){.text = buf_bytes(&s->vdb_key_text), .name = s->c->vdb_name};
	return s->vdb_keys.text.len ? 0 : err_set(e, ERR_FORMAT, "vdb-key: the file is empty");
}

static int read_attached(struct server *s, struct engine_options *o, struct err *e)
{
	int use = ATTACHED_OFF;
	while (attached_use_word(use) &&
	       strcmp(attached_use_word(use), s->c->attached_documents) != 0)
		use++;
	if (!attached_use_word(use))
		return err_set(e, ERR_FORMAT,
			       "attached-documents: \"%s\" is neither off, show nor apply",
			       s->c->attached_documents);
	o->attached_use = (enum attached_use)use;
	buf_init(&s->attached_key_text, ATTEST_KEYS_TEXT_MAX);
	if (!*s->c->attached_keys)
		return 0;
	if (io_read_file(s->c->attached_keys, &s->attached_key_text, e) < 0 ||
	    attest_keys_check(buf_bytes(&s->attached_key_text), e) < 0)
		return err_ctx(e, "attached-keys");
	o->attached_keys = buf_bytes(&s->attached_key_text);
	return 0;
}

static int open_scanning(struct server *s, struct err *e)
{
	if (read_vdb_keys(s, e) < 0)
		return -(int)e->code;
	(void)snprintf(s->vdb_dir, sizeof s->vdb_dir, "%s/vdb", s->c->data_dir);
	struct engine_options eo = {.db = s->db,
				    .pool = s->pool,
				    .vdb_dir = s->vdb_dir,
				    .vdb_keys = s->vdb_keys,
				    .vdb_keep = s->c->vdb_keep,
				    .recheck_ms = (int64_t)s->c->recheck_ms,
				    .assume_linked = s->c->assume_linked,
				    .hourly = score_record,
				    .history_ms = (int64_t)s->c->history_ms,
				    .layers_ms = (int64_t)s->c->gc_grace_ms};
	if (!inspect_groups_read(bytes_of(s->c->content_checks), &eo.content_checks))
		return err_set(e, ERR_FORMAT,
			       "content-checks: \"%s\" is neither none nor a list of accounts, "
			       "secrets, permissions and configuration",
			       s->c->content_checks);
	if (read_attached(s, &eo, e) < 0)
		return -(int)e->code;
	s->content_checks = eo.content_checks;
	s->engine = engine_new(&eo, e);
	return s->engine ? io_mkdirs(s->vdb_dir, e) : -(int)e->code;
}

static int open_registry(struct server *s, struct err *e)
{
	s->registry =
	    registry_open(s->db, s->blobs, engine_tap(s->engine), engine_watch(s->engine), e);
	if (!s->registry)
		return err_ctx(e, "registry");
	struct registry_options ro = REGISTRY_OPTIONS_DEFAULT;
	ro.blob_max = s->c->upload_max;
	ro.uploads_per_user = s->c->uploads_per_user;
	ro.sparse_indexes = s->c->sparse_indexes;
	ro.upload_expire_ms = s->c->upload_expire_ms;
	ro.gc_grace_ms = s->c->gc_grace_ms;
	ro.gc_every_ms = s->c->gc_every_ms;
	ro.disk_reserve = s->c->disk_reserve;
	ro.traffic_max = s->c->audit_max;
	ro.scrub_rate = s->c->scrub_rate;
	ro.scrub_every_ms = s->c->scrub_every_ms;
	registry_configure(s->registry, &ro);
	if (hosts_apply(s->registry, s->c->registry_hosts, e) < 0)
		return err_ctx(e, "registry-hosts");
	if (registry_start(s->registry, e) < 0)
		return err_ctx(e, "registry");
	engine_set_registry(s->engine, s->registry);
	return engine_start(s->engine, *s->c->vdb ? s->c->vdb : NULL, e) < 0
		   ? err_ctx(e, "scanning")
		   : 0;
}

/* A process without the memory for one password would answer every login with an error. */
static int try_password(struct err *e)
{
	struct arena a;
	struct bytes encoded;
	arena_init(&a, 4096);
	int r = secret_password_hash(BYTES_LIT("is there memory for this"), &a, &encoded, e);
	arena_free(&a);
	return r < 0 ? err_ctx(e, "checking a password needs 7 MiB of memory, and that failed "
				  "(ulimit -v?)")
		     : 0;
}

static int open_access(struct server *s, struct err *e)
{
	struct access_options ao = {
	    .data_dir = s->c->data_dir,
	    .registry = "local",
	    .audit_max = s->c->audit_max,
	    .anonymous = s->c->anonymous_pull ? ACCESS_ANONYMOUS_PULL : ACCESS_ANONYMOUS_NONE,
	    .guard = {.pair_max = (unsigned)s->c->login_failures,
		      .peer_max = (unsigned)s->c->login_failures_per_peer,
		      .name_max = (unsigned)s->c->login_failures_per_name,
		      .window_ms = s->c->login_window_ms,
		      .checks_max = (unsigned)s->c->password_checks,
		      .checks_per_sec = (unsigned)s->c->password_checks_per_sec}};
	s->access = access_open(s->db, &ao, e);
	return s->access ? try_password(e) : err_ctx(e, "access");
}

/* When all else is up: a first start that fails, on a port that is taken say, leaves no password
 * that one must keep. The password is in a file before the owner exists, and until the owner logs
 * in: no closed or full standard output loses it, and no warnings hide it. */
static int make_owner(struct server *s, struct err *e)
{
	char made[SECRET_TOKEN_CAP];
	(void)snprintf(s->owner_file, sizeof s->owner_file, "%s/" ACCESS_OWNER_FILE,
		       s->c->data_dir);
	s->api.owner_file = s->owner_file;
	s->api.owner_pending = access(s->owner_file, F_OK) == 0;
	int r = access_is_new(s->access, e);
	if (r <= 0)
		return r < 0 ? err_ctx(e, "access") : 0;
	r = secret_token_new(made, e);
	if (r == 0) /* without the prefix of tokens: it is a password */
		(void)snprintf(s->owner_password, sizeof s->owner_password, "%s\n", made + 4);
	secret_wipe(made, sizeof made);
	if (r == 0)
		r = io_replace_file(s->owner_file, bytes_of(s->owner_password), 0600, e);
	if (r == 0)
		r = access_owner_add(s->access, bytes_trim(bytes_of(s->owner_password)), e);
	if (r < 0)
		return err_ctx(e, "creating the owner");
	s->api.owner_pending = true;
	return 0;
}

static int open_importer(struct server *s, struct err *e)
{
	arena_init(&s->import_lists, 4U << 20);
	if (reach_parse(bytes_of(s->c->import_allow), &s->import_lists, &s->import_reach, e) < 0 ||
	    reach_parse(bytes_of(s->c->import_insecure), &s->import_lists, &s->import_insecure, e) <
		0)
		return -(int)e->code;
	s->import_reach.proxy = s->c->import_proxy;
	const struct importer_options io = {.db = s->db,
					    .registry = s->registry,
					    .access = s->access,
					    .reach = &s->import_reach,
					    .insecure = &s->import_insecure,
					    .threads = (unsigned)s->c->imports,
					    .history_ms = (int64_t)s->c->history_ms};
	s->importer = importer_start(&io, e);
	return s->importer ? 0 : err_ctx(e, "imports");
}

static int open_notifier(struct server *s, struct err *e)
{
	if (reach_parse(bytes_of(s->c->notify_allow), &s->import_lists, &s->notify_reach, e) < 0)
		return err_ctx(e, "notify-allow");
	s->notify_reach.setting = "notify-allow";
	s->notify_reach.proxy = s->c->notify_proxy;
	const struct notifier_options o = {.db = s->db,
					   .access = s->access,
					   .engine = s->engine,
					   .reach = &s->notify_reach,
					   .public_url = s->c->public_url,
					   .history_ms = (int64_t)s->c->history_ms,
					   .feeds_every_ms = (int64_t)s->c->feeds_every_ms,
					   .smtp_url = s->c->smtp_url,
					   .smtp_from = s->c->smtp_from,
					   .smtp_username = s->c->smtp_username,
					   .smtp_password_file = s->c->smtp_password_file,
					   .smtp_plain = s->c->smtp_plain};
	s->notifier = notifier_start(&o, e);
	return s->notifier ? 0 : err_ctx(e, "notifications");
}

#define CLIENT_SECRET_MAX 4096

static int open_oidc(struct server *s, struct err *e)
{
	const struct config *c = s->c;
	char secret[CLIENT_SECRET_MAX + 1] = "";
	if (!*c->oidc_issuer)
		return 0;
	if (*c->oidc_client_secret_file) {
		OWN_FD int fd = open(c->oidc_client_secret_file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(e, "oidc-client-secret-file: %s",
				       c->oidc_client_secret_file);
		ssize_t n = io_read(fd, secret, CLIENT_SECRET_MAX, e);
		if (n < 0)
			return err_ctx(e, "oidc-client-secret-file");
		while (n > 0 && (secret[n - 1] == '\n' || secret[n - 1] == '\r'))
			n--;
		secret[n] = '\0';
	}
	const struct oidc_options o = {
	    .issuer = c->oidc_issuer, .client_id = c->oidc_client_id, .client_secret = secret};
	s->oidc = (struct api_oidc){.provider = oidc_open(&o, e),
				    .issuer = c->oidc_issuer,
				    .client_id = c->oidc_client_id,
				    .name = c->oidc_name,
				    .scopes = c->oidc_scopes,
				    .name_claim = c->oidc_name_claim,
				    .groups_claim = c->oidc_groups_claim,
				    .may_create = c->oidc_create_users};
	secret_wipe(secret, sizeof secret);
	return s->oidc.provider ? 0 : err_ctx(e, "oidc-issuer");
}

static void update_now(void *schedule)
{
	schedule_update_now(schedule);
}

static bool is_proxy(void *arg, struct bytes address)
{
	return reach_has_address(arg, address);
}

/* A database server works for the reads, on processors that this program knows nothing of. */
static unsigned reads_at_once(const struct server *s)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	return s->is_store_server ? 0 : processors < 1 ? 2 : (unsigned)processors + 2;
}

/* What all requests share. */
static int open_shared(struct server *s, struct err *e)
{
	s->siblings = sibling_cache_open();
	s->turns = turns_open((unsigned)(s->c->request_threads + 1) / 2, reads_at_once(s));
	if (!s->siblings || !s->turns)
		return err_nomem(e);
	arena_init(&s->proxy_list, 1U << 20);
	return reach_parse_networks(bytes_of(s->c->trusted_proxies), &s->proxy_list, &s->proxies,
				    e);
}

static int open_http(struct server *s, struct err *e)
{
	const struct http_route *tables[TABLES_MAX];
	size_t counts[TABLES_MAX];
	if (api_table_count > TABLES_MAX)
		return err_set(e, ERR_INTERNAL, "more than %d route tables", TABLES_MAX);
	for (size_t i = 0; i < api_table_count; i++) {
		tables[i] = api_tables[i].rows;
		counts[i] = *api_tables[i].count;
	}
	bool tls = *s->c->tls_cert != '\0';
	if (certs_open(&s->certs, s->c->tls_cert, s->c->tls_key, e) < 0)
		return -(int)e->code;
	if (open_shared(s, e) < 0)
		return -(int)e->code;
	s->api = (struct api){.db = s->db,
			      .registry = s->registry,
			      .access = s->access,
			      .pool = s->pool,
			      .engine = s->engine,
			      .importer = s->importer,
			      .oidc = s->oidc.provider ? &s->oidc : NULL,
			      .vdb_update = update_now,
			      .vdb_update_arg = s->schedule,
			      .public_url = s->c->public_url,
			      .version = s->api.version,
			      .started_ms = clock_wall_ms(),
			      .secrets_off = !(s->content_checks & 1U << INSPECT_SECRETS),
			      .siblings = s->siblings,
			      .turns = s->turns,
			      .read_ms = (unsigned)s->c->read_timeout_ms};
	struct http_hooks hooks = {.context = &s->api,
				   .authorise = api_authorise,
				   .refused = api_refused,
				   .served = api_served};
	struct http_options ho = {.address = s->c->address,
				  .port = s->c->port,
				  .tls_cert_pem = tls ? buf_cstr(&s->certs.cert) : NULL,
				  .tls_key_pem = tls ? buf_cstr(&s->certs.key) : NULL,
				  .connections_max = s->connections,
				  .connections_per_ip_max = (unsigned)s->c->connections_per_peer,
				  .threads_max = (unsigned)s->c->request_threads,
				  .memory_max = s->c->client_memory,
				  .header_timeout_ms = s->c->header_timeout_ms,
				  .idle_timeout_ms = s->c->idle_timeout_ms,
				  .body_timeout_ms = s->c->body_timeout_ms,
				  .reply_timeout_ms = s->c->reply_timeout_ms,
				  .rate_min = s->c->rate_min,
				  .upload_timeout_ms = s->c->upload_timeout_ms,
				  .is_proxy = is_proxy,
				  .is_proxy_arg = &s->proxies};
	s->http = http_server_open(&ho, tables, counts, api_table_count, &hooks, e);
	if (!s->http && e->sys == EADDRINUSE)
		return err_set(e, ERR_CONFLICT,
			       "listen %s: the port is in use; choose another with --listen "
			       "ADDRESS:PORT",
			       s->c->listen);
	return s->http ? 0 : err_ctx(e, "--listen");
}

static void close_all(struct server *s)
{
	if (s->db)
		db_stop(s->db); /* do not wait for the end of a long list */
	schedule_stop_soon(s->schedule);
	importer_stop_soon(s->importer);
	notifier_stop_soon(s->notifier);
	oidc_stop_soon(s->oidc.provider);
	if (s->engine)
		engine_stop_soon(s->engine);
	registry_stop_soon(s->registry);
	if (!http_server_close(s->http, GRACE_MS)) {
		/* It uses what would be closed below. Nothing that was acknowledged is lost. */
		log_line(LOG_WARN, "a request did not finish in time; exiting without it");
		if (s->engine)
			engine_leave(s->engine, LEAVE_MS);
		_exit(0);
	}
	if (s->engine)
		engine_stop(s->engine);
	schedule_stop(s->schedule);
	importer_stop(s->importer);
	notifier_stop(s->notifier);
	oidc_close(s->oidc.provider);
	arena_free(&s->import_lists);
	arena_free(&s->proxy_list);
	registry_close(s->registry);
	access_close(s->access);
	engine_free(s->engine);
	buf_free(&s->vdb_key_text);
	buf_free(&s->attached_key_text);
	sibling_cache_close(s->siblings);
	turns_close(s->turns);
	pool_close(s->pool);
	db_close(s->db);
	blobs_close(s->blobs);
	certs_close(&s->certs);
}

static void put_quick_start(const struct server *s, struct buf *out, const char *host)
{
	const char *plain = *s->c->tls_cert ? "" : "--tls-verify=false ",
		   *plain_dest = *plain ? "--dest-tls-verify=false " : "";
	buf_printf(
	    out,
	    "\nPush an image and list its vulnerabilities:\n"
	    "  skopeo login %s-u " ACCESS_OWNER " %s\n"
	    "  skopeo copy %sdocker://docker.io/library/debian:11 docker://%s/demo/debian:11\n"
	    "  %s push-status %s/demo/debian:11\n",
	    plain, host, plain_dest, host, program_invocation_name, host);
}

/* The password comes last, where one looks. Quick start lines are for people: on a terminal, or
 * when there is a password to show. */
static void say_hello(struct server *s)
{
	const char *scheme = *s->c->tls_cert ? "https" : "http";
	const char *open = strchr(s->c->address, ':') ? "[" : "", *close = *open ? "]" : "";
	bool is_first = s->owner_password[0] != '\0';
	char host[512];
	struct buf out;
	struct err e = ERR_INIT;
	(void)snprintf(host, sizeof host, "%s%s%s:%u", open, s->c->address, close,
		       http_server_port(s->http));
	buf_init(&out, 65536);
	buf_printf(&out, "Plimsoll %s, data in %s\nlistening on %s://%s/\n", s->api.version,
		   s->c->data_dir, scheme, host);
	if (is_first || isatty(STDOUT_FILENO))
		put_quick_start(s, &out, host);
	if (is_first)
		buf_printf(&out,
			   "\nThe owner of this new server is \"" ACCESS_OWNER
			   "\":\n  password: %sUntil the first login it is also in %s.\n",
			   s->owner_password, s->owner_file);
	else if (s->api.owner_pending)
		buf_printf(&out,
			   "\nNo login yet: the password of the owner \"" ACCESS_OWNER
			   "\" is in %s.\n",
			   s->owner_file);
	if (io_write(STDOUT_FILENO, out.ptr, out.len, &e) < 0 && is_first)
		log_line(
		    LOG_WARN,
		    "standard output cannot be written: the password of the owner \"" ACCESS_OWNER
		    "\" is in %s",
		    s->owner_file);
	buf_free(&out);
	secret_wipe(s->owner_password, sizeof s->owner_password);
}

static void say_no_vdb(const struct server *s)
{
	const struct vdb *v = engine_vdb_take(s->engine);
	engine_vdb_give(s->engine, v);
	if (v)
		return;
	if (s->c->feeds_every_ms)
		log_line(LOG_WARN, "no vulnerability database yet: images are Unverified until one "
				   "is built from the feeds, which are being fetched (settings "
				   "feeds, feeds-every); --vdb FILE loads one immediately");
	else
		log_line(LOG_WARN, "no vulnerability database: images stay Unverified; --vdb FILE "
				   "loads one (see `plimsoll vdb update` and `vdb build`), "
				   "--feeds-every TIME builds one from the feeds");
}

/* The server listens before the long work of a start is done: when it is, it is ready. What is
 * printed at a start waits a little for that. Returns the signal. */
static int wait_for_stop(struct server *s, const sigset_t *stop)
{
	const struct timespec tick = {.tv_nsec = 20000000};
	int64_t hello_at = clock_mono_ms() + HELLO_MS;
	bool said = false;
	int number = -1;
	while (number < 0 && !(said && s->api.ready)) {
		if (!s->api.ready && engine_is_settled(s->engine)) {
			s->api.ready = true;
			say_no_vdb(s);
		}
		if (!said && (s->api.ready || clock_mono_ms() >= hello_at)) {
			say_hello(s);
			said = true;
		}
		if (!(said && s->api.ready))
			number = sigtimedwait(stop, NULL, &tick);
		if (number == SIGHUP) {
			certs_renew(&s->certs, s->http, true);
			number = -1;
		}
	}
	return number < 0 ? certs_wait(&s->certs, s->http, stop) : number;
}

/* Large allocations are mapped on their own and given back at once. By default the limit rises with
 * each large block that is freed, and what a password check or an inventory took stays in some
 * thread's heap. */
static void memory_setup(void)
{
#ifdef M_MMAP_THRESHOLD /* glibc */
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

/* Take all descriptors that the system gives; shells give 1,024. A quarter of them is kept for
 * files that are sent and written, the store and workers. */
static unsigned connections_for(const struct config *c)
{
	struct rlimit l;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return (unsigned)c->connections;
	rlim_t had = l.rlim_cur;
	l.rlim_cur = l.rlim_max < DESCRIPTORS_MAX ? l.rlim_max : DESCRIPTORS_MAX;
	if (l.rlim_cur < had || setrlimit(RLIMIT_NOFILE, &l) < 0)
		l.rlim_cur = had;
	rlim_t spare = l.rlim_cur / 4 > DESCRIPTORS_KEPT ? l.rlim_cur / 4 : DESCRIPTORS_KEPT;
	rlim_t most = l.rlim_cur > 2 * spare ? l.rlim_cur - spare : l.rlim_cur / 4 + 1;
	if (most >= c->connections)
		return (unsigned)c->connections;
	log_line(LOG_WARN,
		 "at most %llu files may be open: connections is lowered to %llu from %llu",
		 (unsigned long long)l.rlim_cur, (unsigned long long)most,
		 (unsigned long long)c->connections);
	return (unsigned)most;
}

int serve_run(const struct config *c, const char *version, struct err *e)
{
	struct server s = {.c = c, .api = {.version = version}};
	enum log_level level;
	if (!log_level_parse(c->log_level, &level))
		return err_set(e, ERR_FORMAT,
			       "log-level: \"%s\" is not one of debug, info, warn, error, none",
			       c->log_level);
	log_level_set(level);
	if (clock_is_moved())
		log_line(LOG_WARN, "THE CLOCK IS MOVED by " CLOCK_VARIABLE
				   ": for tests only; what expires, when and whose tokens are "
				   "valid follows it");
	memory_setup();
	s.connections = connections_for(c);
	sigset_t stop;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGHUP);
	/* Blocked before the first thread starts, so that only this thread receives them. */
	if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0)
		return err_set(e, ERR_INTERNAL, "signals cannot be blocked");
	int r = open_workers(&s, e);
	if (r == 0)
		r = open_store(&s, e);
	if (r == 0)
		r = open_scanning(&s, e);
	if (r == 0)
		r = open_registry(&s, e);
	if (r == 0)
		r = open_access(&s, e);
	if (r == 0)
		r = open_importer(&s, e);
	if (r == 0)
		r = open_notifier(&s, e);
	if (r == 0)
		r = open_oidc(&s, e);
	if (r == 0) {
		s.schedule = schedule_start(c, s.engine, s.pool, &s.vdb_keys, e);
		r = s.schedule ? open_http(&s, e) : -(int)e->code;
	}
	if (r == 0)
		r = make_owner(&s, e);
	if (r == 0) {
		int signal_number = wait_for_stop(&s, &stop);
		log_line(LOG_INFO, "stopping on signal %d", signal_number);
		s.api.ready = false;
	}
	close_all(&s);
	return r;
}
