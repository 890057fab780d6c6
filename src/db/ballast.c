#include "db/ballast.h"

#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int ballast_keep(const char *path, uint64_t size, struct err *e)
{
	struct stat st;
	if (stat(path, &st) == 0 && (uint64_t)st.st_blocks * 512 >= size)
		return 0;
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, "ballast");
	/* Writes zeros where the file system cannot allocate. */
	int rc = posix_fallocate(fd, 0, (off_t)size);
	if (rc == 0)
		return 0;
	(void)unlink(path);
	errno = rc;
	return err_sys(e, "ballast");
}

bool ballast_drop(const char *path)
{
	return unlink(path) == 0;
}
