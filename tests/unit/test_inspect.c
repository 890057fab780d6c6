/* Content checks: what is found in a text, what is not, and that hostile texts end soon. Secrets
 * are made here, in parts, so that no scanner takes this file for one that holds some. Checksums
 * and forms were computed by another program from the vendors' descriptions. */
#include "torture.h"

#include "base/base64.h"
#include "inspect/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct catch
{
	char text[4000];
	size_t len;
	unsigned count;
};

static int on_found(void *arg, enum inspect_kind kind, uint32_t line, struct bytes detail,
		    struct err *e)
{
	struct catch *c = arg;
	(void)e;
	c->count++;
	if (c->len < sizeof c->text - 200)
		c->len +=
		    (size_t)snprintf(c->text + c->len, sizeof c->text - c->len, "%s:%u:%.*s\n",
				     inspect_table[kind].id, line, BYTES_ARG(detail));
	return 0;
}

static int search(const char *path, struct bytes text, struct catch *c)
{
	struct err e = ERR_INIT;
	struct inspect_search *s = inspect_search_open(&e);
	const struct inspect_sink sink = {.arg = c, .found = on_found};
	*c = (struct catch){.len = 0};
	if (!s)
		return -ERR_NOMEM;
	int r = path ? inspect_search_file(s, bytes_of(path), text, &sink, &e)
		     : inspect_search_text(s, text, &sink, &e);
	inspect_search_close(s);
	return r;
}

#define SECRET                                                                                     \
	"wJa7rXUtnFEM"                                                                             \
	"I/K7MDENG/"                                                                               \
	"bPxRfiCYz4Q9sKeyQ1"
