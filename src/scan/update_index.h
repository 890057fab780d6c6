/* update_index: sources that name the file of a feed, whose own name changes with each version.
 *
 *   …/mirror.list        the first line is a repository's address (Amazon Linux)
 *   …/repodata/repomd.xml  the updateinfo of an rpm repository (createrepo's metadata)
 *   …/archive_latest.txt   the first line is a file's name in the same folder (CSAF of Red Hat)
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct fetch_origin;
struct update_place;

bool update_is_index(const char *url);
/* What an index says: the address of the file, or of another index; from a. ERR_FORMAT: it names
 * none. A name that leads out of the repository or a less safe address is none. */
int update_index_read(const char *url, struct bytes body, struct arena *a, const char **ret,
		      struct err *e);
/* Ask for it, and for the one that it names, up to the file. *ret_led_by: who named that. ERR_IO,
 * ERR_LIMIT, ERR_FORMAT. */
int update_index_follow(const char *url, const struct update_place *place, struct arena *a,
			const char **ret, struct fetch_origin *ret_led_by, struct err *e);
