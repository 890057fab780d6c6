#include "feed/ubuntu_release.h"

#include <stdio.h>

static const struct {
	const char *codename, *version;
} releases[] = {
    {"warty", "4.10"},	   {"hoary", "5.04"},	 {"breezy", "5.10"},	{"dapper", "6.06"},
    {"edgy", "6.10"},	   {"feisty", "7.04"},	 {"gutsy", "7.10"},	{"hardy", "8.04"},
    {"intrepid", "8.10"},  {"jaunty", "9.04"},	 {"karmic", "9.10"},	{"lucid", "10.04"},
    {"maverick", "10.10"}, {"natty", "11.04"},	 {"oneiric", "11.10"},	{"precise", "12.04"},
    {"quantal", "12.10"},  {"raring", "13.04"},	 {"saucy", "13.10"},	{"trusty", "14.04"},
    {"utopic", "14.10"},   {"vivid", "15.04"},	 {"wily", "15.10"},	{"xenial", "16.04"},
    {"yakkety", "16.10"},  {"zesty", "17.04"},	 {"artful", "17.10"},	{"bionic", "18.04"},
    {"cosmic", "18.10"},   {"disco", "19.04"},	 {"eoan", "19.10"},	{"focal", "20.04"},
    {"groovy", "20.10"},   {"hirsute", "21.04"}, {"impish", "21.10"},	{"jammy", "22.04"},
    {"kinetic", "22.10"},  {"lunar", "23.04"},	 {"mantic", "23.10"},	{"noble", "24.04"},
    {"oracular", "24.10"}, {"plucky", "25.04"},	 {"questing", "25.10"}, {"resolute", "26.04"},
};

/* What a service is called in names of OSV's ecosystems: "Ubuntu:Pro:FIPS:20.04:LTS". */
static const struct {
	const char *service, *part;
} services[] = {
    {"esm-infra", ""},
    {"esm-apps", ""},
    {"esm-infra-legacy", ""},
    {"fips", "FIPS:"},
    {"fips-updates", "FIPS-updates:"},
    {"fips-preview", "FIPS-preview:"},
    {"realtime", "Realtime:"},
};

static const char *version_of(struct bytes codename)
{
	for (size_t i = 0; i < sizeof releases / sizeof *releases; i++)
		if (bytes_eq_lit(codename, releases[i].codename))
			return releases[i].version;
	return NULL;
}

/* April of an even year. */
static bool is_long_term(struct bytes version)
{
	uint8_t year = version.ptr[version.len - sizeof ".04"]; /* its last digit */
	return bytes_has_suffix_lit(version, ".04") && (year - '0') % 2 == 0;
}

bool ubuntu_series_parse(struct bytes text, struct ubuntu_series *ret)
{
	struct bytes codename = text;
	struct bytes service = bytes_cut(&codename, '/');
	const char *part = NULL;
	if (codename.len == 0) {
		codename = service;
		service = BYTES_NONE;
	} else if (bytes_eq_lit(codename, "esm")) { /* of 12.04 and 14.04, before there were two */
		codename = service;
		service = BYTES_LIT("esm-infra");
	}
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (bytes_eq_lit(service, services[i].service))
			part = services[i].part;
	const char *version = version_of(codename);
	if (!version || (service.len > 0 && !part))
		return false;
	(void)snprintf(ret->ecosystem, sizeof ret->ecosystem, "Ubuntu:%s%s%s%s", part ? "Pro:" : "",
		       part ? part : "", version, is_long_term(bytes_of(version)) ? ":LTS" : "");
	/* the other services' names are in the ecosystem */
	ret->service = part && !*part ? service : BYTES_NONE;
	return true;
}
