#include "defend/recommendation.h"

static const char *const image_steps[] = {
    "Open a registry below \"Unhealthy registries\", then a repository and an image.",
    "Go through its findings; they are sorted from high to low severity.",
    "Open a finding for its details and what to do.",
    "Rebuild the image with the versions that the remediation names.",
    "Push the new image and look at its findings.",
    "Delete the old image: while it can be pulled, its vulnerabilities are there.",
    NULL};

static const char *const release_steps[] = {
    "Look up which images are of the release, and until when it got fixes.",
    "Build them on a release that gets fixes, and test them there.",
    "Push the new images and delete the old ones.", NULL};
static const char *const root_steps[] = {
    "Make a user in the Dockerfile, give it the files that the program writes, and name it: USER "
    "10001.",
    "Where a program needs a port below 1024, let it listen on a higher one.",
    "Push the new image and delete the old one.", NULL};
static const char *const base_steps[] = {
    "Push or import the image that it is built on (plimsoll import): it is recognised by its "
    "layers, and the plan says what a newer one clears.",
    "Build images that were squashed into one layer from their Dockerfile, so that their base is "
    "kept.",
    NULL};
static const char *const push_steps[] = {
    "Give each pipeline a robot with the role AcrPush in its repositories.",
    "Switch pushes without an account off.",
    "Look in the audit of pushes for what came without an account.", NULL};
static const char *const secret_steps[] = {
    "Open the findings of the category Secrets: each names the file, the line and the layer.",
    "Revoke each secret and issue a new one: who could pull the image may have it.",
    "Build the image without it, by a build secret or when the container starts.",
    "Delete the old image: a file that a later layer removes can be pulled all the same.", NULL};

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
    {.key = "bbce726f-4112-43f8-873b-80dde15643dc",
     .about = RECOMMENDATION_OF_END_OF_LIFE,
     .name = "Images should not run an end-of-life operating system",
     .description =
	 "A release past its end of life gets neither fixes nor advisories, so its images look "
	 "safer every year than they are. Affected are images whose distribution's support has "
	 "ended, extended support included.",
     .steps = release_steps,
     .severity = ADV_SEV_HIGH,
     .control = "Remediate vulnerabilities"},
    {.key = "e7ffd48e-1153-4973-b8a0-13c45733d093",
     .about = RECOMMENDATION_OF_SECRETS,
     .name = "Images should not contain secrets",
     .description =
	 "Anyone who can pull an image can read all that is in its layers and its config. "
	 "Affected are images with a finding of the category Secrets.",
     .steps = secret_steps,
     .severity = ADV_SEV_HIGH,
     .control = "Manage access"},
    {.key = "c8fa5b48-f096-4670-956f-661144ece1ac",
     .about = RECOMMENDATION_OF_ROOT,
     .name = "Images should not run as root",
     .description =
	 "A process running as root that escapes from its container is root on the host, unless "
	 "user namespaces map it. Affected are images whose config names no user, or root.",
     .steps = root_steps,
     .severity = ADV_SEV_LOW,
     .control = "Apply secure configuration"},
    {.key = "b2e7ae81-8ebe-493e-9571-63a71a222c35",
     .about = RECOMMENDATION_OF_BASE,
     .name = "Base images should be known",
     .description =
	 "Many of an image's findings come from the image it was built on, and a newer base "
	 "clears them at once. Affected are images of several layers whose base is not in a "
	 "registry of this server.",
     .steps = base_steps,
     .severity = ADV_SEV_LOW,
     .control = "Apply secure configuration"},
    {.key = "6b363b1b-a8f5-4fc1-a7b9-f496d2c48fea",
     .about = RECOMMENDATION_OF_PUSHES,
     .name = "Registries should not accept anonymous pushes",
     .description =
	 "What anyone can push, anyone can replace, and the next pull runs it. Affected are "
	 "registries that accept pushes without an account.",
     .steps = push_steps,
     .severity = ADV_SEV_HIGH,
     .control = "Manage access"},
};
const size_t recommendation_count = sizeof recommendation_table / sizeof *recommendation_table;

const struct recommendation *recommendation_find(struct bytes key)
{
	for (size_t i = 0; i < recommendation_count; i++)
		if (bytes_eq_nocase(key, bytes_of(recommendation_table[i].key)))
			return &recommendation_table[i];
	return NULL;
}
