/* A vector falls into one of 270 macro-vectors, six digits EQ1 to EQ6 of 0 (worst) to 2. Each has a
 * score, that of its worst vectors. From it is taken how far the vector lies below them: for each
 * EQ, the distance in steps to the worst vector of its class, as a share of the class's depth,
 * times the difference to the score of the next lower class; the mean of these over the classes
 * that have a lower one. EQ3 and EQ6 depend on each other and count as one. All numbers are tenths;
 * the arithmetic is exact until the last rounding (half up). Spec: CVSS v4.0 Specification Document
 * §8, tables 24 to 30. */
#include "match/cvss4.h"
#include <stdbool.h>
#include <stddef.h>

#define GAP (-1) /* no vector has EQ3 = 2 and EQ6 = 0 */

/* Row: EQ1, EQ2, EQ3, EQ4 counted through; column: EQ5, EQ6. */
static const int8_t scores[54][6] = {
    {100, 99, 98, 95, 95, 92},	 {100, 96, 93, 87, 91, 81},   {93, 90, 89, 80, 81, 68},
    {98, 95, 95, 92, 90, 84},	 {93, 92, 89, 81, 81, 65},    {88, 80, 78, 70, 69, 48},
    {GAP, 92, GAP, 82, GAP, 72}, {GAP, 79, GAP, 69, GAP, 50}, {GAP, 69, GAP, 55, GAP, 27},
    {99, 97, 95, 92, 92, 85},	 {95, 91, 90, 83, 84, 71},    {92, 81, 82, 71, 72, 53},
    {95, 93, 92, 85, 85, 73},	 {92, 82, 80, 72, 70, 59},    {84, 70, 71, 52, 50, 30},
    {GAP, 86, GAP, 75, GAP, 52}, {GAP, 71, GAP, 52, GAP, 29}, {GAP, 63, GAP, 29, GAP, 17},
    {98, 95, 94, 87, 91, 81},	 {94, 89, 86, 74, 77, 64},    {87, 75, 74, 63, 63, 49},
    {94, 89, 88, 77, 76, 67},	 {86, 76, 74, 58, 59, 50},    {72, 57, 57, 52, 52, 25},
    {GAP, 83, GAP, 70, GAP, 54}, {GAP, 65, GAP, 58, GAP, 26}, {GAP, 53, GAP, 21, GAP, 13},
    {95, 90, 88, 76, 76, 70},	 {90, 77, 75, 62, 61, 53},    {77, 66, 68, 59, 52, 30},
    {89, 78, 76, 67, 62, 58},	 {74, 59, 57, 57, 47, 23},    {61, 52, 57, 29, 24, 16},
    {GAP, 71, GAP, 59, GAP, 30}, {GAP, 58, GAP, 26, GAP, 15}, {GAP, 23, GAP, 13, GAP, 6},
    {93, 87, 86, 72, 75, 58},	 {86, 74, 74, 61, 56, 34},    {70, 54, 52, 40, 40, 22},
    {85, 75, 74, 55, 62, 51},	 {72, 57, 55, 41, 46, 19},    {53, 36, 34, 19, 19, 8},
    {GAP, 64, GAP, 51, GAP, 20}, {GAP, 47, GAP, 21, GAP, 11}, {GAP, 24, GAP, 9, GAP, 4},
    {88, 75, 73, 53, 60, 50},	 {73, 55, 59, 40, 41, 20},    {54, 43, 45, 22, 20, 11},
    {75, 55, 58, 45, 40, 21},	 {61, 51, 48, 18, 20, 9},     {46, 18, 17, 7, 8, 2},
    {GAP, 53, GAP, 24, GAP, 14}, {GAP, 24, GAP, 12, GAP, 5},  {GAP, 10, GAP, 3, GAP, 1},
};

struct macro {
	unsigned eq[6]; /* EQ1 at 0 */
};

