#include "report/package.h"

void report_package_put(struct json_out *w, const struct pkg *p, struct bytes layer,
			struct bytes purl)
{
	json_put_string(w, "type", p->type);
	json_put_text(w, "class", pkg_class_word((int)p->class));
	json_put_string(w, "name", p->name);
	json_put_string(w, "version", p->version);
	json_put_string(w, "arch", p->arch);
	json_put_string(w, "source_name", p->source_name);
	json_put_string(w, "source_version", p->source_version);
	json_put_string(w, "distro", p->distro);
	json_put_string_nonempty(w, "module", p->module);
	json_put_string_nonempty(w, "vendor", p->vendor);
	json_put_string_nonempty(w, "license", p->license);
	json_put_bool(w, "third_party", p->third_party);
	json_put_string(w, "path", p->path);
	json_put_string(w, "layer", layer);
	json_put_string(w, "purl", purl);
}
