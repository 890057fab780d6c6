/* An rpm header as a database stores it; all numbers big-endian:
 *
 *   u32 il   index entries          u32 dl   bytes of data
 *   il × { u32 tag, u32 type, u32 offset into the data, u32 count }
 *   dl bytes of data
 *
 * Types: 4 INT32, 6 STRING (ends with NUL), 8 STRING_ARRAY (count strings, each ending with NUL), 9
 * I18NSTRING (as 8; the first is the "C" locale). Region tags (61-63) only group entries. An entry
 * that follows the region's replaces one of the same tag inside: the last one counts. File lists:
 * path i is DIRNAMES[DIRINDEXES[i]] BASENAMES[i]; before rpm 4 OLDFILENAMES has whole paths. Spec:
 * rpm "Header Format" (docs/manual/format_header.md), rpmtag.h. */
#include "eco/rpm.h"
#include "base/cursor.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_ENTRY_LEN 16
#define INDEX_COUNT_MAX UINT32_C(65536) /* entries: what rpm itself accepts */
#define FOLDER_COUNT_MAX 500000U	/* of one package: the largest seen has 30,000 */
/* Bytes: the table of one header's folder names and some strings. */
#define RPM_TEMP_MAX (16U << 20)

enum { TYPE_INT16 = 3, TYPE_INT32 = 4, TYPE_STRING = 6, TYPE_STRING_ARRAY = 8, TYPE_I18N = 9 };

enum slot {
	NAME,
	VERSION,
	RELEASE,
	EPOCH,
	VENDOR,
	LICENSE,
	ARCH,
	SOURCERPM,
	MODULARITYLABEL,
	OLDFILENAMES,
	FILEMODES,
	DIRINDEXES,
	BASENAMES,
	DIRNAMES,
	SLOT_COUNT
};

static const struct {
	uint32_t tag;
	uint32_t type;
} slots[SLOT_COUNT] = {
    [NAME] = {1000, TYPE_STRING},	    [VERSION] = {1001, TYPE_STRING},
    [RELEASE] = {1002, TYPE_STRING},	    [EPOCH] = {1003, TYPE_INT32},
    [VENDOR] = {1011, TYPE_STRING},	    [LICENSE] = {1014, TYPE_STRING},
    [ARCH] = {1022, TYPE_STRING},	    [OLDFILENAMES] = {1027, TYPE_STRING_ARRAY},
    [FILEMODES] = {1030, TYPE_INT16},	    [SOURCERPM] = {1044, TYPE_STRING},
    [DIRINDEXES] = {1116, TYPE_INT32},	    [BASENAMES] = {1117, TYPE_STRING_ARRAY},
    [DIRNAMES] = {1118, TYPE_STRING_ARRAY}, [MODULARITYLABEL] = {5096, TYPE_STRING},
};

struct rpm_value {
	uint32_t count;
	struct bytes data; /* from the entry's offset to the end of the data */
};

struct rpm_header {
	struct rpm_value values[SLOT_COUNT];
};

static bool type_fits(uint32_t have, uint32_t want)
{
	return have == want ||
	       (want == TYPE_STRING && (have == TYPE_I18N || have == TYPE_STRING_ARRAY));
}

static bool header_open(struct bytes blob, struct rpm_header *h)
{
	struct cursor c = cur_of(blob);
	uint32_t il = cur_be32(&c);
	uint32_t dl = cur_be32(&c);
	if (!cur_ok(&c) || il == 0 || il > INDEX_COUNT_MAX || il > cur_left(&c) / INDEX_ENTRY_LEN)
		return false;
	struct cursor index = cur_sub(&c, (size_t)il * INDEX_ENTRY_LEN);
	struct bytes data = cur_take(&c, dl);
	if (!cur_ok(&c))
		return false;
	*h = (struct rpm_header){.values = {{.count = 0}}};
	for (uint32_t i = 0; i < il; i++) {
		uint32_t tag = cur_be32(&index), type = cur_be32(&index);
		uint32_t off = cur_be32(&index), count = cur_be32(&index);
		for (size_t s = 0; s < SLOT_COUNT; s++) {
			if (tag != slots[s].tag || !type_fits(type, slots[s].type) ||
			    off >= data.len || count == 0)
				continue;
			h->values[s].count = count;
			h->values[s].data = bytes_from(data, off);
		}
	}
	return cur_ok(&index);
}

