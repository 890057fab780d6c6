/* v2.0: "AV:N/AC:L/Au:N/C:P/I:P/A:P", in parentheses or not. v3.0, v3.1, v4.0: "CVSS:3.1/AV:N/…".
 * Metrics may be in any order, each at most once; all base metrics must be there; an unknown metric
 * or value makes the vector invalid. Values are case-sensitive. v2: Impact = 10.41 (1 -
 * (1-C)(1-I)(1-A)), Exploitability = 20 AV AC Au, base = (0.6 I + 0.4 E - 1.5) f(I), rounded half
 * up. v3: Impact = 6.42 ISS, or 7.52 (ISS - 0.029) - 3.25 (ISS - 0.02)^15 when the scope changes;
 * Exploitability = 8.22 AV AC PR UI; base = min(I + E, 10), or min(1.08 (I + E), 10), rounded up.
 * v4: cvss4.c. Spec: FIRST, CVSS v2.0 guide §3.2.1; v3.0 §8.1; v3.1 §7.1 and appendix A; v4.0 §8.
 */
#include "match/cvss.h"
#include "match/cvss4.h"
#include <math.h>

#define METRICS_MAX C4_COUNT

struct metric {
	const char *name;
	const char *values; /* parted by blanks */
};

static const struct metric metrics_2[] = {
    {"AV", "L A N"},	   {"AC", "H M L"},
    {"Au", "M S N"},	   {"C", "N P C"},
    {"I", "N P C"},	   {"A", "N P C"},
    {"E", "ND U POC F H"}, {"RL", "ND OF TF W U"},
    {"RC", "ND UC UR C"},  {"CDP", "ND N L LM MH H"},
    {"TD", "ND N L M H"},  {"CR", "ND L M H"},
    {"IR", "ND L M H"},	   {"AR", "ND L M H"},
};
enum { M2_AV, M2_AC, M2_AU, M2_C, M2_I, M2_A, M2_CDP = 9, M2_AR = 13, M2_COUNT };

static const struct metric metrics_3[] = {
    {"AV", "N A L P"},	{"AC", "L H"},	     {"PR", "N L H"},	   {"UI", "N R"},
    {"S", "U C"},	{"C", "H L N"},	     {"I", "H L N"},	   {"A", "H L N"},
    {"E", "X U P F H"}, {"RL", "X O T W U"}, {"RC", "X U R C"},	   {"CR", "X L M H"},
    {"IR", "X L M H"},	{"AR", "X L M H"},   {"MAV", "X N A L P"}, {"MAC", "X L H"},
    {"MPR", "X N L H"}, {"MUI", "X N R"},    {"MS", "X U C"},	   {"MC", "X N L H"},
    {"MI", "X N L H"},	{"MA", "X N L H"},
};
enum { M3_AV, M3_AC, M3_PR, M3_UI, M3_S, M3_C, M3_I, M3_A, M3_BASE, M3_COUNT = 22 };

static const struct metric metrics_4[C4_COUNT] = {
    [C4_AV] = {"AV", "N A L P"},     [C4_AC] = {"AC", "L H"},
    [C4_AT] = {"AT", "N P"},	     [C4_PR] = {"PR", "N L H"},
    [C4_UI] = {"UI", "N P A"},	     [C4_VC] = {"VC", "H L N"},
    [C4_VI] = {"VI", "H L N"},	     [C4_VA] = {"VA", "H L N"},
    [C4_SC] = {"SC", "H L N"},	     [C4_SI] = {"SI", "H L N"},
    [C4_SA] = {"SA", "H L N"},	     [C4_E] = {"E", "X A P U"},
    [C4_CR] = {"CR", "X H M L"},     [C4_IR] = {"IR", "X H M L"},
    [C4_AR] = {"AR", "X H M L"},     [C4_MAV] = {"MAV", "X N A L P"},
    [C4_MAC] = {"MAC", "X L H"},     [C4_MAT] = {"MAT", "X N P"},
    [C4_MPR] = {"MPR", "X N L H"},   [C4_MUI] = {"MUI", "X N P A"},
    [C4_MVC] = {"MVC", "X H L N"},   [C4_MVI] = {"MVI", "X H L N"},
    [C4_MVA] = {"MVA", "X H L N"},   [C4_MSC] = {"MSC", "X H L N"},
    [C4_MSI] = {"MSI", "X S H L N"}, [C4_MSA] = {"MSA", "X S H L N"},
    [C4_S] = {"S", "X N P"},	     [C4_AU] = {"AU", "X N Y"},
    [C4_R] = {"R", "X A U I"},	     [C4_V] = {"V", "X D C"},
    [C4_RE] = {"RE", "X L M H"},     [C4_U] = {"U", "X Clear Green Amber Red"},
};

/* What a vector states: for each metric the place of its value in the list, from 1; 0 = not stated.
 */
struct vector {
	uint8_t place[METRICS_MAX];
};

/* From 1; 0 when it is not in the list. */
static uint8_t place_of(const char *values, struct bytes value)
{
	struct bytes list = bytes_of(values);
	for (uint8_t n = 1; list.len > 0; n++)
		if (bytes_eq(bytes_cut(&list, ' '), value))
			return n;
	return 0;
}

static bool take_field(struct bytes field, const struct metric *metrics, size_t count,
		       struct vector *v)
{
	struct bytes value = field;
	struct bytes name = bytes_cut(&value, ':');
	for (size_t i = 0; i < count; i++) {
		if (!bytes_eq_lit(name, metrics[i].name))
			continue;
		if (v->place[i] != 0)
			return false;
		v->place[i] = place_of(metrics[i].values, value);
		return v->place[i] != 0;
	}
	return false;
}

