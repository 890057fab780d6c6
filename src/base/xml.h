/* xml: a pull reader over untrusted bytes. Spec: XML 1.0 (fifth edition), without a document type:
 * a document that has one is refused, so there are no entities but the five and character
 * references, and nothing is fetched. Bytes are UTF-8 whatever the declaration says; other
 * encodings are refused by their bytes. Namespaces: names are compared without their prefix.
 * Failure is sticky: after it every read yields nothing, and xml_finish says what was wrong and
 * where.
 *
 *   struct xml x; xml_init(&x, text, arena);
 *   if (xml_root(&x))
 *       while (xml_child(&x)) {
 *           if (xml_is(&x, "definition")) read_definition(&x);   // reads on with xml_child
 *           else xml_skip(&x);
 *       }
 *   return xml_finish(&x, e);
 *
 * A struct xml may be copied to come back to a place. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>

struct xml {
	struct bytes text;
	size_t off;
	struct arena *arena;	 /* for what had references, or was in pieces */
	struct bytes element;	 /* opened last, with its prefix */
	struct bytes attributes; /* its own text */
	struct bytes open[LIMIT_XML_DEPTH];
	unsigned depth;
	bool empty; /* the element opened last has no content: "<a/>" */
	bool failed;
	const char *why; /* literal, set on failure */
	size_t why_off;
	enum err_code code;
};

void xml_init(struct xml *x, struct bytes text, struct arena *arena);
/* Enter the root element; false on failure. */
bool xml_root(struct xml *x);
/* Enter the next child of the element that is open, whose content must have been read or skipped
 * before the next call; false at the end of the open one (it is left) or after failure. */
bool xml_child(struct xml *x);
/* Is the element entered last called so, whatever its prefix? */
bool xml_is(const struct xml *x, const char *name);
/* Of the element entered last, before its content is read; empty when it is absent. Borrows from
 * the text, or from the arena when it had references. */
struct bytes xml_attribute(struct xml *x, const char *name);
/* All text in the element entered last, its descendants' included, without blanks at the ends; the
 * element is left. Borrows likewise. */
struct bytes xml_content(struct xml *x);
/* Leave the element entered last. */
void xml_skip(struct xml *x);
bool xml_ok(const struct xml *x);
/* The caller is out of memory: xml_finish returns ERR_NOMEM. */
void xml_fail_memory(struct xml *x);
/* 0 when the whole text was one document, else ERR_FORMAT ("at byte 17: …"), ERR_TRUNCATED,
 * ERR_UNSUPPORTED (a document type), ERR_LIMIT (depth, attributes) or ERR_NOMEM. */
int xml_finish(struct xml *x, struct err *e);
