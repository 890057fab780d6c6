/* ID tokens and keys of providers: tokens that another program signed, each check with its reason,
 * every prefix, every bit of a signature, every failed allocation. */
#include "torture.h"

#include "access/id_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Made by Node 20 (crypto.sign; keys of that moment, whose private parts are gone). Claims: iss,
 * sub and so on as the tests below have them, exp 1000300, iat 1000000, groups a and b. */
#define KEYS                                                                                            \
	"{\"keys\":[{\"kty\":\"RSA\",\"n\":\"53aIV-6mEkJPxBbEJspzyo3SBNP7sMbyY2UCcd29trUchQXg9wipJ"     \
	"gwo-4A9CPILydyX6P0-VirErIE0ZIepJX1WZgjrbAdOXf7PKlgjf1aL_Uj2mx-jpgQL67BpckGka0SnA"              \
	"n_rEGmaKDn2UegPrZ3-ED1uBHoFgRIjufp02G4d2eGH4wEDI5UBHtEOV2tE0dxr-UMc_ciOK4rIY2H5F"              \
	"NbBIEDSSSNMeLZYwJA5Cn9oyMoQUWVvX_ISOGTZfi6fTCQOas4ZZAMUZoQD_oLIWnO_ZOVXOz1NFeP5C"              \
	"tE7iEeAFduOpPB6QKjPDgkzL-EKTcNxnGGuK_1M45DeP_UGhQ\",\"e\":\"AQAB\",\"kid\":\"r\",\"use\":\"s"  \
	"ig\",\"alg\":\"RS256\"},{\"kty\":\"EC\",\"x\":\"QY8XWlliLHyGrxgNSiIKMIUHQX8ctLhtTE_q6nAZ4vY\"" \
	",\"y\":\"wViv1ykzEo_4Vep_mp07Abl4CoiN28Dflizj6BpNlJc\",\"crv\":\"P-256\",\"kid\":\"e\"}]}"
#define RS256                                                                                      \
	"eyJhbGciOiJSUzI1NiIsImtpZCI6InIiLCJ0eXAiOiJKV1QifQ.eyJpc3MiOiJodHRwczovL2xvZ2luL"         \
	"mV4YW1wbGUiLCJzdWIiOiJzdWJqZWN0IiwiYXVkIjoiY2xpZW50IiwiZXhwIjoxMDAwMzAwLCJpYXQiO"         \
	"jEwMDAwMDAsIm5vbmNlIjoibm9uY2UiLCJwcmVmZXJyZWRfdXNlcm5hbWUiOiJhbm4iLCJncm91cHMiO"         \
	"lsiYSIsImIiXX0.a3myNt5ER9QRdqRERfnOorYKsObcaw576grvdLm4f7WMzO1XlP1FZvebMlkaSpKf9"         \
	"_B9Uj8IvpotL7XYZNB9F8n0cw68BnRaopRVV8aj-Lzby_lpu4AoLWTYg1NXZD-8D3tJAfnJta_AAAJsI"         \
	"V3Fc_9Aouosswqv200-DJxLwrMY-IBFDyoiR1Ngu3H1PTnmVVPpBscwPzh-Bw2ylIcKDY5D6RiEQRuqt"         \
	"kfJUTQA0TQwYteyQovtAmL04_mvHzA-yWxqQmHXnBgO7I4iYFSD0PGBUB0TyCVi0mKGsrxAez0i8Z4od"         \
	"neAobvfonSwYYNCsuWZkLBwsU9fbjf1qhXf8w"
#define ES256                                                                                      \
	"eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzd"         \
	"WIiOiJzdWJqZWN0IiwiYXVkIjoiY2xpZW50IiwiZXhwIjoxMDAwMzAwLCJpYXQiOjEwMDAwMDAsIm5vb"         \
	"mNlIjoibm9uY2UiLCJwcmVmZXJyZWRfdXNlcm5hbWUiOiJhbm4iLCJncm91cHMiOlsiYSIsImIiXX0.J"         \
	"OGFFN39OhTLDG4j2tHJNufP4oWXXvjfSW3YqrYl824Y0aLmF6xHwSbGLKNKh8byCgkkwY_bkARBJs_7O"         \
	"_yz0g"
#define NO_KID                                                                                     \
	"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzdWIiOiJzdWJqZWN"         \
	"0IiwiYXVkIjoiY2xpZW50IiwiZXhwIjoxMDAwMzAwLCJpYXQiOjEwMDAwMDAsIm5vbmNlIjoibm9uY2U"         \
	"iLCJwcmVmZXJyZWRfdXNlcm5hbWUiOiJhbm4iLCJncm91cHMiOlsiYSIsImIiXX0.sojx87W5bj4hzQQ"         \
	"J68tGQQsztMXEJkggkxcJX23p_pACdo-zHdE5UbA-1pMCOJ1yl7g9VOhi8kJsKWNf2YLbjA"
