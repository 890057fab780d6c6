#include "http/library.h"

#include "base/library.h"

#include <pthread.h>

#define FILE_NAME "libmicrohttpd.so.12" /* the ABI since 0.9.71, of 2020 */

struct mhd_library mhd_lib;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct err failed = ERR_INIT;
static int result;

static void load(void)
{
	const struct library_symbol symbols[] = {
	    {"MHD_start_daemon", &mhd_lib.start_daemon},
	    {"MHD_stop_daemon", &mhd_lib.stop_daemon},
	    {"MHD_add_connection", &mhd_lib.add_connection},
	    {"MHD_get_connection_info", &mhd_lib.get_connection_info},
	    {"MHD_get_connection_values_n", &mhd_lib.get_connection_values_n},
	    {"MHD_lookup_connection_value", &mhd_lib.lookup_connection_value},
	    {"MHD_get_reason_phrase_for", &mhd_lib.get_reason_phrase_for},
	    {"MHD_create_response_from_buffer", &mhd_lib.create_response_from_buffer},
	    {"MHD_create_response_from_callback", &mhd_lib.create_response_from_callback},
	    {"MHD_create_response_from_fd_at_offset64", &mhd_lib.create_response_from_fd_at_offset64},
	    {"MHD_add_response_header", &mhd_lib.add_response_header},
	    {"MHD_queue_response", &mhd_lib.queue_response},
	    {"MHD_destroy_response", &mhd_lib.destroy_response},
	};
	result = library_load(FILE_NAME, symbols, sizeof symbols / sizeof *symbols, &failed);
}

int mhd_load(struct err *e)
{
	(void)pthread_once(&once, load);
	return result < 0 ? err_set(e, ERR_UNSUPPORTED, "no library for serving: %s", failed.msg) : 0;
}
