/* csaf: a CSAF document's products by their ids; shared by the two halves of the importer. */
#pragma once
#include "feed/draft.h"
#include "feed/index.h"
#include "base/json.h"

/* A branch's product, or a relationship's: part of another product. */
struct csaf_product {
	struct bytes id, name, cpe, purl;
	struct bytes part, whole; /* of a relationship: ids */
	/* what remediations say of it */
	struct bytes erratum;
	enum adv_status unfixed; /* UNKNOWN: nothing */
};

struct csaf_tree {
	struct csaf_product *v;
	uint32_t count;
	struct index ids;
	struct arena *a;
	bool no_memory;
};

/* A package as part of a product. */
struct csaf_package {
	struct bytes ecosystem, name, version, arch, module;
	bool is_source;	   /* the name is a source package's */
	bool is_component; /* a name alone, without purl and version */
};
enum csaf_find { CSAF_FOUND, CSAF_OTHER /* no package of a distribution */, CSAF_UNKNOWN };

/* "product_tree", as it is in the document. 0, <0. */
int csaf_tree_read(struct bytes text, struct arena *a, struct csaf_tree *ret, struct err *e);
struct csaf_product *csaf_product_find(const struct csaf_tree *t, struct bytes id);
/* What an id of product_status means. UNKNOWN: the tree does not say. */
enum csaf_find csaf_package_find(struct csaf_tree *t, struct bytes id, struct csaf_package *ret);
