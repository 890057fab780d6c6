/* /etc/passwd: NAME:PASSWORD:UID:…, where "x" says that the password is in /etc/shadow:
 * NAME:PASSWORD:…. An empty second field asks for no password. Spec: passwd(5), shadow(5). */
#include "inspect/parts.h"

static bool is_comment(struct bytes line)
{
	return line.len == 0 || line.ptr[0] == '#' || line.ptr[0] == '+' || line.ptr[0] == '-';
}

static int look_at(struct inspect_text *t, struct bytes line, size_t off, bool is_passwd)
{
	struct bytes rest = line, name, id;
	if (is_comment(line) || bytes_find(line, ':') == line.len)
		return 0;
	name = bytes_cut(&rest, ':');
	bool has_more = bytes_find(rest, ':') < rest.len;
	bool empty = bytes_cut(&rest, ':').len == 0 && has_more && name.len > 0;
	id = is_passwd ? bytes_cut(&rest, ':') : BYTES_NONE;
	int r = 0;
	if (empty)
		r = inspect_report(t, INSPECT_EMPTY_PASSWORD, off, "account %.*s",
				   BYTES_ARG(bytes_part(name, 0, 40)));
	if (r == 0 && id.len > 0 && !bytes_eq_lit(name, "root") && name.len > 0) {
		bool zero = true;
		for (size_t i = 0; i < id.len; i++)
			zero = zero && id.ptr[i] == '0';
		if (zero)
			r = inspect_report(t, INSPECT_SECOND_ROOT, off, "account %.*s",
					   BYTES_ARG(bytes_part(name, 0, 40)));
	}
	return r;
}

int inspect_accounts(struct inspect_text *t)
{
	bool is_passwd = bytes_eq_lit(t->path, "etc/passwd");
	int r = 0;
	if (!is_passwd && !bytes_eq_lit(t->path, "etc/shadow"))
		return 0;
	for (size_t at = 0; r == 0 && at < t->text.len;) {
		struct bytes rest = bytes_from(t->text, at);
		struct bytes line = bytes_part(rest, 0, bytes_find(rest, '\n'));
		r = look_at(t, line, at, is_passwd);
		at += line.len + 1;
	}
	return r;
}
