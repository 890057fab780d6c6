/* ELF: a header at the file's start names the table of segments (behind the header, nearly always)
 * and that of sections (at the file's end, nearly always, behind their names). PE: a DOS header
 * whose last word says where "PE\0\0", the COFF header, the optional header and the table of
 * sections are. Mach-O: a header and load commands, of which LC_SEGMENT and LC_SEGMENT_64 hold a
 * segment and its sections. Spec: System V ABI
 * "Object Files"; Microsoft "PE Format"; Apple "Mach-O File Format Reference". */
#include "eco/program.h"

#define PT_LOAD 1U
#define PT_NOTE 4U
#define PF_X 1U
#define PF_W 2U
#define SHT_NOBITS 8U
#define ELF_TYPE_EXEC 2U
#define ELF_TYPE_DYN 3U
#define COFF_EXECUTABLE 0x20000000U
#define MACH_SEGMENT 0x1U
#define MACH_SEGMENT_64 0x19U
#define MACH_EXECUTABLE 4U

bool program_is_named(struct bytes table, uint64_t off, const char *name)
{
	struct bytes want = bytes_of(name);
	if (off >= table.len)
		return false;
	struct bytes rest = bytes_from(table, (size_t)off);
	return bytes_has_prefix(rest, want) && (rest.len == want.len || rest.ptr[want.len] == 0);
}

uint64_t program_number(const struct program *p, struct cursor *c, unsigned len)
{
	if (len == 2)
		return p->big ? cur_be16(c) : cur_le16(c);
	if (len == 4)
		return p->big ? cur_be32(c) : cur_le32(c);
	return p->big ? cur_be64(c) : cur_le64(c);
}

static uint64_t word(const struct program *p, struct cursor *c)
{
	return program_number(p, c, p->is_64 ? 8 : 4);
}

static struct cursor at(struct bytes file, uint64_t off)
{
	return cur_of(off < file.len ? bytes_from(file, (size_t)off) : BYTES_NONE);
}

static void add(struct program *p, const struct program_part *part)
{
	if (p->part_count < PROGRAM_PARTS_MAX)
		p->parts[p->part_count++] = *part;
}

/* ELF */

static bool elf_segments(struct program *p, uint64_t off, unsigned count, unsigned len)
{
	for (unsigned i = 0; i < count; i++) {
		struct cursor c = at(p->file, off + (uint64_t)i * len);
		struct program_part part = {.addr = 0};
		uint64_t type = program_number(p, &c, 4), flags = 0;
		if (p->is_64)
			flags = program_number(p, &c, 4);
		part.off = word(p, &c);
		part.addr = word(p, &c);
		(void)word(p, &c);
		part.len = word(p, &c);
		(void)word(p, &c);
		if (!p->is_64)
			flags = program_number(p, &c, 4);
		if (!cur_ok(&c))
			return false;
		part.is_executable = flags & PF_X;
		part.is_writable = flags & PF_W;
		if (type == PT_NOTE && p->note_count < PROGRAM_NOTES_MAX)
			p->notes[p->note_count++] = part;
		else if (type == PT_NOTE)
			p->has_more_notes = true;
		if (type != PT_LOAD || part.len > UINT64_MAX - part.off)
			continue;
		add(p, &part);
		if (part.off + part.len > p->loaded_end)
			p->loaded_end = part.off + part.len;
	}
	return true;
}

static bool elf_open(struct program *p)
{
	struct cursor c = at(p->file, 4);
	p->is_64 = cur_u8(&c) == 2;
	p->big = cur_u8(&c) == 2;
	cur_skip(&c, 10);
	uint64_t type = program_number(p, &c, 2);
	cur_skip(&c, 6);
	(void)word(p, &c);
	uint64_t segments = word(p, &c);
	p->section_off = word(p, &c);
	cur_skip(&c, 6);
	unsigned segment_len = (unsigned)program_number(p, &c, 2);
	unsigned segment_count = (unsigned)program_number(p, &c, 2);
	p->section_len = (unsigned)program_number(p, &c, 2);
	p->section_count = (unsigned)program_number(p, &c, 2);
	p->names = (unsigned)program_number(p, &c, 2);
	if (!cur_ok(&c) || (type != ELF_TYPE_EXEC && type != ELF_TYPE_DYN) ||
	    segment_len < (p->is_64 ? 56U : 32U))
		return false;
	return elf_segments(p, segments, segment_count, segment_len);
}

/* One section's header: name's offset in the table of names, and its bytes. */
static bool elf_section(const struct program *p, unsigned i, uint64_t *ret_name, struct bytes *ret)
{
	struct cursor c = at(p->file, p->section_off + (uint64_t)i * p->section_len);
	*ret_name = program_number(p, &c, 4);
	uint64_t type = program_number(p, &c, 4);
	(void)word(p, &c);
	(void)word(p, &c);
	uint64_t off = word(p, &c), len = word(p, &c);
	if (!cur_ok(&c) || off > p->file.len || len > p->file.len - off)
		return false;
	*ret = type == SHT_NOBITS ? BYTES_NONE : bytes_part(p->file, (size_t)off, (size_t)len);
	return true;
}

static struct bytes elf_find(const struct program *p, const char *want)
{
	struct bytes names, section;
	uint64_t name;
	if (p->section_len < (p->is_64 ? 64U : 40U) || p->section_off > p->file.len ||
	    !elf_section(p, p->names, &name, &names))
		return BYTES_NONE;
	for (unsigned i = 0; i < p->section_count; i++)
		if (elf_section(p, i, &name, &section) && program_is_named(names, name, want))
			return section;
	return BYTES_NONE;
}

/* PE */