static int score_of(struct macro m)
{
	static const unsigned top[6] = {2, 1, 2, 2, 2, 1};
	for (size_t i = 0; i < 6; i++)
		if (m.eq[i] > top[i])
			return GAP;
	return scores[((m.eq[0] * 2 + m.eq[1]) * 3 + m.eq[2]) * 3 + m.eq[3]][m.eq[4] * 2 + m.eq[5]];
}

/* Modified metrics replace base metrics; what is not stated counts as the worst. */
static uint8_t effective(const uint8_t value[C4_COUNT], enum cvss4_metric metric)
{
	uint8_t v = value[metric];
	if (metric <= C4_SA && value[C4_MAV + metric] != 'X')
		return value[C4_MAV + metric];
	if (v != 'X')
		return v;
	return metric == C4_E ? 'A' : 'H';
}

static unsigned classify_exploit(const uint8_t m[C4_COUNT])
{
	int open = (m[C4_AV] == 'N') + (m[C4_PR] == 'N') + (m[C4_UI] == 'N');
	if (open == 3)
		return 0;
	return open > 0 && m[C4_AV] != 'P' ? 1 : 2;
}

static struct macro macro_of(const uint8_t m[C4_COUNT])
{
	struct macro r = {{0}};
	bool vc = m[C4_VC] == 'H', vi = m[C4_VI] == 'H', va = m[C4_VA] == 'H';
	bool safety = m[C4_SI] == 'S' || m[C4_SA] == 'S';
	bool sub = m[C4_SC] == 'H' || m[C4_SI] == 'H' || m[C4_SA] == 'H';
	r.eq[0] = classify_exploit(m);
	r.eq[1] = m[C4_AC] == 'L' && m[C4_AT] == 'N' ? 0 : 1;
	r.eq[2] = vc && vi ? 0 : vc || vi || va ? 1 : 2;
	r.eq[3] = safety ? 0 : sub ? 1 : 2;
	r.eq[4] = m[C4_E] == 'A' ? 0 : m[C4_E] == 'P' ? 1 : 2;
	r.eq[5] =
	    (vc && m[C4_CR] == 'H') || (vi && m[C4_IR] == 'H') || (va && m[C4_AR] == 'H') ? 0 : 1;
	return r;
}

/* Values of a metric from the worst downwards: the place is the number of steps. */
static const char *const levels[C4_MAV] = {
    [C4_AV] = "NALP", [C4_AC] = "LH",  [C4_AT] = "NP",	[C4_PR] = "NLH",  [C4_UI] = "NPA",
    [C4_VC] = "HLN",  [C4_VI] = "HLN", [C4_VA] = "HLN", [C4_SC] = "SHLN", [C4_SI] = "SHLN",
    [C4_SA] = "SHLN", [C4_E] = "APU",  [C4_CR] = "HML", [C4_IR] = "HML",  [C4_AR] = "HML",
};

static int level(enum cvss4_metric metric, char value)
{
	const char *all = levels[metric];
	int i = 0;
	while (all[i] != '\0' && all[i] != value)
		i++;
	return i;
}

/* Steps from the worst vector (its values in the order of metrics) down to m; <0 when m is not
 * below it in every metric. */
static int steps_below(const uint8_t m[C4_COUNT], const enum cvss4_metric *metrics,
		       const char *worst)
{
	int sum = 0;
	for (size_t i = 0; worst[i] != '\0'; i++) {
		int d = level(metrics[i], (char)m[metrics[i]]) - level(metrics[i], worst[i]);
		if (d < 0)
			return -1;
		sum += d;
	}
	return sum;
}

static int steps_below_first(const uint8_t m[C4_COUNT], const enum cvss4_metric *metrics,
			     const char *const *worst)
{
	for (; *worst; worst++) {
		int d = steps_below(m, metrics, *worst);
		if (d >= 0)
			return d;
	}
	return 0;
}