#define OTHER_KID                                                                                  \
	"eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzd"         \
	"WIiOiJzdWJqZWN0IiwiYXVkIjoiY2xpZW50IiwiZXhwIjoxMDAwMzAwLCJpYXQiOjEwMDAwMDAsIm5vb"         \
	"mNlIjoibm9uY2UiLCJwcmVmZXJyZWRfdXNlcm5hbWUiOiJhbm4iLCJncm91cHMiOlsiYSIsImIiXX0.P"         \
	"CKKxyA--EMQERVWvfeKrbF1pDJsK9BpUy40LvvEqEBbKKCrc_BiPtbrTT6X5tZAfZR7LHUzH_FmQ6THe"         \
	"o5TuwrButezPKaIMluuKDcmM7colGuVPOxhvHH5go_2bZEadcbNhVBKekks6c2fVnRz3zJ5GXpJCY04g"         \
	"Yq5IHa9IZszzqOexFIM0XxTXBth4e5i-IsgSaeorsXoJma7O6xZeB6GPI2H75RE5mm729YsQow4SXwyR"         \
	"Nqzx3ZZm45dUAlsIg7fItRt_0sqGQzxtNph06dzGwD0Qk9Po5IBPLUi2J-QRL421fjXOhDNYD2AdoyMZ"         \
	"tde8vn1CT6UqSaiASmhCQ"
#define FRACTION                                                                                   \
	"eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmV4YW1wbGUiLCJzd"         \
	"WIiOiJzdWJqZWN0IiwiYXVkIjoiY2xpZW50IiwiZXhwIjoxMDAwMzAwLjUsImlhdCI6OTk5OTk5LjI1L"         \
	"CJub25jZSI6Im5vbmNlIiwicHJlZmVycmVkX3VzZXJuYW1lIjoiYW5uIiwiZ3JvdXBzIjoiYSJ9.ILo3"         \
	"c8kxFtne2VKTMBMUt9nOtiShvS41ExO3bfZyWisfwIKtJl63p9Qta7t5o1yXSRYE_vmHP6qD0Y0erbaY"         \
	"Qw"

#define LIT(s)                                                                                     \
	{                                                                                          \
		.ptr = (const uint8_t *)("" s), .len = sizeof(s) - 1                               \
	}
static const struct id_token_checks checks = {.issuer = LIT("https://login.example"),
					      .client_id = LIT("client"),
					      .nonce = LIT("nonce"),
					      .name_claim = LIT("preferred_username"),
					      .groups_claim = LIT("groups"),
					      .now_sec = 1000100};

static int read_with(const char *token, const char *keys, const struct id_token_checks *k,
		     struct id_token *ret, struct arena *a, struct err *e)
{
	*e = (struct err)ERR_INIT;
	return id_token_read(bytes_of(token), bytes_of(keys), k, a, ret, e);
}

static void what_is_signed_is_read(void **state)
{
	static const struct {
		const char *token;
		size_t groups;
	} good[] = {{RS256, 2}, {ES256, 2}, {NO_KID, 2}, {FRACTION, 1}};
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct arena a;
		struct err e;
		struct id_token t;
		arena_init(&a, 4U << 20);
		assert_int_equal(read_with(good[i].token, KEYS, &checks, &t, &a, &e), 0);
		assert_true(bytes_eq_lit(t.subject, "subject"));
		assert_true(bytes_eq_lit(t.name, "ann"));
		assert_int_equal(t.group_count, good[i].groups);
		assert_true(bytes_eq_lit(t.groups[0], "a"));
		struct id_token_checks by_subject = checks;
		by_subject.name_claim = BYTES_LIT("sub");
		assert_int_equal(read_with(good[i].token, KEYS, &by_subject, &t, &a, &e), 0);
		assert_true(bytes_eq_lit(t.subject, "subject"));
		assert_true(bytes_eq_lit(t.name, "subject"));
		arena_free(&a);
	}
}

