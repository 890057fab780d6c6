#include "jail/task.h"

/* A message: u8 type, u8 TASK_VERSION, u16 zero, body. Numbers are little-endian; a blob is a
 * LEB128 length and its bytes. */

_Static_assert(sizeof(struct limits) == 9 * sizeof(uint64_t), "a new limit must be sent as well");

void task_head_put(struct buf *out, uint8_t type)
{
	buf_put_u8(out, type);
	buf_put_u8(out, TASK_VERSION);
	buf_put_le16(out, 0);
}

uint8_t task_head_take(struct cursor *c)
{
	uint8_t type = cur_u8(c);
	uint8_t version = cur_u8(c);
	uint16_t zero = cur_le16(c);
	if (version != TASK_VERSION || zero != 0 || type == 0)
		cur_fail(c);
	return cur_ok(c) ? type : 0;
}

void task_start_put(struct buf *out, const struct task_start *s)
{
	const struct limits *l = &s->limits;
	task_head_put(out, TASK_START);
	buf_put_u8(out, (uint8_t)s->kind);
	buf_put_le64(out, l->layer_in_max);
	buf_put_le64(out, l->layer_out_max);
	buf_put_le64(out, l->layer_ratio_max);
	buf_put_le64(out, l->layer_members_max);
	buf_put_le64(out, l->layer_window_max);
	buf_put_le64(out, l->wanted_file_max);
	buf_put_le64(out, l->worker_memory_max);
	buf_put_le64(out, l->worker_cpu_sec);
	buf_put_le64(out, l->worker_wall_ms);
	buf_put_le64(out, s->off);
	buf_put_le64(out, s->len);
	buf_put_blob(out, s->name);
	buf_put_blob(out, s->path);
}

int task_start_take(struct cursor *c, struct task_start *ret, struct err *e)
{
	struct task_start s = {0};
	struct limits *l = &s.limits;
	uint8_t kind = cur_u8(c);
	l->layer_in_max = cur_le64(c);
	l->layer_out_max = cur_le64(c);
	l->layer_ratio_max = cur_le64(c);
	l->layer_members_max = cur_le64(c);
	l->layer_window_max = cur_le64(c);
	l->wanted_file_max = cur_le64(c);
	l->worker_memory_max = cur_le64(c);
	l->worker_cpu_sec = cur_le64(c);
	l->worker_wall_ms = cur_le64(c);
	s.off = cur_le64(c);
	s.len = cur_le64(c);
	s.name = cur_blob(c);
	s.path = cur_blob(c);
	if (!cur_ok(c) || cur_left(c) > 0)
		return err_set(e, ERR_FORMAT, "start: wrong length");
	if (kind >= TASK_KIND_COUNT)
		return err_set(e, ERR_FORMAT, "start: unknown kind %u", kind);
	if (s.name.len > TASK_NAME_MAX || s.path.len > LIMIT_PATH_MAX)
		return err_set(e, ERR_FORMAT, "start: name or path too long");
	if (s.off > INT64_MAX || (s.len != UINT64_MAX && s.len > INT64_MAX - s.off))
		return err_set(e, ERR_FORMAT, "start: beyond the largest file");
	s.kind = (enum task_kind)kind;
	*ret = s;
	return 0;
}

void task_available_put(struct buf *out, uint64_t available, bool final)
{
	task_head_put(out, TASK_AVAILABLE);
	buf_put_le64(out, available);
	buf_put_u8(out, final);
}

int task_available_take(struct cursor *c, uint64_t *ret_available, bool *ret_final, struct err *e)
{
	uint64_t available = cur_le64(c);
	uint8_t final = cur_u8(c);
	if (!cur_ok(c) || cur_left(c) > 0 || final > 1 || available > INT64_MAX)
		return err_set(e, ERR_FORMAT, "available: not a valid message");
	*ret_available = available;
	*ret_final = final == 1;
	return 0;
}

void task_ready_put(struct buf *out, const struct cage_report *r)
{
	task_head_put(out, TASK_READY);
	buf_put_u8(out, r->no_new_privs);
	buf_put_u8(out, r->rlimits);
	buf_put_u8(out, r->landlock);
	buf_put_u8(out, r->seccomp);
	buf_put_le32(out, (uint32_t)r->landlock_abi);
}

int task_ready_take(struct cursor *c, struct cage_report *ret, struct err *e)
{
	uint8_t step[4];
	unsigned seen = 0;
	for (size_t i = 0; i < 4; i++) {
		step[i] = cur_u8(c);
		seen |= step[i];
	}
	uint32_t abi = cur_le32(c);
	if (!cur_ok(c) || cur_left(c) > 0 || seen > 1 || abi > 255)
		return err_set(e, ERR_FORMAT, "ready: not a valid message");
	*ret = (struct cage_report){.no_new_privs = step[0],
				    .rlimits = step[1],
				    .landlock = step[2],
				    .seccomp = step[3],
				    .landlock_abi = (int)abi};
	return 0;
}