/* The string of a slot; empty when it is absent or its end is. */
static struct bytes header_string(const struct rpm_header *h, enum slot s)
{
	struct bytes d = h->values[s].data;
	size_t end = bytes_find(d, 0);
	struct bytes text = end == d.len ? BYTES_NONE : bytes_part(d, 0, end);
	return bytes_eq_lit(text, "(none)") ? BYTES_NONE : text;
}

bool rpm_is_word(struct bytes b)
{
	if (!b.ptr || b.len == 0 || b.len > RPM_WORD_MAX)
		return false;
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] <= ' ' || b.ptr[i] >= 0x7f)
			return false;
	}
	return true;
}

bool rpm_split_source(struct bytes sourcerpm, struct bytes *ret_name, struct bytes *ret_version)
{
	struct bytes nvr = sourcerpm;
	if (bytes_has_suffix_lit(nvr, ".src.rpm"))
		nvr.len -= sizeof ".src.rpm" - 1;
	else if (bytes_has_suffix_lit(nvr, ".nosrc.rpm"))
		nvr.len -= sizeof ".nosrc.rpm" - 1;
	else
		return false;
	size_t release = bytes_find_last(nvr, '-');
	if (release == nvr.len || !rpm_is_word(nvr))
		return false;
	size_t version = bytes_find_last(bytes_part(nvr, 0, release), '-');
	if (version >= release || version == 0)
		return false;
	*ret_name = bytes_part(nvr, 0, version);
	*ret_version = bytes_from(nvr, version + 1);
	return true;
}

static int no_memory(struct err *e)
{
	return err_set(e, ERR_NOMEM, "rpm header: out of memory");
}

static int state_package(const struct rpm_header *h, struct arena *a, const struct eco_sink *sink,
			 struct err *e)
{
	struct bytes version = header_string(h, VERSION), release = header_string(h, RELEASE);
	struct cursor c = cur_of(h->values[EPOCH].data);
	uint32_t epoch = h->values[EPOCH].count > 0 ? cur_be32(&c) : 0;
	char prefix[16] = "";
	if (epoch > 0)
		(void)snprintf(prefix, sizeof prefix, "%u:", epoch);
	char *full = arena_printf(a, "%s%.*s-%.*s", prefix, BYTES_ARG(version), BYTES_ARG(release));
	if (!full)
		return no_memory(e);
	struct pkg p = {.type = BYTES_LIT("rpm"),
			.name = header_string(h, NAME),
			.version = bytes_of(full),
			.arch = header_string(h, ARCH),
			.module = header_string(h, MODULARITYLABEL),
			.vendor = header_string(h, VENDOR),
			.class = PKG_OS};
	struct bytes source_version;
	p.source_name = p.name;
	p.source_version = p.version;
	if (rpm_split_source(header_string(h, SOURCERPM), &p.source_name, &source_version)) {
		/* a source rpm's name has no epoch: the binary's is used */
		char *source = arena_printf(a, "%s%.*s", prefix, BYTES_ARG(source_version));
		if (!source)
			return no_memory(e);
		p.source_version = bytes_of(source);
	}
	int r = eco_license(&p, header_string(h, LICENSE), a, e);
	return r < 0 ? r : sink->package(sink->arg, &p, e);
}

struct file_list {
	const struct eco_sink *sink;
	struct bytes name, arch;
	struct cursor modes;
	uint8_t path[LIMIT_PATH_MAX];
};

