/* figure: one line of a bench: what, the figure, its limit, their ratio, and "ok" or "OVER".
 * figure_status is what the program ends with. */
#pragma once
#include <stdbool.h>
#include <stdio.h>

enum figure_sense { FIGURE_MOST, FIGURE_LEAST };

static bool figure_missed;

static inline void figure(const char *what, double v, const char *unit, enum figure_sense sense,
			  double limit)
{
	bool ok = sense == FIGURE_MOST ? v <= limit : v >= limit;
	printf("%-52s %12.3f %-8s limit %s %11.3f  ratio %7.3f  %s\n", what, v, unit,
	       sense == FIGURE_MOST ? "<=" : ">=", limit, v / limit, ok ? "ok" : "OVER");
	figure_missed |= !ok;
}

static inline int figure_status(void)
{
	return figure_missed ? 1 : 0;
}
