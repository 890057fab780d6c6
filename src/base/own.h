/* own: cleanup by scope. OWN_FD int fd = -1;  OWN_FREE char *p = NULL;  return STEAL_FD(fd); */
#pragma once
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

void own_fd_close(int *fd); /* closes once, keeps errno, ignores -1 */
void own_dir_close(DIR **d);
void own_free(void *p_of_p); /* frees *(void **)p_of_p, keeps errno */
int own_fd_steal(int *fd);   /* the descriptor; *fd becomes -1 */

/* calloc for what OWN_FREE frees: its own function, since analyzers know calloc and not what the
 * attribute does. */
void *own_calloc(size_t n, size_t size) __attribute__((warn_unused_result, alloc_size(1, 2)));

#define OWN_FD __attribute__((cleanup(own_fd_close)))
#define OWN_DIR __attribute__((cleanup(own_dir_close)))
#define OWN_FREE __attribute__((cleanup(own_free)))
#define STEAL_FD(fd) own_fd_steal(&(fd))
