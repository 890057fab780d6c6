/* config: the settings of `plimsoll serve`: one table row each; a value comes from the flag, else
 * the environment (PLIMSOLL_DATA_DIR), else the file, else the default. A test compares
 * docs/configuration.md with the same rows. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"

enum config_kind {
	CONFIG_TEXT,
	CONFIG_URL,
	CONFIG_PATH,
	CONFIG_SIZE,
	CONFIG_TIME,
	CONFIG_COUNT,
	CONFIG_SWITCH,
	CONFIG_LISTEN
};

struct config {
	const char *data_dir;
	const char *store;  /* postgresql://…, or empty: the folder's own, or what it says */
	const char *listen; /* as given */
	const char *address;
	uint16_t port;
	const char *tls_cert, *tls_key; /* files; both or none */
	const char *public_url;		/* base of Location and realm; empty = the client's Host */
	const char *log_level;
	const char *worker;
	bool anonymous_pull;
	const char *oidc_issuer, *oidc_client_id, *oidc_client_secret_file, *oidc_name;
	const char *oidc_scopes, *oidc_name_claim, *oidc_groups_claim;
	bool oidc_create_users;
	bool allow_unjailed;
	uint64_t audit_max;
	uint64_t workers; /* 0 = processors */
	uint64_t login_failures, login_failures_per_peer, login_failures_per_name, login_window_ms;
	uint64_t password_checks, password_checks_per_sec;
	uint64_t connections, connections_per_peer, request_threads, client_memory;
	uint64_t header_timeout_ms, idle_timeout_ms, body_timeout_ms, reply_timeout_ms,
	    read_timeout_ms;
	uint64_t rate_min; /* bytes a second */
	uint64_t upload_timeout_ms;
	uint64_t upload_max; /* bytes of one blob */
	uint64_t uploads_per_user;
	bool sparse_indexes;
	uint64_t upload_expire_ms;
	uint64_t gc_grace_ms, gc_every_ms, disk_reserve, scrub_rate, scrub_every_ms;
	uint64_t feeds_every_ms; /* 0 = never */
	const char *feeds_allow;
	const char *registry_hosts; /* "NAME=HOST …" */
	const char *feeds;	    /* "osv=URL …", empty = the built-in list */
	const char *vdb;	    /* a database file to load at start, may be empty */
	const char *vdb_source;	    /* oci://…, empty = feeds */
	const char *vdb_key, *vdb_name;
	uint64_t vdb_keep;
	uint64_t imports;	     /* at once */
	const char *trusted_proxies; /* "10.0.0.0/8 …" */
	const char *notify_allow, *notify_proxy, *smtp_url, *smtp_from, *smtp_username,
	    *smtp_password_file;
	bool smtp_plain;
	const char *import_allow, *import_insecure, *import_proxy;
	uint64_t recheck_ms;
	const char *content_checks; /* groups, as inspect_groups_read reads them */
	bool assume_linked;
	const char *attached_documents; /* attached_use_word */
	const char *attached_keys;
	uint64_t history_ms;
	uint64_t layer_out_max, layer_window_max, worker_wall_ms;
	struct arena arena;
};

struct config_setting {
	const char *name; /* "data-dir": --data-dir, PLIMSOLL_DATA_DIR, data-dir: in the file */
	enum config_kind kind;
	const char *fallback;
	uint64_t min, max; /* of numbers */
	const char *help;
	size_t offset; /* in struct config */
};
extern const struct config_setting config_table[];
extern const size_t config_count;

/* get: the value of a flag, or NULL (cli_get). ERR_FORMAT names the setting, where the value came
 * from, and what is expected. */
typedef const char *(*config_get_fn)(void *arg, const char *name);
int config_load(struct config *c, config_get_fn get, void *arg, struct err *e);
void config_free(struct config *c);
