# To be sourced. figure WHAT VALUE UNIT SENSE LIMIT: one line of a bench: what, the figure, its limit, their ratio, and "ok" or "OVER"; SENSE is <= or >=.
# figure_end ends the bench: status 1 when a limit was missed.
# shellcheck shell=sh
figure_missed=0
figure() {
	awk -v what="$1" -v v="$2" -v unit="$3" -v sense="$4" -v limit="$5" 'BEGIN {
		v += 0
		limit += 0
		ok = sense == "<=" ? v <= limit : v >= limit
		printf "%-52s %12.3f %-8s limit %s %11.3f  ratio %7.3f  %s\n", what, v, unit, sense, limit, v / limit, ok ? "ok" : "OVER"
		exit !ok
	}' || figure_missed=1
}
figure_end() { exit "$figure_missed"; }