static const enum cvss4_metric metrics_1[] = {C4_AV, C4_PR, C4_UI};
static const enum cvss4_metric metrics_2[] = {C4_AC, C4_AT};
static const enum cvss4_metric metrics_36[] = {C4_VC, C4_VI, C4_VA, C4_CR, C4_IR, C4_AR};
static const enum cvss4_metric metrics_4[] = {C4_SC, C4_SI, C4_SA};

/* Worst vectors of each class, and its depth in steps. */
static const char *const worst_1[3][4] = {{"NNN"}, {"ANN", "NLN", "NNP"}, {"PNN", "ALP"}};
static const char *const worst_2[2][3] = {{"LN"}, {"HN", "LP"}};
static const char *const worst_36[3][2][6] = {
    {{"HHHHHH"}, {"HHLMMH", "HHHMMM"}},
    {{"LHHHHH", "HLHHHH"}, {"LHLHMH", "LHHHMM", "HLHMHM", "HLLMHH", "LLHHHM"}},
    {{NULL}, {"LLLHHH"}},
};
static const char *const worst_4[3][2] = {{"HSS"}, {"HHH"}, {"LLL"}};
static const int depth_1[3] = {1, 4, 5};
static const int depth_2[2] = {1, 2};
static const int depth_36[3][2] = {{7, 6}, {8, 8}, {1, 10}};
static const int depth_4[3] = {6, 5, 4};

/* The score of the next lower class of EQ3 with EQ6: the better of two ways down if there are
 * two. */
static int next_of_36(struct macro m)
{
	struct macro third = m, sixth = m;
	third.eq[2]++;
	sixth.eq[5]++;
	if (m.eq[5] == 1)
		return score_of(third);
	if (m.eq[2] == 1)
		return score_of(sixth);
	int a = score_of(third), b = score_of(sixth);
	return a > b ? a : b;
}

static int next_of(struct macro m, size_t eq)
{
	m.eq[eq]++;
	return score_of(m);
}

#define COMMON 840 /* a multiple of every depth */

static unsigned interpolate(const uint8_t m[C4_COUNT])
{
	struct macro v = macro_of(m);
	int score = score_of(v);
	const unsigned *eq = v.eq;
	const struct {
		int next, steps, depth;
	} ways[] = {
	    {next_of(v, 0), steps_below_first(m, metrics_1, worst_1[eq[0]]), depth_1[eq[0]]},
	    {next_of(v, 1), steps_below_first(m, metrics_2, worst_2[eq[1]]), depth_2[eq[1]]},
	    {next_of_36(v), steps_below_first(m, metrics_36, worst_36[eq[2]][eq[5]]),
	     depth_36[eq[2]][eq[5]]},
	    {next_of(v, 3), steps_below_first(m, metrics_4, worst_4[eq[3]]), depth_4[eq[3]]},
	    {next_of(v, 4), 0, 1},
	};
	int lower = 0, sum = 0; /* sum in 1/COMMON tenths */
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].next == GAP || score < ways[i].next)
			continue;
		lower++;
		sum += (score - ways[i].next) * ways[i].steps * (COMMON / ways[i].depth);
	}
	if (lower == 0)
		return (unsigned)score;
	int unit = COMMON * lower;
	int twice = 2 * (score * unit - sum) + unit; /* half up: floor(x + 1/2) */
	return twice <= 0 ? 0 : (unsigned)(twice / (2 * unit));
}

unsigned cvss4_score(const uint8_t value[C4_COUNT])
{
	uint8_t m[C4_COUNT];
	bool harmless = true;
	for (unsigned i = 0; i < C4_COUNT; i++)
		m[i] = i < C4_MAV ? effective(value, (enum cvss4_metric)i) : value[i];
	for (unsigned i = C4_VC; i <= C4_SA; i++)
		harmless = harmless && m[i] == 'N';
	return harmless ? 0 : interpolate(m);
}
