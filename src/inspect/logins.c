/* Files that hold logins, known by their names. A value that is a variable ("${TOKEN}") or empty is
 * no secret. Specs: the manual pages of netrc, PostgreSQL's libpq ("The Password File"),
 * git-credential-store, Docker's config.json ("auths"), npm's .npmrc, Python's .pypirc, Kubernetes'
 * kubeconfig. */
#include "inspect/parts.h"

#include "base/base64.h"

#define AUTH_MAX 1024U /* bytes of a login in base64 */

static bool is_set(struct bytes value)
{
	value = bytes_trim(value);
	return value.len > 0 && value.ptr[0] != '$' && value.ptr[0] != '<' && value.ptr[0] != '{' &&
	       !bytes_eq_lit(value, "\"\"") && !bytes_eq_lit(value, "''") &&
	       !bytes_eq_lit(value, "null");
}

static int report(struct inspect_text *t, enum inspect_kind kind, size_t off, struct bytes value)
{
	value = bytes_trim(value);
	return inspect_report(t, kind, off, "%zu characters", value.len);
}

static struct bytes next_word(struct bytes *rest)
{
	size_t at = 0, end;
	while (at < rest->len && byte_is_space(rest->ptr[at]))
		at++;
	for (end = at; end < rest->len && !byte_is_space(rest->ptr[end]);)
		end++;
	struct bytes word = bytes_part(*rest, at, end - at);
	*rest = bytes_from(*rest, end);
	return word;
}

/* "machine HOST login NAME password SECRET", over as many lines as it likes. */
static int netrc(struct inspect_text *t)
{
	struct bytes rest = t->text;
	bool next = false;
	for (struct bytes word; (word = next_word(&rest)).len > 0;) {
		size_t off = t->text.len - rest.len - word.len;
		int r = next && is_set(word) ? report(t, INSPECT_NETRC, off, word) : 0;
		next = bytes_eq_lit(word, "password");
		if (r != 0)
			return r;
	}
	return 0;
}

/* Calls look for each line that is no comment. */
static int each_line(struct inspect_text *t,
		     int (*look)(struct inspect_text *t, struct bytes line, size_t off))
{
	int r = 0;
	for (size_t at = 0; r == 0 && at < t->text.len;) {
		struct bytes rest = bytes_from(t->text, at);
		struct bytes line = bytes_part(rest, 0, bytes_find(rest, '\n'));
		struct bytes text = bytes_trim(line);
		if (text.len > 0 && text.ptr[0] != '#' && text.ptr[0] != ';')
			r = look(t, text, at);
		at += line.len + 1;
	}
	return r;
}

/* host:port:database:user:password; a colon in a field has a backslash in front. */
static int pgpass_line(struct inspect_text *t, struct bytes line, size_t off)
{
	unsigned colons = 0;
	size_t at = 0;
	for (; at < line.len && colons < 4; at++) {
		if (line.ptr[at] == '\\')
			at++;
		else
			colons += line.ptr[at] == ':';
	}
	struct bytes password = bytes_from(line, at);
	return colons == 4 && is_set(password) ? report(t, INSPECT_PGPASS, off, password) : 0;
}

static int pgpass(struct inspect_text *t)
{
	return each_line(t, pgpass_line);
}

/* https://user:password@host */
static int git_line(struct inspect_text *t, struct bytes line, size_t off)
{
	size_t at = bytes_find_bytes(line, BYTES_LIT("://"));
	struct bytes rest = bytes_from(line, at + 3);
	struct bytes login = bytes_part(rest, 0, bytes_find(rest, '@'));
	size_t colon = bytes_find(login, ':');
	if (at == line.len || login.len == rest.len || colon == login.len)
		return 0;
	struct bytes password = bytes_from(login, colon + 1);
	return is_set(password) ? report(t, INSPECT_GIT_CREDENTIALS, off, password) : 0;
}

static int git_credentials(struct inspect_text *t)
{
	return each_line(t, git_line);
}

/* What follows key and a colon or equals sign, unquoted. Empty: the line is of another key. */
static struct bytes value_of(struct bytes line, const char *key, uint8_t sign)
{
	struct bytes k = bytes_of(key);
	line = bytes_has_prefix_lit(line, "- ") ? bytes_trim(bytes_from(line, 2)) : line;
	struct bytes rest = bytes_trim(bytes_from(line, k.len));
	if (!bytes_has_prefix(line, k) || rest.len == 0 || rest.ptr[0] != sign)
		return BYTES_NONE;
	struct bytes value = bytes_trim(bytes_from(rest, 1));
	bool quoted = value.len >= 2 && (value.ptr[0] == '"' || value.ptr[0] == '\'') &&
		      value.ptr[value.len - 1] == value.ptr[0];
	return quoted ? bytes_part(value, 1, value.len - 2) : value;
}