static const struct {
	const char *path, *text, *found;
} cases[] = {
    /* GitHub and npm: the checksum decides */
    {"app/.env",
     "A=1\nT=gh"
     "p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17\n",
     "SECRET-GITHUB:2:40 characters\n"},
    {"app/.env",
     "T=gh"
     "p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18\n",
     ""},
    {"app/x",
     "np"
     "m_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
     "SECRET-NPM:1:40 characters\n"},
    {"app/x",
     "xnp"
     "m_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17",
     ""},
    {"app/x",
     "np"
     "m_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17a",
     ""},
    {"app/x",
     "github_pa"
     "t_11ABCDEFG0q9Xk2LmPz4Rt_8sVbN3mQ7wEr5TyU1iOp6AsD9fGh2JkL4zXcV8bNm0QwErTyUiOp7AsDfGh3",
     ""},
    {"app/x",
     "github_pa"
     "t_11AQ7DKPG0q9Xk2LmPz4Rt_8sVbN3mQ7wEr5TyU1iOp6AsD9fGh2JkL4zXcV8bNm0QwErT2UiOp7AsDfR3",
     "SECRET-GITHUB:1:93 characters\n"},
    /* AWS: an id counts with its secret; the documentation's example does not */
    {"app/x",
     "aws_access_key_id = AKI"
     "AQ3EGRIGTUZ5B7WKD\naws_secret_access_key = " SECRET "\n",
     "SECRET-AWS:1:20 characters\n"},
    {"app/x",
     "aws_access_key_id = AKI"
     "AQ3EGRIGTUZ5B7WKD\n",
     ""},
    {"app/x",
     "id AKI"
     "AQ3EGRIGTUZ5B7WKD of commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12\n",
     ""},
    {"app/x",
     "aws_access_key_id = AKI"
     "AIOSFODNN7EXAMPLE\naws_secret_access_key = " SECRET "\n",
     ""},
    {"app/x",
     "glpa"
     "t-xK3v_9qLmZ2pWs7TbNc4\n",
     "SECRET-GITLAB:1:26 characters\n"},
    {"app/x",
     "glpa"
     "t-xxxxxxxxxxxxxxxxxxxx\n",
     ""},
    {"app/x",
     "xox"
     "b-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1\n",
     "SECRET-SLACK:1:56 characters\n"},
    {"app/x",
     "xox"
     "b-your-slack-bot-goes-here-please-now\n",
     ""},
    {"app/x",
     "https://hooks.slack"
     ".com/services/T00A4B2C9/B00D3F7E1/pQ9rXk2LmZ7vTbNc4sWd8yHf\n",
     "SECRET-SLACK:1:69 characters\n"},
    {"app/x",
     "https://hooks.slack"
     ".com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX\n",
     ""},
    {"app/x",
     "sk_liv"
     "e_4eC39HqLyjWDarjtT1zdp7dc\n",
     "SECRET-STRIPE:1:32 characters\n"},
    {"app/x",
     "sk_tes"
     "t_4eC39HqLyjWDarjtT1zdp7dc\n",
     ""},
    {"app/x",
     "AccountKe"
     "y=q7Wn3Tz5Lk9Xb2Vm8Rc4Yd6Pf1Hs0Jg7Ae3Uo5Ki9QtB2wN8xM4zC6vS1pL0jD7hF3gGr5Ey9Tu2iO8qWaAx7Y==;",
     "SECRET-AZURE-STORAGE:1:99 characters\n"},
    {"app/x",
     "AccountKe"
     "y=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
     ""},
    /* files by name */
    {"root/.netrc", "machine a.example\n  login me\n  password s3cr3t!\n",
     "SECRET-NETRC:3:7 characters\n"},
    {"root/.netrc", "machine a.example login me password $PASS\n", ""},
    {"root/x.netrc", "machine a login me password abc\n", ""},
    {"root/.pgpass", "# c\nlocalhost:5432:db:me:p\\:w:d\n*:*:*:*:\n",
     "SECRET-PGPASS:2:6 characters\n"},
    {"home/me/.git-credentials", "https://me:abcdef@github.example\nhttps://github.example\n",
     "SECRET-GIT-CREDENTIALS:1:6 characters\n"},
    {"root/.docker/config.json", "{\"auths\":{\"r.example\":{\"auth\":\"bWU6c2VjcmV0\"}}}",
     "SECRET-DOCKER-CONFIG:1:12 characters\n"},
    {"root/.docker/config.json", "{\"auths\":{\"r.example\":{}},\"credsStore\":\"pass\"}", ""},
    {"root/.npmrc", "registry=https://r.example/\n//r.example/:_authToken=abcdef12\n",
     "SECRET-NPM:2:8 characters\n"},
    {"root/.npmrc", "//r.example/:_authToken=${NPM_TOKEN}\n", ""},
    {"root/.pypirc", "[pypi]\nusername = me\npassword = abcdefg\n", "SECRET-PYPI:3:7 characters\n"},
    {"root/.kube/config", "clusters:\n- name: a\nusers:\n- name: b\n  user:\n    token: abcdef\n",
     "SECRET-KUBECONFIG:6:6 characters\n"},
    {"root/.kube/config", "clusters: []\nusers: []\n", ""},
    /* accounts */
    {"etc/shadow", "root:*:19000:0:99999:7:::\nme::19000::::::\nsync:!:1:::::\n",
     "ACCOUNT-EMPTY-PASSWORD:2:account me\n"},
    {"etc/passwd", "root:x:0:0::/root:/bin/sh\nroot2:x:00:0::/:/bin/sh\nme:x:10:10:::\n",
     "ACCOUNT-UID-0:2:account root2\n"},
    {"etc/passwd", "a::1:1:::\n+::0:0:::\n\n#b::0:0\nb", "ACCOUNT-EMPTY-PASSWORD:1:account a\n"},
    {"app/etc/passwd", "a::0:0:::\n", ""},
};

