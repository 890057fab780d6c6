/* sbom: bills of materials, in the forms that people have them: CycloneDX 1.2 to 1.7 (JSON), SPDX 2
 * (JSON, tag and value), SPDX 3 (JSON-LD), in-toto statements around them, and lists of package
 * URLs. Inside the worker only. docs/formats/sbom.md says what is read of each. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Reads a document and serialises what it says (inventory/bill.h). ERR_FORMAT, ERR_UNSUPPORTED
 * (XML, a version that is none of these), ERR_LIMIT, ERR_NOMEM. What is in it and not read is a
 * note. */
int sbom_read(struct bytes text, struct buf *out, struct err *e);