/* One thing differs from what is right, and the message names it. */
static void each_check_has_its_reason(void **state)
{
	(void)state;
	struct id_token_checks k[9];
	for (size_t i = 0; i < sizeof k / sizeof *k; i++)
		k[i] = checks;
	k[0].issuer = BYTES_LIT("https://login.example/");
	k[1].client_id = BYTES_LIT("other");
	k[2].nonce = BYTES_LIT("nonces");
	k[3].nonce = BYTES_NONE;
	k[4].now_sec = 1000300 + ID_TOKEN_SKEW_SEC;
	k[5].now_sec = 1000000 - ID_TOKEN_SKEW_SEC - 1;
	k[6].now_sec = 1000300 + ID_TOKEN_SKEW_SEC - 1; /* just not */
	k[7].now_sec = 1000000 - ID_TOKEN_SKEW_SEC;
	k[8].issuer = BYTES_NONE;
	const struct {
		const char *token, *keys;
		const struct id_token_checks *checks;
		int code;
		const char *why;
	} cases[] = {
	    {RS256, KEYS, &k[0], -ERR_DENIED, "iss"},
	    {RS256, KEYS, &k[8], -ERR_DENIED, "iss"},
	    {RS256, KEYS, &k[1], -ERR_DENIED, "aud"},
	    {RS256, KEYS, &k[2], -ERR_DENIED, "nonce"},
	    {RS256, KEYS, &k[3], -ERR_DENIED, "nonce"},
	    {RS256, KEYS, &k[4], -ERR_TIMEOUT, "expired"},
	    {RS256, KEYS, &k[5], -ERR_DENIED, "future"},
	    {RS256, KEYS, &k[6], 0, ""},
	    {RS256, KEYS, &k[7], 0, ""},
	    {OTHER_KID, KEYS, &checks, -ERR_NOT_FOUND, "none of the provider's keys"},
	    {RS256, "{\"keys\":[]}", &checks, -ERR_NOT_FOUND, "none of the provider's keys"},
	    {RS256, "{}", &checks, -ERR_NOT_FOUND, "none of the provider's keys"},
	    {RS256, "[]", &checks, -ERR_FORMAT, "keys"},
	    {RS256, "{\"keys\":[", &checks, -ERR_TRUNCATED, "keys"},
	    {"", KEYS, &checks, -ERR_FORMAT, "three parts"},
	    {"a.b", KEYS, &checks, -ERR_FORMAT, "three parts"},
	    {"..", KEYS, &checks, -ERR_FORMAT, "base64url"},
	    {"a.b.!", KEYS, &checks, -ERR_FORMAT, "base64url"},
	    {"!.e30.AAAA", KEYS, &checks, -ERR_FORMAT, "header"},
	    /* {"alg":"none"}, {"alg":"HS256"}, {} and {"alg":"RS256","crit":["exp"]} */
	    {"eyJhbGciOiJub25lIn0.e30.AAAA", KEYS, &checks, -ERR_DENIED, "neither by RS256"},
	    {"eyJhbGciOiJIUzI1NiJ9.e30.AAAA", KEYS, &checks, -ERR_DENIED, "neither by RS256"},
	    {"e30.e30.AAAA", KEYS, &checks, -ERR_DENIED, "neither by RS256"},
	    {"eyJhbGciOiJSUzI1NiIsImNyaXQiOlsiZXhwIl19.e30.AAAA", KEYS, &checks, -ERR_DENIED,
	     "crit"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a;
		struct err e;
		struct id_token t;
		arena_init(&a, 4U << 20);
		int rc = read_with(cases[i].token, cases[i].keys, cases[i].checks, &t, &a, &e);
		if (rc != cases[i].code || !strstr(e.msg, cases[i].why))
			fail_msg("case %zu: %d \"%s\"", i, rc, e.msg);
		arena_free(&a);
	}
}

static void no_prefix_is_read(void **state)
{
	(void)state;
	static const char *const tokens[] = {RS256, ES256};
	for (size_t i = 0; i < 2; i++) {
		for (size_t n = 0; n < strlen(tokens[i]); n++) {
			struct arena a;
			struct id_token t;
			struct err e = ERR_INIT;
			struct bytes cut = bytes_part(bytes_of(tokens[i]), 0, n);
			arena_init(&a, 4U << 20);
			assert_true(id_token_read(cut, bytes_of(KEYS), &checks, &a, &t, &e) < 0);
			arena_free(&a);
		}
	}
	for (size_t n = 0; n < strlen(KEYS); n++) {
		struct arena a;
		struct id_token t;
		struct err e = ERR_INIT;
		arena_init(&a, 4U << 20);
		assert_true(id_token_read(bytes_of(ES256), bytes_part(bytes_of(KEYS), 0, n),
					  &checks, &a, &t, &e) < 0);
		arena_free(&a);
	}
}

/* Any other character in any place. */
static void no_change_is_read(void **state)
{
	(void)state;
	static const char *const tokens[] = {RS256, ES256};
	for (size_t i = 0; i < 2; i++) {
		char *text = strdup(tokens[i]);
		assert_non_null(text);
		for (size_t n = 0; n < strlen(tokens[i]); n++) {
			struct arena a;
			struct id_token t;
			struct err e;
			arena_init(&a, 4U << 20);
			text[n] = text[n] == 'A' ? 'B' : 'A';
			assert_true(read_with(text, KEYS, &checks, &t, &a, &e) < 0);
			text[n] = tokens[i][n];
			arena_free(&a);
		}
		free(text);
	}
}

static int read_once(void *arg)
{
	struct arena a;
	struct id_token t;
	struct err e;
	arena_init(&a, 4U << 20);
	int rc = read_with(arg, KEYS, &checks, &t, &a, &e);
	arena_free(&a);
	return rc;
}

static void each_allocation_fails_once(void **state)
{
	(void)state;
	char token[] = ES256;
	assert_int_equal(read_once(token), 0); /* what the library makes once */
	assert_true(torture(read_once, token) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_signed_is_read),
	    cmocka_unit_test(each_check_has_its_reason),
	    cmocka_unit_test(no_prefix_is_read),
	    cmocka_unit_test(no_change_is_read),
	    cmocka_unit_test(each_allocation_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
