#include "base/own.h"

#include <errno.h>
#include <string.h>

void own_fd_close(int *fd)
{
	int saved = errno;
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void own_dir_close(DIR **d)
{
	int saved = errno;
	if (*d)
		(void)closedir(*d);
	*d = NULL;
	errno = saved;
}

void own_free(void *p_of_p)
{
	void *p;
	int saved = errno;
	memcpy(&p, p_of_p, sizeof p);
	free(p);
	memset(p_of_p, 0, sizeof p);
	errno = saved;
}

int own_fd_steal(int *fd)
{
	int r = *fd;
	*fd = -1;
	return r;
}

void *own_calloc(size_t n, size_t size)
{
	return calloc(n, size);
}
