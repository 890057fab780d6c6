/* torture: run a case again and again with the first, second, third … allocation failing. Include
 * in one file of a test program that is linked with torture_dep (the linker's --wrap sends malloc,
 * calloc, realloc and aligned_alloc of everything in the program through here). */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);

static unsigned long torture_left; /* allocations until one fails; 0 = none will */
static bool torture_hit;
static bool
    torture_dry; /* memory stays spent: all that follow fail, too, until torture_left is 0 */

static bool torture_fails(void)
{
	if (torture_left == 0)
		return false;
	if (--torture_left > 0)
		return false;
	torture_left = torture_dry;
	torture_hit = true;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return torture_fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return torture_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return torture_fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
	return torture_fails() ? NULL : __real_aligned_alloc(align, n);
}

/* run says 0 when all went well, and <0 when it noticed that something did not. It must say <0
 * whenever an allocation failed, and 0 in the last round, where none did. Returns the rounds with a
 * failure: at least one, or the case allocates nothing and proves nothing. */
static inline unsigned long torture(int (*run)(void *arg), void *arg)
{
	for (unsigned long n = 1;; n++) {
		torture_hit = false;
		torture_left = n;
		int rc = run(arg);
		torture_left = 0;
		if (!torture_hit) {
			assert_int_equal(rc, 0);
			assert_true(n > 1);
			return n - 1;
		}
		assert_true(rc < 0);
	}
}
