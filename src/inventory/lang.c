/* Files of language packages that the image shows. They are no entries of the overlay: whether a
 * layer above took one away is asked of its marks, which may say so of a path that only hashes
 * alike. What a package of the distribution owns is that package's. */
#include "pkg/language.h"
#include "inventory/marks.h"
#include "inventory/merge.h"

static void count(struct inv_image *im, const char *kind, struct bytes path, bool more)
{
	struct inv_language *l = NULL;
	for (size_t i = 0; !l && i < im->language_count; i++)
		if (im->languages[i].kind == kind)
			l = &im->languages[i];
	if (!l && im->language_count == INV_LANGUAGES_MAX)
		return; /* there are fewer kinds */
	if (!l) {
		l = &im->languages[im->language_count++];
		*l = (struct inv_language){.kind = kind};
	}
	l->count++;
	l->more = l->more || more;
	if (l->example_count < sizeof l->examples / sizeof l->examples[0])
		l->examples[l->example_count++] = path;
}

int lang_find(struct merge *m, struct err *e)
{
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct lay *l = &m->layers[i];
		bool more = l->languages_seen > l->language_count, counted = false;
		for (size_t k = 0; k < l->language_count; k++) {
			struct bytes path = l->languages[k].path;
			bool hidden = false;
			int r = steps_check(&m->steps, e);
			if (r < 0)
				return r;
			for (size_t above = i + 1; !hidden && above < m->layer_count; above++)
				hidden = marks_hide(m->layers[above].marks, path, &m->steps.spent);
			steps_add(&m->steps, m->layer_count);
			if (!hidden && !owner_is_own(m, i, path)) {
				count(&m->image, language_name(l->languages[k].language), path,
				      more);
				counted = true;
			}
		}
		/* none of those that are recorded; of the others nothing is known */
		if (more && !counted)
			count(&m->image, language_name(l->languages[0].language),
			      l->languages[0].path, true);
	}
	return 0;
}
