/* markup: untrusted text in XML and HTML. */
#pragma once
#include "base/buf.h"

/* As character data or in a quoted attribute: & < > " ' are references; what is not UTF-8, is no
 * character of XML 1.0, or turns the direction of what is around it becomes U+FFFD. */
void markup_put(struct buf *out, struct bytes text);
