/* html (html_): what the HTML report's page is made of that is no text of the image. */
#pragma once
#include "base/bytes.h"

/* The page's own style and script, and their digests as its content security policy names them:
 * nothing else runs. */
extern const char html_style[], html_script[];
