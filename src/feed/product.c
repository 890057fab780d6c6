#include "feed/product.h"

struct bytes product_of_cpe(struct bytes cpe)
{
	static const char *const starts[] = {"cpe:/a:redhat:", "cpe:/o:redhat:"};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (bytes_has_prefix_lit(cpe, starts[i]))
			return bytes_from(cpe, bytes_of(starts[i]).len);
	return BYTES_NONE;
}

struct bytes product_stream(struct bytes product)
{
	return bytes_part(product, 0, bytes_find_bytes(product, BYTES_LIT("::")));
}

bool product_of_name(struct bytes name, struct product_name *ret)
{
	static const struct {
		const char *start, *vendor, *ending;
	} names[] = {
	    {"AlmaLinux OS ", "AlmaLinux:", ""},
	    {"AlmaLinux ", "AlmaLinux:", ""},
	    {"Oracle Linux ", "Oracle Linux:", ""},
	    {"Photon OS ", "Photon OS:", ".0"},
	    {"Photon ", "Photon OS:", ".0"},
	    {"Red Hat Enterprise Linux ", "Red Hat:enterprise_linux:", ""},
	    {"Rocky Linux ", "Rocky Linux:", ""},
	    {"SUSE Linux ", "SUSE:Linux ", ""},
	    {"openSUSE ", "openSUSE:", ""},
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct bytes rest = bytes_from(name, bytes_of(names[i].start).len);
		if (!bytes_has_prefix_lit(name, names[i].start) || rest.len == 0)
			continue;
		bool minor = bytes_find(rest, '.') < rest.len;
		*ret = (struct product_name){names[i].vendor, rest, minor ? "" : names[i].ending};
		return true;
	}
	return false;
}
