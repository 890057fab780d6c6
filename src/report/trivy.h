/* trivy (trivy_): what the files of that format share. Inside report only. */
#pragma once
#include "report/report.h"

const char *trivy_severity(enum adv_severity s);
void trivy_put_layer(struct json_out *w, const struct report *r, struct bytes digest);
/* The results of content checks: secrets of the class "secret", all else as misconfigurations. */
void trivy_put_contents(struct json_out *w, const struct report *r);
