/* library (mhd_): the HTTP library's functions that http/ calls. It brings a TLS library and some ten more, whose loading takes longer than scanning an image whose
 * layers are known, so it is loaded when a server opens. Private to http/. */
#pragma once
#include "base/err.h"

#include <microhttpd.h>

struct mhd_library {
	__typeof__(&MHD_start_daemon) start_daemon;
	__typeof__(&MHD_stop_daemon) stop_daemon;
	__typeof__(&MHD_add_connection) add_connection;
	__typeof__(&MHD_get_connection_info) get_connection_info;
	__typeof__(&MHD_get_connection_values_n) get_connection_values_n;
	__typeof__(&MHD_lookup_connection_value) lookup_connection_value;
	__typeof__(&MHD_get_reason_phrase_for) get_reason_phrase_for;
	__typeof__(&MHD_create_response_from_buffer) create_response_from_buffer;
	__typeof__(&MHD_create_response_from_callback) create_response_from_callback;
	__typeof__(&MHD_create_response_from_fd_at_offset64) create_response_from_fd_at_offset64;
	__typeof__(&MHD_add_response_header) add_response_header;
	__typeof__(&MHD_queue_response) queue_response;
	__typeof__(&MHD_destroy_response) destroy_response;
};

extern struct mhd_library mhd_lib; /* whole once mhd_load returned 0, never changed after */

/* Thread-safe. ERR_UNSUPPORTED says what is missing. */
int mhd_load(struct err *e);