/* "//registry.example/:_authToken=…", and "_auth" and "_password" of older ones. */
static int npmrc_line(struct inspect_text *t, struct bytes line, size_t off)
{
	static const char *const keys[] = {"_authToken", "_auth", "_password"};
	size_t colon = bytes_find_last(bytes_part(line, 0, bytes_find(line, '=')), ':');
	struct bytes key = bytes_has_prefix_lit(line, "//") ? bytes_from(line, colon + 1) : line;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct bytes value = value_of(key, keys[i], '=');
		if (is_set(value))
			return report(t, INSPECT_NPM, off, value);
	}
	return 0;
}

static int npmrc(struct inspect_text *t)
{
	return each_line(t, npmrc_line);
}

static int pypirc_line(struct inspect_text *t, struct bytes line, size_t off)
{
	struct bytes value = value_of(line, "password", '=');
	value = value.len ? value : value_of(line, "password", ':');
	return is_set(value) ? report(t, INSPECT_PYPI, off, value) : 0;
}

static int pypirc(struct inspect_text *t)
{
	return each_line(t, pypirc_line);
}

static int kubeconfig_line(struct inspect_text *t, struct bytes line, size_t off)
{
	static const char *const keys[] = {"token", "client-key-data", "password"};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct bytes value = value_of(line, keys[i], ':');
		if (is_set(value))
			return report(t, INSPECT_KUBECONFIG, off, value);
	}
	return 0;
}

static int kubeconfig(struct inspect_text *t)
{
	bool is = bytes_find_bytes(t->text, BYTES_LIT("clusters:")) < t->text.len &&
		  bytes_find_bytes(t->text, BYTES_LIT("users:")) < t->text.len;
	return is ? each_line(t, kubeconfig_line) : 0;
}

/* "auth": base64 of NAME:PASSWORD, "identitytoken": a token. The file is searched as text: it may
 * be damaged, and a login is one all the same. */
static int docker(struct inspect_text *t)
{
	static const char *const keys[] = {"\"auth\"", "\"identitytoken\"", "\"registrytoken\""};
	uint8_t plain[AUTH_MAX];
	int r = 0;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct bytes key = bytes_of(keys[i]);
		for (size_t at = 0; r == 0;) {
			at += bytes_find_bytes(bytes_from(t->text, at), key);
			if (at >= t->text.len)
				break;
			struct bytes rest = bytes_trim(bytes_from(t->text, at + key.len));
			rest = bytes_trim(bytes_from(rest, rest.len > 0 && rest.ptr[0] == ':'));
			bool quoted = rest.len > 0 && rest.ptr[0] == '"';
			struct bytes value = quoted ? bytes_from(rest, 1) : BYTES_NONE;
			value = bytes_part(value, 0, bytes_find(value, '"'));
			size_t len = 0;
			bool is = i == 0 ? value.len < sizeof plain &&
					       base64_decode(BASE64_STANDARD, value, plain, &len) &&
					       bytes_find((struct bytes){plain, len}, ':') + 1 < len
					 : value.len >= 20;
			if (is)
				r = report(t, INSPECT_DOCKER, at, value);
			at += key.len;
		}
	}
	return r;
}

/* end: of a path, whole components. */
static const struct {
	const char *end;
	int (*look)(struct inspect_text *t);
} files[] = {
    {".netrc", netrc},
    {"_netrc", netrc},
    {".pgpass", pgpass},
    {".git-credentials", git_credentials},
    {"git/credentials", git_credentials},
    {".docker/config.json", docker},
    {"containers/auth.json", docker},
    {"kaniko/config.json", docker},
    {".dockercfg", docker},
    {".dockerconfigjson", docker},
    {".npmrc", npmrc},
    {"etc/npmrc", npmrc},
    {".pypirc", pypirc},
    {".kube/config", kubeconfig},
    {"kubeconfig", kubeconfig},
    {"kubeconfig.yaml", kubeconfig},
    {"kubeconfig.yml", kubeconfig},
    {"kubernetes/admin.conf", kubeconfig},
    {"kubernetes/kubelet.conf", kubeconfig},
};

int inspect_logins(struct inspect_text *t)
{
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct bytes end = bytes_of(files[i].end);
		if (bytes_has_suffix(t->path, end) &&
		    (t->path.len == end.len || t->path.ptr[t->path.len - end.len - 1] == '/'))
			return files[i].look(t);
	}
	return 0;
}
