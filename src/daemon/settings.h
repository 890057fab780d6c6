/* settings: one row each: X(name, kind, placeholder of the value, default, min, max, help, field
 * of struct config). The settings table of daemon/config.c and the options of `plimsoll serve` are
 * generated from it. */
#pragma once

#define CONFIG_DAY UINT64_C(86400000)
#define CONFIG_SETTINGS(X)                                                                         \
	X("data-dir", CONFIG_PATH, "PATH", "plimsoll-data", 0, 0,                                  \
	  "folder that holds everything: blobs, database, keys", data_dir)                         \
	X("store", CONFIG_TEXT, "URL", "", 0, 0,                                                   \
	  "database: postgresql://USER@HOST/NAME; empty = plimsoll.db in the data folder", store)  \
	X("listen", CONFIG_LISTEN, "ADDRESS:PORT", "127.0.0.1:5080", 0, 0,                         \
	  "address and port to serve on", listen)                                                  \
	X("tls-cert", CONFIG_PATH, "PATH", "", 0, 0,                                               \
	  "certificate chain (PEM); with tls-key the server speaks TLS", tls_cert)                 \
	X("tls-key", CONFIG_PATH, "PATH", "", 0, 0, "private key (PEM)", tls_key)                  \
	X("public-url", CONFIG_URL, "URL", "", 0, 0,                                               \
	  "http(s)://HOST[:PORT][/PATH] by which clients reach the server, if it is behind a "     \
	  "proxy",                                                                                 \
	  public_url)                                                                              \
	X("trusted-proxies", CONFIG_TEXT, "TEXT", "", 0, 0,                                        \
	  "networks of proxies in front of the server, whose X-Forwarded-For names the client",    \
	  trusted_proxies)                                                                         \
	X("registry-hosts", CONFIG_TEXT, "TEXT", "", 0, 0,                                         \
	  "host names of registries, NAME=HOST each: a registry named here has these at each "     \
	  "start, and no others",                                                                  \
	  registry_hosts)                                                                          \
	X("log-level", CONFIG_TEXT, "TEXT", "info", 0, 0, "debug, info, warn, error or none",      \
	  log_level)                                                                               \
	X("worker", CONFIG_PATH, "PATH", "", 0, 0,                                                 \
	  "the worker program (default: plimsoll-worker in the folder of plimsoll)", worker)       \
	X("workers", CONFIG_COUNT, "N", "0", 0, 256,                                               \
	  "workers at once; 0 = one per processor plus one", workers)                              \
	X("allow-unjailed", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "run even if the kernel cannot jail workers", allow_unjailed)                            \
	X("anonymous-pull", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "allow pulls without an account", anonymous_pull)                                        \
	X("oidc-issuer", CONFIG_URL, "URL", "", 0, 0,                                              \
	  "issuer of the OpenID provider that people may sign in by; empty = none", oidc_issuer)   \
	X("oidc-client-id", CONFIG_TEXT, "TEXT", "", 0, 0, "client id at the provider",            \
	  oidc_client_id)                                                                          \
	X("oidc-client-secret-file", CONFIG_PATH, "PATH", "", 0, 0,                                \
	  "file that holds the client's secret; empty = a public client", oidc_client_secret_file) \
	X("oidc-name", CONFIG_TEXT, "TEXT", "OpenID", 0, 0,                                        \
	  "what the portal's button calls the provider", oidc_name)                                \
	X("oidc-scopes", CONFIG_TEXT, "TEXT", "openid profile email", 0, 0,                        \
	  "scopes that are asked for", oidc_scopes)                                                \
	X("oidc-name-claim", CONFIG_TEXT, "TEXT", "preferred_username", 0, 0,                      \
	  "claim of the ID token that names a new user", oidc_name_claim)                          \
	X("oidc-groups-claim", CONFIG_TEXT, "TEXT", "groups", 0, 0,                                \
	  "claim of the ID token that lists the groups of the user", oidc_groups_claim)            \
	X("oidc-create-users", CONFIG_SWITCH, "BOOL", "true", 0, 0,                                \
	  "make a user for who signs in for the first time", oidc_create_users)                    \
	X("login-failures", CONFIG_COUNT, "N", "10", 0, 1000000,                                   \
	  "wrong passwords for one name from one address within login-window; 0 = no limit",       \
	  login_failures)                                                                          \
	X("login-failures-per-peer", CONFIG_COUNT, "N", "50", 0, 1000000,                          \
	  "wrong passwords from one address; 0 = no limit", login_failures_per_peer)               \
	X("login-failures-per-name", CONFIG_COUNT, "N", "100", 0, 1000000,                         \
	  "wrong passwords for one name from all addresses; 0 = no limit",                         \
	  login_failures_per_name)                                                                 \
	X("login-window", CONFIG_TIME, "TIME", "5m", 1000, CONFIG_DAY,                             \
	  "time over which failed logins are forgotten", login_window_ms)                          \
	X("password-checks", CONFIG_COUNT, "N", "2", 1, 64,                                        \
	  "passwords hashed at once; each takes 7 MiB and one processor", password_checks)         \
	X("password-checks-per-second", CONFIG_COUNT, "N", "10", 0, 10000,                         \
	  "passwords hashed for clients that have not yet logged in from their address; 0 = no "   \
	  "limit",                                                                                 \
	  password_checks_per_sec)                                                                 \
	X("audit-max", CONFIG_COUNT, "N", "100000", 1000, 100000000,                               \
	  "rows kept in each audit log (changes; pushes, pulls and deletions); the oldest are "    \
	  "deleted",                                                                               \
	  audit_max)                                                                               \
	X("connections", CONFIG_COUNT, "N", "12288", 1, 65536,                                     \
	  "connections at once; at the limit the longest idle one is closed", connections)         \
	X("connections-per-peer", CONFIG_COUNT, "N", "0", 0, 65536,                                \
	  "connections of one address at once; 0 = no limit per address", connections_per_peer)    \
	X("request-threads", CONFIG_COUNT, "N", "128", 8, 4096,                                    \
	  "requests handled at once; idle and slow clients take no thread", request_threads)       \
	X("client-memory", CONFIG_SIZE, "SIZE", "256MiB", 16U << 20, UINT64_C(1) << 40,            \
	  "memory for unread replies and slowly sent bodies, for all clients together",            \
	  client_memory)                                                                           \
	X("header-timeout", CONFIG_TIME, "TIME", "20s", 500, CONFIG_DAY,                           \
	  "a request's headers must be complete this long after its first byte",                   \
	  header_timeout_ms)                                                                       \
	X("idle-timeout", CONFIG_TIME, "TIME", "75s", 500, CONFIG_DAY,                             \
	  "an idle connection is closed after this", idle_timeout_ms)                              \
	X("body-timeout", CONFIG_TIME, "TIME", "60s", 500, CONFIG_DAY,                             \
	  "a client that sends its body slower than rate-min is disconnected after this",          \
	  body_timeout_ms)                                                                         \
	X("reply-timeout", CONFIG_TIME, "TIME", "60s", 500, CONFIG_DAY,                            \
	  "a client that reads its reply slower than rate-min is disconnected after this",         \
	  reply_timeout_ms)                                                                        \
	X("read-timeout", CONFIG_TIME, "TIME", "5s", 50, CONFIG_DAY,                               \
	  "an API request that reads from the store longer than this gets 503", read_timeout_ms)   \
	X("rate-min", CONFIG_SIZE, "SIZE", "1KiB", 0, 1U << 30,                                    \
	  "bytes per second that a body or reply must move; 0 = any progress counts", rate_min)    \
	X("upload-timeout", CONFIG_TIME, "TIME", "12h", 500, 365 * CONFIG_DAY,                     \
	  "longest time for the body of one request", upload_timeout_ms)                           \
	X("upload-max", CONFIG_SIZE, "SIZE", "64GiB", 1, UINT64_C(1) << 50, "largest blob",        \
	  upload_max)                                                                              \
	X("uploads-per-user", CONFIG_COUNT, "N", "1000", 0, 1000000,                               \
	  "open uploads per user; 0 = no limit", uploads_per_user)                                 \
	X("sparse-indexes", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "accept an index that names missing manifests", sparse_indexes)                          \
	X("upload-expire", CONFIG_TIME, "TIME", "12h", 60000, 365 * CONFIG_DAY,                    \
	  "an upload without progress is removed after this", upload_expire_ms)                    \
	X("gc-grace", CONFIG_TIME, "TIME", "24h", 0, 365 * CONFIG_DAY,                             \
	  "how long an unreferenced blob is kept", gc_grace_ms)                                    \
	X("gc-every", CONFIG_TIME, "TIME", "1h", 1000, 365 * CONFIG_DAY,                           \
	  "how often to look for unreferenced blobs", gc_every_ms)                                 \
	X("disk-reserve", CONFIG_SIZE, "SIZE", "64MiB", 0, UINT64_C(1) << 50,                      \
	  "free space that uploads leave, at least 1 % of the disk; 0 = none", disk_reserve)       \
	X("scrub-rate", CONFIG_SIZE, "SIZE", "8MiB", 0, UINT64_C(1) << 40,                         \
	  "stored bytes re-read per second to detect damage; 0 = none", scrub_rate)                \
	X("scrub-every", CONFIG_TIME, "TIME", "7d", 1000, 365 * CONFIG_DAY,                        \
	  "each stored blob is re-read after this", scrub_every_ms)                                \
	X("vdb", CONFIG_PATH, "PATH", "", 0, 0, "vulnerability database to load at start", vdb)    \
	X("vdb-source", CONFIG_TEXT, "URL", "", 0, 0,                                              \
	  "oci://HOST/REPOSITORY:TAG of a database that is fetched every feeds-every instead of "  \
	  "feeds",                                                                                 \
	  vdb_source)                                                                              \
	X("vdb-key", CONFIG_PATH, "PATH", "", 0, 0,                                                \
	  "public keys (PEM): a database that comes from elsewhere must be signed by one of them", \
	  vdb_key)                                                                                 \
	X("vdb-name", CONFIG_TEXT, "NAME", "plimsoll", 0, 0,                                       \
	  "name of the series that a signature must state", vdb_name)                              \
	X("vdb-keep", CONFIG_COUNT, "N", "7", 0, 3650,                                             \
	  "older databases that are kept: the newest of each day, for so many days", vdb_keep)     \
	X("feeds", CONFIG_TEXT, "TEXT", "", 0, 0,                                                  \
	  "the advisory feeds to fetch, NAME=URL each (default: the built-in list)", feeds)        \
	X("feeds-every", CONFIG_TIME, "TIME", "6h", 0, 30 * CONFIG_DAY,                            \
	  "how often feeds are fetched; 0 = never", feeds_every_ms)                                \
	X("feeds-allow", CONFIG_TEXT, "TEXT", "", 0, 0,                                            \
	  "hosts and networks that a public feed's redirects may lead to besides public "          \
	  "addresses; * = any",                                                                    \
	  feeds_allow)                                                                             \
	X("imports", CONFIG_COUNT, "N", "2", 1, 16, "imports from other registries at once",       \
	  imports)                                                                                 \
	X("import-allow", CONFIG_TEXT, "TEXT", "", 0, 0,                                           \
	  "hosts and networks that imports may reach besides public addresses; * = any",           \
	  import_allow)                                                                            \
	X("import-insecure", CONFIG_TEXT, "TEXT", "", 0, 0,                                        \
	  "hosts that may be imported from by plain HTTP or with an unknown certificate",          \
	  import_insecure)                                                                         \
	X("import-proxy", CONFIG_TEXT, "TEXT", "", 0, 0,                                           \
	  "URL of the proxy that imports use; it decides which addresses they reach",              \
	  import_proxy)                                                                            \
	X("notify-allow", CONFIG_TEXT, "TEXT", "", 0, 0,                                           \
	  "hosts and networks that webhooks may reach besides public addresses; hosts listed by "  \
	  "name or address may speak plain HTTP",                                                  \
	  notify_allow)                                                                            \
	X("notify-proxy", CONFIG_TEXT, "TEXT", "", 0, 0,                                           \
	  "URL of the proxy that webhooks use; it decides which addresses they reach",             \
	  notify_proxy)                                                                            \
	X("smtp-url", CONFIG_TEXT, "URL", "", 0, 0,                                                \
	  "smtp://HOST[:PORT] or smtps://HOST[:PORT] of the server that takes mail; empty = no "   \
	  "mail is sent",                                                                          \
	  smtp_url)                                                                                \
	X("smtp-plain", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                      \
	  "mail may go without TLS where the mail server has none", smtp_plain)                    \
	X("smtp-from", CONFIG_TEXT, "ADDRESS", "", 0, 0, "address that mail is from", smtp_from)   \
	X("smtp-username", CONFIG_TEXT, "NAME", "", 0, 0, "name at the mail server",               \
	  smtp_username)                                                                           \
	X("smtp-password-file", CONFIG_PATH, "PATH", "", 0, 0,                                     \
	  "file that holds the password at the mail server", smtp_password_file)                   \
	X("recheck", CONFIG_TIME, "TIME", "7d", 60000, 365 * CONFIG_DAY,                           \
	  "images pulled in the last 30 days are rescanned after this", recheck_ms)                \
	X("content-checks", CONFIG_TEXT, "TEXT", "accounts,secrets", 0, 0,                         \
	  "groups of content checks that images are scanned with: accounts, secrets, "             \
	  "permissions, configuration, or none",                                                   \
	  content_checks)                                                                          \
	X("assume-linked", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                   \
	  "of Go programs: take every package of their modules for linked, so that advisories "    \
	  "about packages that are not in the program count",                                      \
	  assume_linked)                                                                           \
	X("attached-documents", CONFIG_TEXT, "WORD", "show", 0, 0,                                 \
	  "what VEX that is attached to an image does: off (it is not read), show, or apply (it "  \
	  "takes findings out)",                                                                   \
	  attached_documents)                                                                      \
	X("attached-keys", CONFIG_PATH, "PATH", "", 0, 0,                                          \
	  "public keys (PEM, Ed25519 or ECDSA P-256): attached documents that none of them "       \
	  "signed change nothing, VEX and bills of materials alike",                               \
	  attached_keys)                                                                           \
	X("history", CONFIG_TIME, "TIME", "90d", 3600000, 3650 * CONFIG_DAY,                       \
	  "how long events and finished scans are kept", history_ms)                               \
	X("layer-max", CONFIG_SIZE, "SIZE", "20GiB", 1U << 20, UINT64_C(1) << 50,                  \
	  "uncompressed bytes of a layer that are read", layer_out_max)                            \
	X("zstd-window-max", CONFIG_SIZE, "SIZE", "32MiB", 8U << 20, LIMIT_WINDOW_MAX,             \
	  "zstd layers with a larger window are not read", layer_window_max)                       \
	X("worker-timeout", CONFIG_TIME, "TIME", "2m", 1000, CONFIG_DAY,                           \
	  "a worker that makes no progress is killed after this", worker_wall_ms)