static void test_cases(void **state)
{
	unsigned bad = 0;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct catch c;
		assert_int_equal(search(cases[i].path, bytes_of(cases[i].text), &c), 0);
		if (strcmp(c.text, cases[i].found) != 0) {
			print_error("%s: %s\n  found %s\n", cases[i].path, cases[i].text, c.text);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* keys */

/* DER of a key's form: a sequence with these first bytes, as long as it says. */
static void put_key(struct buf *out, const char *label, const char *first, size_t first_len,
		    const char *headers, const char *line_end)
{
	uint8_t der[300] = {0x30, 0x82, 0x01, 0x28};
	struct buf text;
	memcpy(der + 4, first, first_len);
	for (size_t i = 4 + first_len; i < sizeof der; i++)
		der[i] = (uint8_t)(i * 37);
	buf_init(&text, 4096);
	base64_put(BASE64_STANDARD, (struct bytes){.ptr = der, .len = sizeof der}, &text);
	buf_printf(out, "-----BEGIN %s-----%s%s", label, line_end, headers);
	for (size_t i = 0; i < text.len; i += 64) {
		buf_put(out, bytes_part(buf_bytes(&text), i, 64));
		buf_put_text(out, line_end);
	}
	buf_printf(out, "-----END %s-----%s", label, line_end);
	buf_free(&text);
}

static void test_keys(void **state)
{
	static const struct {
		const char *path, *label, *first;
		size_t first_len;
		const char *headers, *line_end, *found;
	} keys[] = {
	    {"app/k.pem", "RSA PRIVATE KEY", "\2\1\0\2", 4, "", "\n", "SECRET-PRIVATE-KEY"},
	    {"app/k.pem", "PRIVATE KEY", "\2\1\0\x30", 4, "", "\r\n", "SECRET-PRIVATE-KEY"},
	    {"app/k.json", "PRIVATE KEY", "\2\1\0\x30", 4, "", "\\n", "SECRET-PRIVATE-KEY"},
	    {"app/k.pem", "EC PRIVATE KEY", "\2\1\1\4", 4, "", "\n", "SECRET-PRIVATE-KEY"},
	    {"app/k.pem", "ENCRYPTED PRIVATE KEY", "\x30", 1, "", "\n", "SECRET-ENCRYPTED-KEY"},
	    {"app/k.pem", "RSA PRIVATE KEY", "\1\2\3\4", 4,
	     "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", "\n", "SECRET-ENCRYPTED-KEY"},
	    {"app/k.pem", "RSA PRIVATE KEY", "\1\2\3\4", 4, "", "\n", NULL},
	    {"app/k.pem", "CERTIFICATE", "\2\1\0\2", 4, "", "\n", NULL},
	    {"app/k.pem", "PUBLIC KEY", "\2\1\0\2", 4, "", "\n", NULL},
	    {"app/tests/k.pem", "RSA PRIVATE KEY", "\2\1\0\2", 4, "", "\n", NULL},
	    {"app/server_test.go", "RSA PRIVATE KEY", "\2\1\0\2", 4, "", "\n", NULL},
	    {"app/README.md", "RSA PRIVATE KEY", "\2\1\0\2", 4, "", "\n", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct buf b;
		struct catch c;
		buf_init(&b, 65536);
		buf_put_text(&b, "first line\n");
		put_key(&b, keys[i].label, keys[i].first, keys[i].first_len, keys[i].headers,
			keys[i].line_end);
		assert_int_equal(search(keys[i].path, buf_bytes(&b), &c), 0);
		if (c.count != (keys[i].found != NULL))
			print_error("%zu: %s\n", i, c.text);
		assert_int_equal(c.count, keys[i].found != NULL);
		if (keys[i].found)
			assert_memory_equal(c.text, keys[i].found, strlen(keys[i].found));
		/* cut anywhere it is none, as its end is missing */
		for (size_t n = 0; keys[i].found && n + 30 < b.len; n++) {
			uint8_t *part = malloc(n + 1);
			assert_non_null(part);
			memcpy(part, b.ptr, n);
			assert_int_equal(
			    search(keys[i].path, (struct bytes){.ptr = part, .len = n}, &c), 0);
			assert_int_equal(c.count, 0);
			free(part);
		}
		buf_free(&b);
	}
}

/* The same without its body, as programs and manuals mention it. */
static void test_templates(void **state)
{
	static const char *const texts[] = {
	    "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n",
	    "if line == \"-----BEGIN PRIVATE KEY-----\": pass",
	    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----",
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct catch c;
		assert_int_equal(search("app/x", bytes_of(texts[i]), &c), 0);
		assert_int_equal(c.count, 0);
	}
}

/* Every prefix of every case: nothing is read past its end. */
static void test_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].text);
		for (size_t n = 0; n < len; n++) {
			struct catch c;
			uint8_t *part = malloc(n + 1);
			assert_non_null(part);
			memcpy(part, cases[i].text, n);
			assert_int_equal(
			    search(cases[i].path, (struct bytes){.ptr = part, .len = n}, &c), 0);
			free(part);
		}
	}
}

static int run_torture(void *arg)
{
	struct catch c;
	int r = search("app/.env", bytes_of(arg), &c);
	return r < 0 ? r : c.count == 1 ? 0 : -1;
}

