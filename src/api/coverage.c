/* What is said of how far an image was assessed: made by a scan and kept as it is (scan/assess.c,
 * scan/attached.c). */
#include "api/doc.h"
#include "api/routes.h"

#include "scan/attached.h"

static const char *coverage_state(int i)
{
	static const char *const words[] = {"assessed", "partial", "nothing", NULL};
	return words[i];
}
static const struct record_field note_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "layer", "Digest of the layer it is about", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "path", "The file it is about", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "text", "What could not be read or assessed, and why"),
};
static const struct record_object note_object = {.name = "CoverageNote", RECORD_TABLE(note_fields)};
static const char *support_word(int i)
{
	static const char *const words[] = {"supported", "extended", "ended", NULL};
	return words[i];
}
static const struct record_field support_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "state",
		 "extended: standard support has ended, the vendor offers more",
		 .words = support_word),
    RECORD_SHOWN(RECORD_TEXT, "standard_end", "Last day of standard support", .format = "date"),
    RECORD_SHOWN(RECORD_TEXT, "extended", "The vendor's name for extended support",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "extended_end", "Its last day", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "source", "Source of these dates"),
    RECORD_SHOWN(RECORD_TEXT, "as_of", "When they were looked up", .flags = RECORD_OPTIONAL),
};
static const struct record_object support_object = {
    .name = "Support",
    .text = "Until when the distribution's release gets fixes",
    RECORD_TABLE(support_fields)};
static const struct record_field gap_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "reason", "Why"),
    RECORD_SHOWN(RECORD_UINT, "packages", "Number of packages", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_UINT, "files", "Number of files", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXTS, "examples", "Names or paths of some"),
};
static const struct record_object gap_object = {
    .name = "Gap", .text = "What was seen but not assessed", RECORD_TABLE(gap_fields)};
static const char *attached_state(int i)
{
	return i <= ATTACHED_UNREAD ? attached_state_word((enum attached_state)i) : NULL;
}
static const char *attached_signature(int i)
{
	return i <= ATTACHED_VERIFIED ? attached_signature_word((enum attached_signature)i) : NULL;
}
static const struct record_field attached_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "digest", "Digest of the manifest that holds it; absent: several",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "type", "Predicate, media or artifact type",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "state",
		 "applied: what it says disables findings; shown: it does not",
		 .words = attached_state),
    RECORD_SHOWN(RECORD_TEXT, "signature", "unverified: by none of the configured keys",
		 .flags = RECORD_OPTIONAL, .words = attached_signature),
    RECORD_SHOWN(RECORD_BOOL, "of_index", "It is attached to an index that the image is of",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_BOOL, "bill_of_materials", "It lists packages", .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_UINT, "statements", "Statements about vulnerabilities",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_UINT, "statements_of_other_images", "Those about other images",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_UINT, "declared_packages", "Its packages that the layers do not show",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_TEXT, "note", "Why it is not applied, or not read",
		 .flags = RECORD_OPTIONAL),
};
static const struct record_object attached_object = {
    .name = "AttachedDocument",
    .text = "VEX or a bill of materials that is attached to the image",
    RECORD_TABLE(attached_fields)};
static const struct record_field coverage_fields[] = {
    RECORD_SHOWN(RECORD_TEXT, "state", "How much could be assessed", .words = coverage_state),
    RECORD_SHOWN(RECORD_UINT, "packages", "Packages found"),
    RECORD_SHOWN(RECORD_UINT, "packages_assessed", "Packages that were assessed"),
    RECORD_SHOWN(RECORD_UINT, "packages_third_party", "Packages not built by the distribution"),
    RECORD_SHOWN(RECORD_TEXTS, "not_assessed", "What was found but not assessed"),
    RECORD_SHOWN(RECORD_OBJECTS, "gaps",
		 "Packages and files that were seen but not assessed, by reason",
		 .of = &gap_object),
    RECORD_SHOWN(RECORD_OBJECTS, "notes", "Other notes", .of = &note_object),
    RECORD_SHOWN(RECORD_TEXT, "support_end", "SUPPORT_END of the image's os-release",
		 .flags = RECORD_OPTIONAL),
    RECORD_SHOWN(RECORD_OBJECT, "support", "If known", .flags = RECORD_OPTIONAL,
		 .of = &support_object),
    RECORD_SHOWN(RECORD_OBJECTS, "attached", "Documents attached to the image that were read",
		 .flags = RECORD_OPTIONAL, .of = &attached_object),
};
const struct record_object api_coverage = {
    .name = "Coverage",
    .text = "Which parts of the image were assessed, which were not, and why",
    RECORD_TABLE(coverage_fields)};
