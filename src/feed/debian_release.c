#include "feed/debian_release.h"

struct bytes debian_release_ecosystem(struct bytes codename)
{
	static const struct {
		const char *codename, *ecosystem;
	} releases[] = {
	    {"slink", "Debian:2.1"},   {"potato", "Debian:2.2"}, {"woody", "Debian:3.0"},
	    {"sarge", "Debian:3.1"},   {"etch", "Debian:4.0"},	 {"lenny", "Debian:5.0"},
	    {"squeeze", "Debian:6.0"}, {"wheezy", "Debian:7"},	 {"jessie", "Debian:8"},
	    {"stretch", "Debian:9"},   {"buster", "Debian:10"},	 {"bullseye", "Debian:11"},
	    {"bookworm", "Debian:12"}, {"trixie", "Debian:13"},	 {"forky", "Debian:14"},
	    {"duke", "Debian:15"},     {"sid", "Debian:sid"},
	};
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		if (bytes_eq_lit(codename, releases[i].codename))
			return bytes_of(releases[i].ecosystem);
	return BYTES_NONE;
}