static struct bytes fixed_name(struct cursor *c, size_t len)
{
	struct bytes name = cur_take(c, len);
	return bytes_part(name, 0, bytes_find(name, 0));
}

static bool pe_open(struct program *p)
{
	struct cursor c = at(p->file, 0x3c);
	uint64_t off = cur_le32(&c);
	c = at(p->file, off);
	uint32_t magic = cur_be32(&c);
	cur_skip(&c, 2);
	unsigned count = cur_le16(&c);
	cur_skip(&c, 12);
	unsigned optional_len = cur_le16(&c);
	cur_skip(&c, 2);
	struct cursor optional = cur_sub(&c, optional_len);
	p->is_64 = cur_le16(&optional) == 0x20b;
	cur_skip(&optional, p->is_64 ? 22 : 26);
	uint64_t base = word(p, &optional);
	if (!cur_ok(&c) || !cur_ok(&optional) || magic != 0x50450000)
		return false;
	for (unsigned i = 0; i < count; i++) {
		struct program_part part = {.name = fixed_name(&c, 8)};
		cur_skip(&c, 4);
		part.addr = base + cur_le32(&c);
		part.len = cur_le32(&c);
		part.off = cur_le32(&c);
		cur_skip(&c, 12);
		part.is_executable = cur_le32(&c) & COFF_EXECUTABLE;
		if (!cur_ok(&c))
			return false;
		add(p, &part);
	}
	return true;
}

/* Mach-O */

static bool mach_segment(struct program *p, struct cursor c)
{
	struct program_part part = {.name = fixed_name(&c, 16)};
	part.addr = word(p, &c);
	(void)word(p, &c);
	part.off = word(p, &c);
	part.len = word(p, &c);
	cur_skip(&c, 4);
	part.is_executable = program_number(p, &c, 4) & MACH_EXECUTABLE;
	uint64_t count = program_number(p, &c, 4);
	cur_skip(&c, 4);
	bool is_executable = part.is_executable;
	if (!cur_ok(&c))
		return false;
	add(p, &part);
	for (uint64_t i = 0; i < count; i++) {
		part = (struct program_part){.name = fixed_name(&c, 16), .is_section = true};
		cur_skip(&c, 16);
		part.addr = word(p, &c);
		part.len = word(p, &c);
		part.off = program_number(p, &c, 4);
		part.is_executable = is_executable;
		cur_skip(&c, p->is_64 ? 28 : 24);
		if (!cur_ok(&c))
			return false;
		add(p, &part);
	}
	return true;
}

static bool mach_open(struct program *p)
{
	struct cursor c = cur_of(p->file);
	uint32_t magic = cur_be32(&c);
	p->big = magic >> 24 == 0xfe;
	p->is_64 = magic == 0xfeedfacf || magic == 0xcffaedfe;
	cur_skip(&c, 12);
	uint64_t count = program_number(p, &c, 4);
	cur_skip(&c, p->is_64 ? 12 : 8);
	while (cur_ok(&c) && count-- > 0) {
		uint64_t command = program_number(p, &c, 4), len = program_number(p, &c, 4);
		if (!cur_ok(&c) || len < 8)
			return false;
		struct cursor body = cur_sub(&c, (size_t)len - 8);
		if (!cur_ok(&c))
			return false;
		if (command == (p->is_64 ? MACH_SEGMENT_64 : MACH_SEGMENT) &&
		    !mach_segment(p, body))
			return false;
	}
	return cur_ok(&c);
}

/* all */

bool program_open(struct bytes file, struct program *ret)
{
	*ret = (struct program){.file = file, .format = program_format_of(file)};
	switch (ret->format) {
	case PROGRAM_ELF:
		return elf_open(ret);
	case PROGRAM_PE:
		return pe_open(ret);
	case PROGRAM_MACH:
		return mach_open(ret);
	case PROGRAM_FAT:
	case PROGRAM_NONE:
		break;
	}
	return false;
}

uint64_t program_end(const struct program *p)
{
	uint64_t end = 0;
	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].len <= UINT64_MAX - p->parts[i].off &&
		    p->parts[i].off + p->parts[i].len > end)
			end = p->parts[i].off + p->parts[i].len;
	return end;
}

uint64_t program_data(const struct program *p)
{
	uint64_t data = program_end(p);
	for (size_t i = 0; i < p->part_count; i++)
		if (p->parts[i].is_writable && p->parts[i].off < data)
			data = p->parts[i].off;
	return data;
}

uint64_t program_sections_end(const struct program *p)
{
	uint64_t len = (uint64_t)p->section_count * p->section_len;
	return len <= UINT64_MAX - p->section_off ? p->section_off + len : p->section_off;
}

static struct bytes part_of(const struct program *p, uint64_t off, uint64_t len)
{
	if (off > p->file.len || len > p->file.len - off)
		return BYTES_NONE;
	return bytes_part(p->file, (size_t)off, (size_t)len);
}

struct bytes program_at(const struct program *p, uint64_t addr, uint64_t len)
{
	for (size_t i = 0; i < p->part_count; i++) {
		const struct program_part *part = &p->parts[i];
		if (part->is_section || addr < part->addr || addr - part->addr > part->len ||
		    len > part->len - (addr - part->addr) ||
		    part->off > UINT64_MAX - (addr - part->addr))
			continue;
		return part_of(p, part->off + (addr - part->addr), len);
	}
	return BYTES_NONE;
}

struct bytes program_section(const struct program *p, const char *name)
{
	if (p->format == PROGRAM_ELF)
		return elf_find(p, name);
	for (size_t i = 0; i < p->part_count; i++)
		if (bytes_eq(p->parts[i].name, bytes_of(name)))
			return part_of(p, p->parts[i].off, p->parts[i].len);
	return BYTES_NONE;
}
