#include "cli/term.h"

#include "base/num.h"
#include "base/own.h"
#include "report/columns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define LINE_CAP 4096 /* bytes of a password; more is refused */
#define WIDTH_MIN 40  /* columns: less is a mistake, not a terminal */

size_t term_width(void)
{
	struct winsize w;
	uint64_t n;
	const char *text = getenv("COLUMNS");
	if (text && num_u64(bytes_of(text), 10000, &n) && n >= WIDTH_MIN)
		return (size_t)n;
	if (!isatty(STDOUT_FILENO))
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 80;
	return w.ws_col < WIDTH_MIN ? WIDTH_MIN : w.ws_col;
}

bool term_is_ascii(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return !strcasestr(v, "utf-8") && !strcasestr(v, "utf8");
	}
	return true;
}

int term_style(const struct cli_args *args, struct report_style *ret, struct err *e)
{
	const char *no = getenv("NO_COLOR"), *list = cli_get(args, "columns");
	bool to_file = cli_get(args, "output") != NULL;
	*ret = (struct report_style){.color = !cli_has(args, "no-color") && !(no && *no) &&
					      !to_file && isatty(STDOUT_FILENO),
				     .ascii = term_is_ascii(),
				     .wide = cli_has(args, "wide"),
				     .width = to_file ? 0 : term_width()};
	if (!list)
		return 0;
	int r = report_columns_parse(bytes_of(list), ret->columns, &ret->column_count, e);
	return r < 0 ? err_ctx(e, "--columns") : 0;
}

/* Byte by byte: what follows the line belongs to who reads next. */
static int read_line(int fd, char line[LINE_CAP], const char *what, struct err *e)
{
	size_t len = 0;
	for (;;) {
		ssize_t n = read(fd, line + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "%s", what);
		if (n == 0 || line[len] == '\n')
			break;
		if (line[len] == '\0')
			return err_set(e, ERR_FORMAT, "%s: the line contains a NUL", what);
		if (++len == LINE_CAP)
			return err_set(e, ERR_LIMIT, "%s: the line is longer than %d bytes", what,
				       LINE_CAP - 1);
	}
	if (len && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return 0;
}

static int keep_line(char line[LINE_CAP], struct arena *a, const char **ret, struct err *e)
{
	*ret = arena_cstr(a, bytes_of(line));
	explicit_bzero(line, LINE_CAP);
	return *ret ? 0 : err_nomem(e);
}

int term_stdin_line(struct arena *a, const char **ret, struct err *e)
{
	char line[LINE_CAP];
	if (read_line(STDIN_FILENO, line, "standard input", e) < 0)
		return -(int)e->code;
	return keep_line(line, a, ret, e);
}

/* For the handler alone: a terminal is not left without echo. */
static int asking_fd;
static struct termios asking_before;

static void on_stop(int sig)
{
	(void)tcsetattr(asking_fd, TCSAFLUSH, &asking_before);
	_exit(128 + sig);
}

int term_password(const char *prompt, struct arena *a, const char **ret, struct err *e)
{
	char line[LINE_CAP];
	struct termios before, quiet;
	struct sigaction stop = {.sa_handler = on_stop}, was_int, was_term;
	OWN_FD int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || tcgetattr(fd, &before) < 0)
		return err_set(e, ERR_NOT_FOUND, "no terminal to prompt for the password");
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	asking_fd = fd;
	asking_before = before;
	(void)sigaction(SIGINT, &stop, &was_int);
	(void)sigaction(SIGTERM, &stop, &was_term);
	dprintf(fd, "%s: ", prompt);
	(void)tcsetattr(fd, TCSAFLUSH, &quiet);
	int r = read_line(fd, line, "terminal", e);
	(void)tcsetattr(fd, TCSAFLUSH, &before);
	(void)sigaction(SIGINT, &was_int, NULL);
	(void)sigaction(SIGTERM, &was_term, NULL);
	dprintf(fd, "\n");
	return r < 0 ? r : keep_line(line, a, ret, e);
}
