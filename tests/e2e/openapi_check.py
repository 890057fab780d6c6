#!/usr/bin/env python3
"""Hold an OpenAPI 3.1 document against the specification, and recorded exchanges against the document.

Usage: openapi_check.py < [{"document": …, "exchanges": [{method, target, status, headers, body, sent, sent_type}, …]}, …]
A case without a document is about that of the case before it, which is not looked at again.
Prints [{"failures": [text, …], "seen": {operationId: {status: count}}}, …], one for each. Schemas are validated by python3-jsonschema (JSON Schema 2020-12); what
an OpenAPI document must look like is written here from the specification's tables of fields (OAS 3.1.0, section 4.8).
"""
import functools
import json
import re
import sys
import urllib.parse
import warnings
from datetime import datetime

warnings.simplefilter("ignore")
from jsonschema import Draft202012Validator, FormatChecker, RefResolver  # noqa: E402
from jsonschema.exceptions import SchemaError  # noqa: E402

failures = []
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# The fields that OAS 3.1.0 gives each object: name -> (required, allowed). "x-…" is always allowed.
SHAPES = {
    "openapi": ("openapi info", "openapi info jsonSchemaDialect servers paths webhooks components security tags externalDocs"),
    "info": ("title version", "title summary description termsOfService contact license version"),
    "license": ("name", "name identifier url"),
    "server": ("url", "url description variables"),
    "tag": ("name", "name description externalDocs"),
    "components": ("", "schemas responses parameters examples requestBodies headers securitySchemes links callbacks pathItems"),
    "path item": ("", "$ref summary description servers parameters " + " ".join(METHODS)),
    "operation": ("", "tags summary description externalDocs operationId parameters requestBody responses callbacks deprecated security servers"),
    "parameter": ("name in", "name in description required deprecated allowEmptyValue style explode allowReserved schema example examples content"),
    "header": ("", "description required deprecated style explode schema example examples content"),
    "request body": ("content", "description content required"),
    "media type": ("", "schema example examples encoding"),
    "response": ("description", "description headers content links"),
    "security scheme": ("type", "type description name in scheme bearerFormat flows openIdConnectUrl"),
}
formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def is_date_time(text):
    """RFC 3339 with a zone."""
    if not isinstance(text, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", text):
        return False
    datetime.fromisoformat(text.replace("Z", "+00:00"))
    return True


def fail(text):
    failures.append(text)


@functools.lru_cache(maxsize=None)
def schema_error(text):
    """What is wrong with a schema; None: nothing. Most schemas occur many times."""
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as wrong:
        return wrong.message
    return None


def shape(kind, value, where):
    """The object has the fields that it must have and no others."""
    required, allowed = (set(words.split()) for words in SHAPES[kind])
    if not isinstance(value, dict):
        return fail(f"{where}: a {kind} must be an object")
    for key in required - value.keys():
        fail(f"{where}: a {kind} without {key}")
    for key in value.keys() - allowed:
        if not key.startswith("x-"):
            fail(f"{where}: a {kind} has no field {key}")


class Document:
    def __init__(self, document):
        self.root = document
        self.resolver = RefResolver("", document)
        self.used = set()

    def resolve(self, value, where):
        while isinstance(value, dict) and "$ref" in value and len(value) >= 1:
            self.used.add(value["$ref"])
            try:
                value = self.resolver.resolve(value["$ref"])[1]
            except Exception as why:  # any reference that leads nowhere
                fail(f"{where}: {value['$ref']}: {why}")
                return {}
        return value

    def errors(self, schema, value):
        validator = Draft202012Validator(schema, resolver=self.resolver, format_checker=formats)
        return [f"{'/'.join(map(str, e.absolute_path)) or '.'}: {e.message}" for e in validator.iter_errors(value)]

    # ---- the document itself ----

    def check(self):
        root = self.root
        shape("openapi", root, "document")
        if not re.fullmatch(r"3\.1\.\d+", root.get("openapi", "")):
            fail("openapi: not 3.1")
        shape("info", root.get("info"), "info")
        license_ = root["info"].get("license", {})
        shape("license", license_, "info.license")
        if "identifier" in license_ and "url" in license_:
            fail("info.license: identifier and url exclude each other")
        for server in root.get("servers", []):
            shape("server", server, "servers")
        for tag in root.get("tags", []):
            shape("tag", tag, "tags")
        tags = [t["name"] for t in root.get("tags", [])]
        if len(set(tags)) != len(tags):
            fail("tags: a name twice")
        shape("components", root.get("components", {}), "components")
        self.check_paths(tags)
        self.check_components()

    def check_paths(self, tags):
        ids, bare, used_tags = set(), set(), set()
        for path, item in self.root["paths"].items():
            if not path.startswith("/"):
                fail(f"{path}: a path begins with /")
            form = re.sub(r"\{[^}]*\}", "{}", path)
            if form in bare:
                fail(f"{path}: the same as another path")
            bare.add(form)
            shape("path item", item, path)
            for method, operation in item.items():
                if method not in METHODS:
                    continue
                where = f"{method} {path}"
                shape("operation", operation, where)
                name = operation.get("operationId")
                if not name or name in ids:
                    fail(f"{where}: operationId {name} missing or twice")
                ids.add(name)
                used_tags |= set(operation.get("tags", []))
                for tag in operation.get("tags", []):
                    if tag not in tags:
                        fail(f"{where}: tag {tag} is not described")
                if not operation.get("summary"):
                    fail(f"{where}: no summary")
                self.check_security(operation.get("security", self.root.get("security", [])), where)
                self.check_parameters(path, operation, where)
                self.check_request(operation, where)
                self.check_responses(operation, where)
        for tag in set(tags) - used_tags:
            fail(f"tags: {tag} is used by nothing")

    def check_security(self, security, where):
        schemes = self.root["components"].get("securitySchemes", {})
        for requirement in security:
            for name in requirement:
                if name not in schemes:
                    fail(f"{where}: security scheme {name} is not there")

    def check_parameters(self, path, operation, where):
        seen = set()
        for p in operation.get("parameters", []):
            shape("parameter", p, where)
            key = (p.get("name"), p.get("in"))
            if key in seen:
                fail(f"{where}: parameter {key} twice")
            seen.add(key)
            if p.get("in") not in ("query", "path", "header", "cookie"):
                fail(f"{where}: {key}: in")
            if p.get("in") == "path" and p.get("required") is not True:
                fail(f"{where}: {key}: of a path and not required")
            if p.get("in") == "header" and p["name"].lower() in ("accept", "content-type", "authorization"):
                fail(f"{where}: {key}: such a header is no parameter")
            if ("schema" in p) == ("content" in p):
                fail(f"{where}: {key}: one of schema and content")
            if not p.get("description"):
                fail(f"{where}: {key}: no description")
            self.check_schema(p.get("schema", {}), f"{where} {key}")
        wanted = re.findall(r"\{([^}]*)\}", path)
        if sorted(n for n, i in seen if i == "path") != sorted(wanted):
            fail(f"{where}: path parameters {sorted(n for n, i in seen if i == 'path')}, the path has {wanted}")

    def check_content(self, content, where):
        for kind, media in content.items():
            if not re.fullmatch(r"[\w.+*-]+/[\w.+*-]+(; ?[\w-]+=[\w.-]+)*", kind):
                fail(f"{where}: {kind} is no media type")
            shape("media type", media, where)
            if "schema" in media:
                self.check_schema(media["schema"], where)
                for wrong in self.errors(media["schema"], media["example"]) if "example" in media else []:
                    fail(f"{where}: example: {wrong}")

    def check_request(self, operation, where):
        if "requestBody" in operation:
            body = self.resolve(operation["requestBody"], where)
            shape("request body", body, where)
            self.check_content(body.get("content", {}), f"{where} request")

    def check_responses(self, operation, where):
        responses = operation.get("responses", {})
        if not any(re.fullmatch("[123]..", s) for s in responses):
            fail(f"{where}: no response but errors")
        for status, response in responses.items():
            here = f"{where} {status}"
            if not re.fullmatch(r"[1-5](\d\d|XX)|default", status):
                fail(f"{here}: no status")
            self.check_response(self.resolve(response, here), here)

    def check_response(self, response, where):
        shape("response", response, where)
        for name, header in response.get("headers", {}).items():
            shape("header", header, f"{where} {name}")
            self.check_schema(header.get("schema", {}), f"{where} {name}")
        self.check_content(response.get("content", {}), where)

    def check_components(self):
        components = self.root["components"]
        for kind, all_ in components.items():
            for name in all_:
                if not re.fullmatch(r"[a-zA-Z0-9._-]+", name):
                    fail(f"components.{kind}: {name} is no name")
        for name, scheme in components.get("securitySchemes", {}).items():
            shape("security scheme", scheme, name)
            if scheme.get("type") == "http" and "scheme" not in scheme:
                fail(f"{name}: http without scheme")
        for name, schema in components.get("schemas", {}).items():
            self.check_schema(schema, f"schema {name}")
        for name, response in components.get("responses", {}).items():
            self.check_response(response, f"response {name}")

    def check_schema(self, schema, where):
        wrong = schema_error(json.dumps(schema, sort_keys=True))
        if wrong:
            return fail(f"{where}: {wrong}")
        self.walk(schema, where)

    def walk(self, schema, where):
        """References lead somewhere, objects are closed, examples are what they are examples of."""
        if "$ref" in schema:
            self.resolve(schema, where)
        if "properties" in schema and schema.get("additionalProperties", True) is not False:
            fail(f"{where}: an object that takes any property")
        for key in schema.get("required", []):
            if key not in schema.get("properties", {}):
                fail(f"{where}: requires {key}, which it does not have")
        for example in schema.get("examples", []):
            for wrong in self.errors({k: v for k, v in schema.items() if k != "examples"}, example):
                fail(f"{where}: example: {wrong}")
        for name, inner in schema.get("properties", {}).items():
            self.walk(inner, f"{where}.{name}")
            if "description" not in inner and "$ref" not in inner and name != "items":
                fail(f"{where}.{name}: no description")
        if isinstance(schema.get("items"), dict):
            self.walk(schema["items"], f"{where}[]")

    # ---- what was exchanged ----

    def templates(self):
        """(regular expression, path), those with the most fixed letters first."""
        rows = []
        for path in self.root["paths"]:
            parts = re.split(r"(\{[^}]*\})", path)
            many = ("{repository}", "{name}")
            text = "".join("(.+)" if p in many else "([^/]+)" if p.startswith("{") else re.escape(p) for p in parts)
            rows.append((sum(len(p) for p in parts if not p.startswith("{")), re.compile(text), path))
        return [(r, p) for _, r, p in sorted(rows, key=lambda row: -row[0])]


def media_of(headers):
    return headers.get("content-type", "").split(";")[0].strip().lower()


def check_body(document, content, exchange, where):
    body, kind = exchange["body"], media_of(exchange["headers"])
    if exchange["method"] == "HEAD":
        if body:
            fail(f"{where}: HEAD with a body")
        return
    if not content:
        if body:
            fail(f"{where}: a body where none is described: {body[:200]}")
        return
    known = {k.split(";")[0].lower(): v for k, v in content.items()}
    media = known.get(kind, known.get("*/*"))
    if media is None:
        return fail(f"{where}: type {kind or 'none'}, described are {list(content)}")
    if "schema" not in media or body is None:
        return
    try:
        value = json.loads(body)
    except ValueError as why:
        return fail(f"{where}: {why}: {body[:200]}")
    for wrong in document.errors(media["schema"], value):
        fail(f"{where}: {wrong}")


def as_described(word, schema):
    """The word as the schema writes it: those of a query are taken in any case."""
    return next((w for w in schema.get("enum", []) if w.lower() == word.lower()), word)


def check_query(document, operation, exchange, where):
    """What was taken is what is described."""
    known = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "query"}
    for name, text in urllib.parse.parse_qsl(urllib.parse.urlsplit(exchange["target"]).query, keep_blank_values=True):
        if name not in known:
            fail(f"{where}: took the parameter {name}, which is not described")
            continue
        schema = known[name]["schema"]
        value = text
        if schema.get("type") == "integer" and re.fullmatch(r"\d+", text):
            value = int(text)
        elif schema.get("type") == "number":
            value = float(text)
        elif schema.get("type") == "boolean":
            value = {"true": True, "false": False}.get(text, text)
        elif schema.get("type") == "array":
            numbers = schema["items"].get("type") == "integer"
            value = [int(word) if numbers and word.isdigit() else as_described(word, schema["items"]) for word in text.split(",")]
        else:
            value = as_described(text, schema)
        for wrong in document.errors(schema, value):
            fail(f"{where}: took {name}={text}: {wrong}")
    given = {n for n, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(exchange["target"]).query, keep_blank_values=True)}
    for name, p in known.items():
        if p.get("required") and name not in given:
            fail(f"{where}: went without {name}, which is required")


