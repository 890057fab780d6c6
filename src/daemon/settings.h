/* settings: one row each: X(name, kind, word for the value, default, min, max, help, field of
 * struct config). The settings table of daemon/config.c and the options of `plimsoll serve` are
 * both made of it. */
#pragma once

#define CONFIG_DAY UINT64_C(86400000)
#define CONFIG_SETTINGS(X)                                                                         \
	X("data-dir", CONFIG_PATH, "PATH", "plimsoll-data", 0, 0,                                  \
	  "folder that holds everything: blobs, database, keys", data_dir)                         \
	X("listen", CONFIG_LISTEN, "ADDRESS:PORT", "127.0.0.1:5080", 0, 0,                         \
	  "address and port to serve on", listen)                                                  \
	X("tls-cert", CONFIG_PATH, "PATH", "", 0, 0,                                               \
	  "certificate chain (PEM); with tls-key the server speaks TLS", tls_cert)                 \
	X("tls-key", CONFIG_PATH, "PATH", "", 0, 0, "private key (PEM)", tls_key)                  \
	X("public-url", CONFIG_URL, "URL", "", 0, 0,                                               \
	  "http(s)://HOST[:PORT][/PATH] that clients reach the server by, when a proxy stands in " \
	  "front",                                                                                 \
	  public_url)                                                                              \
	X("log-level", CONFIG_TEXT, "TEXT", "info", 0, 0, "debug, info, warn, error or none",      \
	  log_level)                                                                               \
	X("worker", CONFIG_PATH, "PATH", "", 0, 0,                                                 \
	  "the worker program (default: plimsoll-worker beside plimsoll)", worker)                 \
	X("workers", CONFIG_COUNT, "N", "0", 0, 256,                                               \
	  "workers at once; 0 = one per processor, and one more", workers)                         \
	X("allow-unjailed", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "run although the kernel cannot jail workers", allow_unjailed)                           \
	X("anonymous-pull", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "let anybody pull without an account", anonymous_pull)                                   \
	X("login-failures", CONFIG_COUNT, "N", "10", 0, 1000000,                                   \
	  "wrong passwords for one name from one address within login-window; 0 = no limit",       \
	  login_failures)                                                                          \
	X("login-failures-per-peer", CONFIG_COUNT, "N", "50", 0, 1000000,                          \
	  "wrong passwords from one address; 0 = no limit", login_failures_per_peer)               \
	X("login-failures-per-name", CONFIG_COUNT, "N", "100", 0, 1000000,                         \
	  "wrong passwords for one name from everywhere; 0 = no limit", login_failures_per_name)   \
	X("login-window", CONFIG_TIME, "TIME", "5m", 1000, CONFIG_DAY,                             \
	  "time in which failed logins are forgotten", login_window_ms)                            \
	X("password-checks", CONFIG_COUNT, "N", "2", 1, 64,                                        \
	  "passwords hashed at once; each takes 7 MiB and a processor", password_checks)           \
	X("password-checks-per-second", CONFIG_COUNT, "N", "10", 0, 10000,                         \
	  "passwords hashed for those who never gave a right one from there; 0 = no limit",        \
	  password_checks_per_sec)                                                                 \
	X("audit-max", CONFIG_COUNT, "N", "100000", 1000, 100000000,                               \
	  "rows of each audit log (changes; pushes, pulls and deletions) that are kept; the "      \
	  "oldest go",                                                                             \
	  audit_max)                                                                               \
	X("connections", CONFIG_COUNT, "N", "12288", 1, 65536,                                     \
	  "connections at once; with no room the longest idle one is closed", connections)         \
	X("connections-per-peer", CONFIG_COUNT, "N", "0", 0, 65536,                                \
	  "connections of one address at once; 0 = no limit of its own", connections_per_peer)     \
	X("request-threads", CONFIG_COUNT, "N", "128", 8, 4096,                                    \
	  "requests being worked on at once; idle and slow clients take no thread",                \
	  request_threads)                                                                         \
	X("client-memory", CONFIG_SIZE, "SIZE", "256MiB", 16U << 20, UINT64_C(1) << 40,            \
	  "memory for replies that clients do not take and bodies that they send slowly, all "     \
	  "together",                                                                              \
	  client_memory)                                                                           \
	X("header-timeout", CONFIG_TIME, "TIME", "20s", 500, CONFIG_DAY,                           \
	  "a request's headers must be there this long after its first byte", header_timeout_ms)   \
	X("idle-timeout", CONFIG_TIME, "TIME", "75s", 500, CONFIG_DAY,                             \
	  "a connection without a next request is closed after this", idle_timeout_ms)             \
	X("body-timeout", CONFIG_TIME, "TIME", "60s", 500, CONFIG_DAY,                             \
	  "a client that sends its body slower than rate-min is cut after this", body_timeout_ms)  \
	X("reply-timeout", CONFIG_TIME, "TIME", "60s", 500, CONFIG_DAY,                            \
	  "a client that takes its reply slower than rate-min is cut after this",                  \
	  reply_timeout_ms)                                                                        \
	X("read-timeout", CONFIG_TIME, "TIME", "5s", 50, CONFIG_DAY,                               \
	  "an API request that reads longer gets 503", read_timeout_ms)                            \
	X("rate-min", CONFIG_SIZE, "SIZE", "1KiB", 0, 1U << 30,                                    \
	  "bytes a second that a body or reply must move; 0 = any byte will do", rate_min)         \
	X("upload-timeout", CONFIG_TIME, "TIME", "12h", 500, 365 * CONFIG_DAY,                     \
	  "longest time for the body of one request", upload_timeout_ms)                           \
	X("upload-max", CONFIG_SIZE, "SIZE", "64GiB", 1, UINT64_C(1) << 50, "largest blob",        \
	  upload_max)                                                                              \
	X("uploads-per-user", CONFIG_COUNT, "N", "1000", 0, 1000000,                               \
	  "uploads of one user that are open at once; 0 = no limit", uploads_per_user)             \
	X("sparse-indexes", CONFIG_SWITCH, "BOOL", "false", 0, 0,                                  \
	  "take an index although manifests that it names are not there", sparse_indexes)          \
	X("upload-expire", CONFIG_TIME, "TIME", "12h", 60000, 365 * CONFIG_DAY,                    \
	  "an upload nobody continued is removed after this", upload_expire_ms)                    \
	X("gc-grace", CONFIG_TIME, "TIME", "24h", 0, 365 * CONFIG_DAY,                             \
	  "how long an unreferenced blob is kept", gc_grace_ms)                                    \
	X("gc-every", CONFIG_TIME, "TIME", "1h", 1000, 365 * CONFIG_DAY,                           \
	  "how often unreferenced blobs are looked for", gc_every_ms)                              \
	X("disk-reserve", CONFIG_SIZE, "SIZE", "64MiB", 0, UINT64_C(1) << 50,                      \
	  "free space that uploads leave, and at least 1 % of the disk; 0 = none", disk_reserve)   \
	X("scrub-rate", CONFIG_SIZE, "SIZE", "8MiB", 0, UINT64_C(1) << 40,                         \
	  "stored bytes read a second to see that they are whole; 0 = none", scrub_rate)           \
	X("scrub-every", CONFIG_TIME, "TIME", "7d", 1000, 365 * CONFIG_DAY,                        \
	  "each stored blob is read again after this", scrub_every_ms)                             \
	X("vdb", CONFIG_PATH, "PATH", "", 0, 0, "vulnerability database to load at start", vdb)    \
	X("feeds", CONFIG_TEXT, "TEXT", "", 0, 0,                                                  \
	  "NAME=URL words, the advisory feeds to fetch (default: the built-in list)", feeds)       \
	X("feeds-every", CONFIG_TIME, "TIME", "6h", 0, 30 * CONFIG_DAY,                            \
	  "how often feeds are fetched; 0 = never", feeds_every_ms)                                \
	X("recheck", CONFIG_TIME, "TIME", "7d", 60000, 365 * CONFIG_DAY,                           \
	  "images pulled in the last 30 days are scanned again after this", recheck_ms)            \
	X("history", CONFIG_TIME, "TIME", "90d", 3600000, 3650 * CONFIG_DAY,                       \
	  "events and scans that are over are kept so long", history_ms)                           \
	X("layer-max", CONFIG_SIZE, "SIZE", "20GiB", 1U << 20, UINT64_C(1) << 50,                  \
	  "uncompressed bytes of a layer that are looked at", layer_out_max)                       \
	X("zstd-window-max", CONFIG_SIZE, "SIZE", "32MiB", 8U << 20, LIMIT_WINDOW_MAX,             \
	  "zstd layers with a larger window are not looked at", layer_window_max)                  \
	X("worker-timeout", CONFIG_TIME, "TIME", "2m", 1000, CONFIG_DAY,                           \
	  "a worker without progress is killed after this", worker_wall_ms)