/* The first `base` metrics must be stated. */
static bool read_vector(struct bytes text, const struct metric *metrics, size_t count, size_t base,
			struct vector *v)
{
	*v = (struct vector){{0}};
	if (text.len == 0 || text.ptr[text.len - 1] == '/')
		return false;
	while (text.len > 0)
		if (!take_field(bytes_cut(&text, '/'), metrics, count, v))
			return false;
	for (size_t i = 0; i < base; i++)
		if (v->place[i] == 0)
			return false;
	return true;
}

static double pick(const double *weights, const struct vector *v, size_t metric)
{
	return weights[v->place[metric] - 1];
}

static double score_2(const struct vector *v)
{
	static const double av[] = {0.395, 0.646, 1.0}, ac[] = {0.35, 0.61, 0.71},
			    au[] = {0.45, 0.56, 0.704};
	static const double cia[] = {0.0, 0.275, 0.66};
	double impact = 10.41 * (1 - (1 - pick(cia, v, M2_C)) * (1 - pick(cia, v, M2_I)) *
					 (1 - pick(cia, v, M2_A)));
	double exploit = 20 * pick(av, v, M2_AV) * pick(ac, v, M2_AC) * pick(au, v, M2_AU);
	bool harmless = v->place[M2_C] == 1 && v->place[M2_I] == 1 && v->place[M2_A] == 1;
	double score = harmless ? 0 : (0.6 * impact + 0.4 * exploit - 1.5) * 1.176;
	/* The sum above is a few binary places off where the decimal result ends in 5. */
	return floor(score * 10 + 0.5 + 1e-9) / 10;
}

/* The smallest tenth that is not below x: 3.1's appendix A, whose integer steps also give 3.0's
 * exact results. */
static double round_up(double x)
{
	long units = lround(x * 100000);
	return units % 10000 == 0 ? (double)units / 100000 : floor((double)units / 10000 + 1) / 10;
}

static double score_3(const struct vector *v)
{
	static const double av[] = {0.85, 0.62, 0.55, 0.2}, ac[] = {0.77, 0.44},
			    ui[] = {0.85, 0.62}, cia[] = {0.56, 0.22, 0.0};
	static const double pr[2][3] = {{0.85, 0.62, 0.27}, {0.85, 0.68, 0.5}};
	bool changed = v->place[M3_S] == 2;
	double iss =
	    1 - (1 - pick(cia, v, M3_C)) * (1 - pick(cia, v, M3_I)) * (1 - pick(cia, v, M3_A));
	double impact = changed ? 7.52 * (iss - 0.029) - 3.25 * pow(iss - 0.02, 15) : 6.42 * iss;
	double exploit = 8.22 * pick(av, v, M3_AV) * pick(ac, v, M3_AC) *
			 pick(pr[changed], v, M3_PR) * pick(ui, v, M3_UI);
	if (impact <= 0)
		return 0;
	return round_up(fmin((changed ? 1.08 : 1.0) * (impact + exploit), 10));
}

static double score_4(const struct vector *v)
{
	uint8_t value[C4_COUNT];
	for (size_t i = 0; i < C4_COUNT; i++) {
		struct bytes list = bytes_of(metrics_4[i].values);
		struct bytes chosen = BYTES_LIT("X");
		for (unsigned n = 0; n < v->place[i]; n++)
			chosen = bytes_cut(&list, ' ');
		value[i] = chosen.ptr[0];
	}
	return cvss4_score(value) / 10.0;
}

static bool parse_2(struct bytes text, struct cvss_score *ret)
{
	struct vector v;
	if (bytes_has_prefix_lit(text, "(") && bytes_has_suffix_lit(text, ")"))
		text = bytes_part(text, 1, text.len - 2);
	if (!read_vector(text, metrics_2, M2_COUNT, M2_A + 1, &v))
		return false;
	*ret = (struct cvss_score){.version = CVSS_2_0, .base = score_2(&v)};
	return true;
}

bool cvss_parse(struct bytes vector, struct cvss_score *ret)
{
	struct vector v;
	struct bytes rest = vector;
	struct bytes head = bytes_cut(&rest, '/');
	bool v30 = bytes_eq_lit(head, "CVSS:3.0");
	if (v30 || bytes_eq_lit(head, "CVSS:3.1")) {
		if (!read_vector(rest, metrics_3, M3_COUNT, M3_BASE, &v))
			return false;
		*ret =
		    (struct cvss_score){.version = v30 ? CVSS_3_0 : CVSS_3_1, .base = score_3(&v)};
		return true;
	}
	if (bytes_eq_lit(head, "CVSS:4.0")) {
		if (!read_vector(rest, metrics_4, C4_COUNT, CVSS4_MANDATORY, &v))
			return false;
		*ret = (struct cvss_score){.version = CVSS_4_0, .base = score_4(&v)};
		return true;
	}
	return parse_2(vector, ret);
}

const char *cvss_version_text(enum cvss_version v)
{
	switch (v) {
	case CVSS_2_0:
		return "2.0";
	case CVSS_3_0:
		return "3.0";
	case CVSS_3_1:
		return "3.1";
	case CVSS_4_0:
		return "4.0";
	case CVSS_NONE:
		break;
	}
	return "";
}

enum adv_severity cvss_severity(struct cvss_score s)
{
	/* Scores are tenths; half a tenth keeps binary fractions off the borders. */
	if (s.version == CVSS_NONE)
		return ADV_SEV_UNKNOWN;
	if (s.base < 0.05)
		return ADV_SEV_NEGLIGIBLE;
	if (s.base < 3.95)
		return ADV_SEV_LOW;
	if (s.base < 6.95)
		return ADV_SEV_MEDIUM;
	return s.version == CVSS_2_0 || s.base < 8.95 ? ADV_SEV_HIGH : ADV_SEV_CRITICAL;
}
