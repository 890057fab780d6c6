/* yaml_node: a small YAML document as a tree. Aliases, tags and second documents are
 * refused: nothing in it can grow. Inside exception only. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

#define YAML_DEPTH_MAX 32
#define YAML_NODES_MAX 200000U

enum yaml_node_kind { YAML_TEXT, YAML_LIST, YAML_MAP };
struct yaml_node {
	enum yaml_node_kind kind;
	struct bytes key;  /* of a member of a map */
	struct bytes text; /* of TEXT */
	unsigned line;
	struct yaml_node *child, *last, *next;
};
/* The document's root, or an empty TEXT where there is none; in a. ERR_FORMAT, ERR_LIMIT,
 * ERR_NOMEM. */
int yaml_node_read(struct bytes text, struct arena *a, struct yaml_node **ret, struct err *e);
/* The last member of that name, or NULL. */
const struct yaml_node *yaml_node_member(const struct yaml_node *map, const char *key);
