/* withdrawn: CVEs that the authority which named them took back. Inside match only. */
#pragma once
#include "match/candidate.h"

/* Is cve rejected, and no other CVE named in its place? 1: *ret is the record that says so; 0: no;
 * <0: ERR_INTEGRITY, ERR_NOMEM. */
int withdrawn_cve(const struct gather *g, struct bytes cve, struct adv *ret);
/* The same of all of them; 0 when there is none. *ret is the first's. */
int withdrawn_all(const struct gather *g, const struct bytes *cves, size_t n, struct adv *ret);
/* One line: "CVE-2024-1 was rejected on 2024-02-03 (cve5): …". */
void withdrawn_put(struct buf *out, const struct adv *gone);
