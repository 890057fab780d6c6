#include "defend/recommendation.h"

static const char *const image_steps[] = {
    "Open a registry below \"Unhealthy registries\", then a repository and an image.",
    "Go through its findings; they are sorted from high to low severity.",
    "Open a finding for its details and what to do.",
    "Rebuild the image with the versions that the remediation names.",
    "Push the new image and look at its findings.",
    "Delete the old image: while it can be pulled, its vulnerabilities are there.",
    NULL};

const struct recommendation recommendation_table[] = {
    {.key = "dbd0cb49-b563-45e7-9724-889e799fa648",
     .name = "Vulnerabilities in container registry images should be remediated",
     .description =
	 "Images of your registries are assessed for known vulnerabilities, and each image lists "
	 "its findings. Remediating them keeps containers that run from these images from being "
	 "attacked through what is publicly known.",
     .steps = image_steps,
     .severity = ADV_SEV_HIGH,
     .control = "Remediate vulnerabilities",
     .points = 6},
};
const size_t recommendation_count = sizeof recommendation_table / sizeof *recommendation_table;

const struct recommendation *recommendation_find(struct bytes key)
{
	for (size_t i = 0; i < recommendation_count; i++)
		if (bytes_eq_nocase(key, bytes_of(recommendation_table[i].key)))
			return &recommendation_table[i];
	return NULL;
}