static void test_torture(void **state)
{
	(void)state;
	static char text[] = "T=gh"
			     "p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17\n";
	torture(run_torture, text);
}

/* Nothing but starts: the search ends by itself, and says that it did not see all. */
static void test_hostile(void **state)
{
	const size_t len = 1U << 20;
	char *text = malloc(len);
	struct catch c;
	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = "-eyJh"[i % 5];
	assert_int_equal(search("app/x", (struct bytes){.ptr = (uint8_t *)text, .len = len}, &c),
			 1);
	for (size_t i = 0; i < len; i++)
		text[i] = "np"
			  "m_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17\n"[i % 41];
	assert_int_equal(search("app/x", (struct bytes){.ptr = (uint8_t *)text, .len = len}, &c),
			 1);
	assert_true(c.count > 0 && c.count < 100);
	free(text);
}

static void test_paths(void **state)
{
	static const struct {
		const char *path;
		bool wanted;
	} paths[] = {{"app/.env", true},
		     {"app/node_modules/a/.env", false},
		     {"usr/lib/python3/dist-packages/a.py", false},
		     {"node_modules.txt", true},
		     {"root/go/pkg/mod/a/b.go", false},
		     {"usr/share/doc/a/b", false}};
	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		assert_int_equal(inspect_wants(bytes_of(paths[i].path)), paths[i].wanted);
	assert_true(inspect_is_text(BYTES_LIT("abc\n")));
	assert_false(inspect_is_text(BYTES_LIT("a\0c\n")));
}

static void test_variables(void **state)
{
	static const struct {
		const char *line;
		bool is;
	} lines[] = {{"DB_PASSWORD=hunter22", true},
		     {"PASSWORD=hunter22", true},
		     {"API_TOKEN=abcd", true},
		     {"GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D", false},
		     {"DB_PASSWORD_FILE=/run/x", false},
		     {"DB_PASSWORD=/run/x", false},
		     {"DB_PASSWORD=", false},
		     {"DB_PASSWORD=$X", false},
		     {"NOTAPASSWORD=abcd", false},
		     {"PATH=/usr/bin", false},
		     {"DB_PASSWORD", false}};
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (inspect_is_password_variable(bytes_of(lines[i].line)) != lines[i].is)
			fail_msg("%s", lines[i].line);
}

/* Each row is whole, and its id is one that can be asked for; ids are permanent. */
static void test_table(void **state)
{
	unsigned groups;
	(void)state;
	for (int i = 0; i < INSPECT_KIND_COUNT; i++) {
		const struct inspect_check *x = &inspect_table[i];
		assert_true(x->id && x->title && x->description && x->remediation);
		assert_true(x->severity != ADV_SEV_UNKNOWN);
		assert_int_equal(inspect_find(bytes_of(x->id)), i);
	}
	assert_int_equal(inspect_find(BYTES_LIT("secret-github")), INSPECT_GITHUB);
	assert_int_equal(inspect_find(BYTES_LIT("CVE-2024-1")), INSPECT_KIND_COUNT);
	assert_true(inspect_groups_read(BYTES_LIT("secrets"), &groups));
	assert_int_equal(groups, 1U << INSPECT_SECRETS);
	assert_true(inspect_groups_read(BYTES_LIT("none"), &groups) && groups == 0);
	assert_int_equal(inspect_mode(BYTES_LIT("opt/a"), 04755), INSPECT_SETUID);
	assert_int_equal(inspect_mode(BYTES_LIT("opt/a"), 04644), INSPECT_KIND_COUNT);
	assert_int_equal(inspect_mode(BYTES_LIT("etc/a"), 0666), INSPECT_WORLD_WRITABLE);
	assert_int_equal(inspect_mode(BYTES_LIT("app/a"), 0666), INSPECT_KIND_COUNT);
	assert_true(inspect_groups_read(BYTES_LIT("accounts, secrets"), &groups));
	assert_int_equal(groups, INSPECT_GROUPS_DEFAULT);
	assert_false(inspect_groups_read(BYTES_LIT("secret"), &groups));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cases),     cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_templates), cmocka_unit_test(test_prefixes),
	    cmocka_unit_test(test_torture),   cmocka_unit_test(test_hostile),
	    cmocka_unit_test(test_paths),     cmocka_unit_test(test_variables),
	    cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
