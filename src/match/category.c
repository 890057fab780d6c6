/* The category of a security check: the vendor, or MATCH_KERNEL_HEADERS for what is built from a
 * kernel's source. Images bring the kernel's headers (linux-libc-dev, linux-headers-*,
 * linux-kbuild-*, rpm's kernel-headers), which carry no kernel code that runs: the host's kernel
 * does. One check is about all packages of a source, so the source decides, never the package that
 * was found. */
#include "match/category.h"

#include "match/match.h"

/* What follows "linux-" or "kernel-" in names of kernels' sources, up to the next '-';
 * numbers ("linux-6.1") are in any case. */
static const char *const flavours[] = {
    "64kb",	"alt",	  "aws",   "azure",  "bluefield", "default",	"edge",
    "esx",	"fips",	  "gcp",   "gke",    "gkeop",	  "hci",	"headers",
    "hwe",	"ibm",	  "intel", "kvm",    "kvmsmall",  "lowlatency", "lts",
    "meta",	"nvidia", "obs",   "oem",    "oracle",	  "raspi",	"raspi2",
    "realtime", "riscv",  "rt",	   "secure", "signed",	  "source",	"starfive",
    "stable",	"syms",	  "uek",   "virt",   "xilinx",	  "zfcpdump",
};

static bool is_kernel(struct bytes source)
{
	static const char *const names[] = {"linux", "kernel"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct bytes name = bytes_of(names[i]);
		struct bytes rest = bytes_from(source, name.len);
		if (!bytes_has_prefix(source, name))
			continue;
		/* "kernel6.12" of Amazon Linux */
		if (rest.len == 0 || byte_is_digit(rest.ptr[0]))
			return true;
		if (rest.ptr[0] != '-')
			return false;
		rest = bytes_from(rest, 1);
		struct bytes word = bytes_part(rest, 0, bytes_find(rest, '-'));
		bool found = word.len > 0 && byte_is_digit(word.ptr[0]);
		for (size_t k = 0; !found && k < sizeof flavours / sizeof *flavours; k++)
			found = bytes_eq_lit(word, flavours[k]);
		return found;
	}
	return false;
}

/* A language's package may be called as it likes ("kernel" of npm). */
struct bytes category_of(struct bytes vendor, const struct pkg *p, struct bytes source)
{
	return p->class == PKG_OS && is_kernel(source) ? BYTES_LIT(MATCH_KERNEL_HEADERS) : vendor;
}
