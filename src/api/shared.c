/* Tables and words that several resources share. */
#include "api/doc.h"
#include "api/routes.h"

#include "base/num.h"
#include "ledger/counts.h"
#include "ledger/images.h"
#include "registry/registry.h"

const char *api_image_state_word(int i)
{
	return i >= IMAGE_PENDING && i <= IMAGE_UNVERIFIED
		   ? ledger_image_state_word((enum image_state)i)
		   : NULL;
}

const char *api_severity_word(int i)
{
	return i >= 0 && i <= ADV_SEV_CRITICAL ? adv_severity_word((enum adv_severity)i) : NULL;
}

const char *api_status_word(int i)
{
	return i >= 0 && i <= ADV_NOT_AFFECTED ? adv_status_word((enum adv_status)i) : NULL;
}

int api_registry_get(struct http_request *r, struct registry **ret, struct err *e)
{
	struct bytes name = http_param(r, "registry");
	*ret = registry_named(api_of(r)->registry, name);
	return *ret ? 0
		    : err_set(e, ERR_NOT_FOUND, "there is no registry \"%.*s\"", BYTES_ARG(name));
}

int api_bad_cursor(struct err *e)
{
	return err_set(e, ERR_FORMAT, "cursor: not from a reply of this list");
}

int api_number_cursor_read(struct bytes cursor, uint64_t *ret, struct err *e)
{
	if (cursor.len == 0)
		return 0;
	return num_u64(cursor, INT64_MAX, ret) && *ret > 0 ? 0 : api_bad_cursor(e);
}

int api_no_such(struct http_request *r, const char *what, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no %s \"%.*s\"", what,
		       BYTES_ARG(bytes_part(http_param(r, "id"), 0, 100)));
}

int api_id(struct http_request *r, const char *what, int64_t *ret, struct err *e)
{
	uint64_t id;
	if (!num_u64(http_param(r, "id"), INT64_MAX, &id))
		return api_no_such(r, what, e);
	*ret = (int64_t)id;
	return 0;
}

#define COUNT(severity, key, text)                                                                 \
	RECORD_FIELD(struct image_counts, by[severity], RECORD_UINT, key, text)
static const struct record_field count_fields[] = {
    COUNT(ADV_SEV_CRITICAL, "Critical", "Critical findings"),
    COUNT(ADV_SEV_HIGH, "High", "High ones"),
    COUNT(ADV_SEV_MEDIUM, "Medium", "Medium ones"),
    COUNT(ADV_SEV_LOW, "Low", "Low ones"),
    COUNT(ADV_SEV_NEGLIGIBLE, "Negligible", "Negligible findings"),
    COUNT(ADV_SEV_UNKNOWN, "Unknown", "Findings of unknown severity"),
};
const struct record_object api_counts = {
    .name = "Counts",
    .text = "Security checks by severity. One that hits three packages of an image counts once",
    RECORD_TABLE(count_fields)};

static const struct record_field problem_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "type", "Always `about:blank`: see the status"),
    RECORD_SHOWN(RECORD_TEXT, "title", "The status in words"),
    RECORD_SHOWN(RECORD_INT, "status", "The status", .min = 400, .max = 599),
    RECORD_SHOWN(RECORD_TEXT, "detail",
		 "What is wrong with this request; names the parameter or field"),
    RECORD_SHOWN(RECORD_TEXT, "code", "A word for programs"),
};
const struct record_object api_problem = {
    .name = "Problem", .text = "An error. RFC 9457", RECORD_TABLE(problem_fields)};

static const struct record_field oci_error_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "code", "The specification's code, such as `MANIFEST_UNKNOWN`"),
    RECORD_SHOWN(RECORD_TEXT, "message", "Description of the error"),
};
static const struct record_object oci_error = {.name = "OciError", RECORD_TABLE(oci_error_fields)};
static const struct record_field oci_errors_fields[] = {
    RECORD_SHOWN(RECORD_OBJECTS, "errors", "One or more", .of = &oci_error),
};
const struct record_object api_oci_errors = {
    .name = "OciErrors",
    .text = "An error in the format of the OCI distribution specification",
    RECORD_TABLE(oci_errors_fields)};

static const struct record_field created_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "Location", "Path of the new resource", .format = "uri-reference"),
};
const struct record_object api_created_headers = {RECORD_TABLE(created_fields)};

struct page_query {
	struct api_page page;
};
static const struct record_field page_fields[] = {API_PAGE_FIELDS(struct page_query, page)};
const struct record_object api_page_query = {RECORD_TABLE(page_fields)};
