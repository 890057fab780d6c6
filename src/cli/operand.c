#include "cli/operand.h"

#include "base/io.h"
#include "base/own.h"
#include "scan/input.h"
#include "scan/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct scheme {
	const char *prefix;
	enum operand_kind kind;
	const char *instead; /* of one that is not read */
} schemes[] = {
    {"oci:", OPD_PATH, NULL},
    {"oci-dir:", OPD_PATH, NULL},
    {"oci-archive:", OPD_PATH, NULL},
    {"docker-archive:", OPD_PATH, NULL},
    {"dir:", OPD_PATH, NULL},
    {"rootfs:", OPD_ROOTFS, NULL},
    {"docker://", OPD_REFERENCE, NULL},
    {"docker-daemon:", OPD_REFERENCE,
     "images are not read from the Docker daemon; pipe them: docker save IMAGE | plimsoll scan "
     "-"},
    {"containers-storage:", OPD_REFERENCE,
     "podman's storage is not read; pipe the image: podman save IMAGE | plimsoll scan -"},
    {"sbom:", OPD_SBOM, NULL},
    {"http://", OPD_REFERENCE,
     "a reference has no http:// prefix: HOST/REPOSITORY:TAG; --insecure allows plain http"},
    {"https://", OPD_REFERENCE, "a reference has no https:// prefix: HOST/REPOSITORY:TAG"},
};

static bool is_written_as_path(const char *text)
{
	return *text == '/' || strncmp(text, "./", 2) == 0 || strncmp(text, "../", 3) == 0 ||
	       strcmp(text, ".") == 0 || strcmp(text, "..") == 0;
}

static bool has_file(const char *dir, const char *leaf)
{
	struct stat st;
	OWN_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fstatat(fd, leaf, &st, 0) == 0;
}

/* A folder that is no image, but a root file system. */
static bool is_rootfs(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && !has_file(path, "index.json") &&
	       !has_file(path, "manifest.json") && rootfs_is(path);
}

int operand_parse(const char *text, struct operand *ret, struct err *e)
{
	*ret = (struct operand){.kind = OPD_REFERENCE, .text = text};
	if (strcmp(text, "-") == 0) {
		ret->kind = OPD_STDIN;
		return 0;
	}
	if (access(text, F_OK) == 0 || is_written_as_path(text)) {
		ret->kind = is_rootfs(text) ? OPD_ROOTFS : OPD_PATH;
		return 0;
	}
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i].prefix);
		if (strncmp(text, schemes[i].prefix, len) != 0)
			continue;
		if (schemes[i].instead)
			return err_set(e, ERR_UNSUPPORTED, "%s: %s", text, schemes[i].instead);
		*ret = (struct operand){.kind = schemes[i].kind, .text = text + len};
		if (strcmp(ret->text, "-") == 0 && ret->kind == OPD_PATH)
			ret->kind = OPD_STDIN;
		return *ret->text ? 0 : err_set(e, ERR_FORMAT, "\"%s\" names nothing", text);
	}
	return 0;
}

int operand_spool(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	uint8_t piece[65536 / 4];
	OWN_FD int fd = open(dir && *dir ? dir : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "temporary file");
	if (isatty(STDIN_FILENO))
		return err_set(e, ERR_FORMAT,
			       "\"-\" reads an image from standard input, which is a terminal");
	for (;;) {
		ssize_t n = io_read(STDIN_FILENO, piece, sizeof piece, e);
		if (n == 0)
			return own_fd_steal(&fd);
		if (n < 0)
			return err_ctx(e, "standard input");
		if (io_write(fd, piece, (size_t)n, e) < 0)
			return err_ctx(e, "temporary file");
	}
}