def check_sent(document, operation, exchange, where):
    if "requestBody" not in operation:
        return
    content = operation["requestBody"]["content"]
    media = content.get((exchange.get("sent_type") or "application/json").split(";")[0]) or content.get("*/*")
    if media is None or "schema" not in media or not exchange.get("sent"):
        return
    if exchange.get("sent_type", "").startswith("application/x-www-form-urlencoded"):
        value = dict(urllib.parse.parse_qsl(exchange["sent"]))
    else:
        value = json.loads(exchange["sent"])
    for wrong in document.errors(media["schema"], value):
        fail(f"{where}: took a body that is not described: {wrong}")


def check_error_outside(document, exchange, where):
    """No such path or method: an error in the form of its neighbours."""
    oci = exchange["target"].startswith("/v2")
    name = "OciErrors" if oci else "Problem"
    content = {"application/json" if oci else "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
    check_body(document, content, exchange, where)


def check_exchange(document, templates, exchange, seen):
    target, method, status = exchange["target"], exchange["method"], exchange["status"]
    where = f"{method} {target} {status}"
    path = urllib.parse.unquote(urllib.parse.urlsplit(target).path)
    item = next((document.root["paths"][p] for r, p in templates if r.fullmatch(path)), None)
    operation = item and (item.get(method.lower()) or (item.get("get") if method == "HEAD" else None))
    if not operation:
        want = 404 if not item else 204 if method == "OPTIONS" else 405
        if status not in (want, 400, 404):
            return fail(f"{where}: nothing of the kind is described")
        if status in (204, 405) and not exchange["headers"].get("allow"):
            fail(f"{where}: no Allow")
        return status == 204 or check_error_outside(document, exchange, where)
    counts = seen.setdefault(operation["operationId"], {})
    counts[status] = counts.get(status, 0) + 1
    response = operation["responses"].get(str(status))
    if response is None and status >= 500:
        response = operation["responses"].get("default")
    if response is None:
        return fail(f"{where}: {operation['operationId']} describes no {status}")
    response = document.resolve(response, where)
    for name, header in response.get("headers", {}).items():
        value = exchange["headers"].get(name.lower())
        if value is None and header.get("required"):
            fail(f"{where}: no {name}")
        for wrong in document.errors(header["schema"], value) if value is not None else []:
            fail(f"{where}: {name}: {wrong}")
    check_body(document, response.get("content"), exchange, where)
    if 200 <= status < 300 and target.startswith("/api/"):
        check_query(document, operation, exchange, where)
        check_sent(document, operation, exchange, where)
    return None


def main():
    results = []
    for case in json.load(sys.stdin):
        failures.clear()
        if "document" in case:
            document = Document(case["document"])
            document.check()
            templates = document.templates()
        seen = {}
        for exchange in case.get("exchanges", []):
            check_exchange(document, templates, exchange, seen)
        for event in case.get("events", []):
            for wrong in document.errors({"$ref": "#/components/schemas/Event"}, event):
                fail(f"event {event}: {wrong}")
        results.append({"failures": list(failures), "seen": seen})
    json.dump(results, sys.stdout)


main()
