/* Feed every file of the folders and files named to the fuzz target once, then every prefix of the
 * small ones: what libFuzzer would do, without it. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_MAX (16U << 20) /* bytes: corpora are kept small */
#define PREFIX_MAX 4096U     /* bytes: every prefix is tried up to here */

static size_t run_count;

static void run(const uint8_t *data, size_t size)
{
	/* A block of exactly this size, so that a sanitizer sees a read past it. */
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	(void)LLVMFuzzerTestOneInput(copy, size);
	free(copy);
	run_count++;
}

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(FILE_MAX);
	if (!f || !data) {
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(1);
	}
	size_t size = fread(data, 1, FILE_MAX, f);
	fclose(f);
	run(data, size);
	for (size_t n = 0; size <= PREFIX_MAX && n < size; n++)
		run(data, n);
	free(data);
	return 1;
}

static int replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		fprintf(stderr, "%s: no such file or folder\n", path);
		exit(1);
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	int files = 0;
	DIR *d = opendir(path);
	for (struct dirent *ent; d && (ent = readdir(d));) {
		char sub[4096];
		if (ent->d_name[0] == '.')
			continue;
		(void)snprintf(sub, sizeof sub, "%s/%s", path, ent->d_name);
		files += replay(sub);
	}
	if (d)
		closedir(d);
	return files;
}

int main(int argc, char **argv)
{
	int files = 0;
	run((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++)
		files += replay(argv[i]);
	printf("%d files, %zu runs\n", files, run_count);
	if (files == 0) {
		fprintf(stderr, "no corpus: a fuzz target without inputs proves nothing\n");
		return 1;
	}
	return 0;
}
