#!/usr/bin/env python3
"""Make of a folder a table and one piece of data to link: each file as it is and compressed. Usage: embed.py FOLDER TABLE.c DATA.S DEPENDENCIES"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8",
}
folder, table, assembly, dependencies = map(pathlib.Path, sys.argv[1:])
paths = sorted(p for p in folder.rglob("*") if p.is_file())
if not any(p.name == "index.html" for p in paths):
    sys.exit(f"{folder}: no index.html")
data, rows = bytearray(), []
for path in paths:
    plain = path.read_bytes()
    packed = gzip.compress(plain, 9, mtime=0)
    etag = hashlib.sha256(plain).hexdigest()[:16]
    at = len(data)
    data += plain + packed
    rows.append(f'    {{"{path.relative_to(folder).as_posix()}", "{TYPES[path.suffix]}", "{etag}", '
                f"{at}, {len(plain)}, {at + len(plain)}, {len(packed)}}},")
binary = assembly.with_suffix(".bin").absolute()
binary.write_bytes(data)
table.write_text('#include "portal/portal.h"\n\nconst struct portal_file portal_files[] = {\n' + "\n".join(rows) +
                 "\n};\nconst size_t portal_file_count = sizeof portal_files / sizeof *portal_files;\n")
# The digest makes the text another one when the data is another one.
assembly.write_text(f"/* {hashlib.sha256(data).hexdigest()} */\n"
                    '\t.section .rodata\n\t.globl portal_data\n\t.hidden portal_data\n\t.type portal_data, %object\n\t.balign 16\n'
                    f'portal_data:\n\t.incbin "{binary}"\n\t.size portal_data, . - portal_data\n\t.section .note.GNU-stack,"",%progbits\n')
made = f"{table} {assembly}"
inputs = [str(p) for p in paths] + [str(p) for p in {folder, *(q.parent for q in paths)}]
dependencies.write_text(f"{made}: " + " ".join(i.replace(" ", "\\ ") for i in inputs) + "\n")