static int own_path(struct file_list *l, struct bytes dir, struct bytes base, struct err *e)
{
	uint16_t mode = cur_be16(&l->modes);
	if (cur_ok(&l->modes) && S_ISDIR(mode))
		return 0;
	if (dir.len > sizeof l->path || base.len > sizeof l->path - dir.len)
		return 0;
	if (dir.len > 0)
		memcpy(l->path, dir.ptr, dir.len);
	if (base.len > 0)
		memcpy(l->path + dir.len, base.ptr, base.len);
	struct bytes path = {.ptr = l->path, .len = dir.len + base.len};
	return l->sink->owns(l->sink->arg, l->name, l->arch, path, e);
}

/* The strings of DIRNAMES as a table in a. *ret_count: those that are really there. */
static struct bytes *folder_table(const struct rpm_header *h, struct arena *a, size_t *ret_count)
{
	const struct rpm_value *v = &h->values[DIRNAMES];
	*ret_count = 0;
	struct bytes *table = arena_alloc(a, v->count, sizeof *table);
	struct cursor c = cur_of(v->data);
	for (size_t i = 0; table && i < v->count; i++) {
		table[i] = cur_until(&c, 0);
		if (!cur_ok(&c))
			break;
		*ret_count = i + 1;
	}
	return table;
}

static int state_files(const struct rpm_header *h, struct arena *a, const struct eco_sink *sink,
		       struct err *e)
{
	struct file_list *l = arena_alloc(a, 1, sizeof *l);
	if (!l)
		return no_memory(e);
	l->sink = sink;
	l->name = header_string(h, NAME);
	l->arch = header_string(h, ARCH);
	l->modes = cur_of(h->values[FILEMODES].data);
	size_t folder_count = 0;
	struct bytes *folders = NULL;
	if (h->values[DIRNAMES].count > 0)
		folders = folder_table(h, a, &folder_count);
	if (!folders && h->values[DIRNAMES].count > 0)
		return no_memory(e);
	enum slot list = h->values[BASENAMES].count > 0 ? BASENAMES : OLDFILENAMES;
	struct cursor names = cur_of(h->values[list].data);
	struct cursor indexes = cur_of(h->values[DIRINDEXES].data);
	for (uint32_t i = 0; i < h->values[list].count; i++) {
		struct bytes dir = BYTES_NONE, base = cur_until(&names, 0);
		if (list == BASENAMES) {
			uint32_t index = cur_be32(&indexes);
			if (!cur_ok(&indexes) || index >= folder_count)
				break;
			dir = folders[index];
		}
		if (!cur_ok(&names))
			break;
		int r = own_path(l, dir, base, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool has_sane_folders(const struct rpm_header *h)
{
	const struct rpm_value *v = &h->values[DIRNAMES];
	return v->count <= FOLDER_COUNT_MAX && v->count <= v->data.len;
}

int rpm_header_parse(struct bytes blob, uint64_t off, const struct eco_sink *sink, struct err *e)
{
	struct rpm_header h;
	if (!header_open(blob, &h))
		return sink->note(sink->arg, off,
				  "rpm header: index or data larger than the header", e);
	struct bytes name = header_string(&h, NAME);
	if (bytes_eq_lit(name, "gpg-pubkey"))
		return 0; /* a key that was imported, not a package */
	if (!rpm_is_word(name) || !rpm_is_word(header_string(&h, VERSION)) ||
	    !rpm_is_word(header_string(&h, RELEASE)))
		return sink->note(sink->arg, off, "rpm header: no name, version or release", e);
	struct arena a;
	arena_init(&a, RPM_TEMP_MAX);
	int r = state_package(&h, &a, sink, e);
	if (r == 0)
		r = has_sane_folders(&h)
			? state_files(&h, &a, sink, e)
			: sink->note(sink->arg, off, "rpm header: count of folders", e);
	arena_free(&a);
	return r;
}
