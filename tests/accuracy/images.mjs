// corpus/images: whole images, matched against the advisories beside them. Every finding that is expected, with its package, installed and fixed version, and no other.
import fs from 'node:fs';
import path from 'node:path';
import { plimsoll, tempDir } from '../e2e/lib.mjs';
import { at, code, judgement, list, table, tsv } from './rows.mjs';

// Go's versions with or without the 'v' are one; what several files of an image state is one.
const row = (...fields) => fields.map((f) => f.replace(/^v(?=\d)/, '')).join('\t');
const unique = (rows) => [...new Set(rows)];
const lacking = (a, b) => a.filter((r) => !b.includes(r));

function look(name) {
  const vdb = path.join(tempDir('vdb'), 'a.vdb');
  plimsoll(['vdb', 'build', '--quiet', '--out', vdb, `osv=${at('images', `${name}.osv`)}`]);
  const scan = JSON.parse(plimsoll(['scan', '--vdb', vdb, '--declared', '--format', 'json', '--input', at('images', `${name}.tar`)], { check: false }).stdout);
  const want = tsv(at('images', `${name}.expected.tsv`));
  const have = scan.findings.flatMap((f) => f.matches.flatMap((m) => (f.cves.length ? f.cves : [f.advisory]).map((cve) => ({ row: row(m.package, m.installed_version, cve, m.fixed_version), severity: f.severity }))));
  const rows = unique(want.map((f) => row(f[0], f[1], f[2], f[3]))), ours = unique(have.map((h) => h.row));
  const missing = lacking(rows, ours), extra = lacking(ours, rows);
  const severe = new Map(have.map((h) => [h.row, h.severity]));
  const severity = want.filter((f) => severe.get(row(f[0], f[1], f[2], f[3]))?.toUpperCase() === f[4]).length;
  return { name, want: rows.length, missing, extra, severity, packages: scan.coverage.packages, inventory: inventory(name) };
}

/** The packages that are expected of an image, where its list is here; undefined where it is not. */
function inventory(name) {
  const file = at('images', `${name}.packages.tsv`);
  if (!fs.existsSync(file)) return undefined;
  const have = unique(JSON.parse(plimsoll(['inventory', '--format', 'json', '--input', at('images', `${name}.tar`)]).stdout).packages.map((p) => row(p.name, p.version)));
  const want = unique(tsv(file).map((f) => row(f[0], f[1])));
  return { want: want.length, missing: lacking(want, have), extra: lacking(have, want) };
}

export function images() {
  const cases = list('images').filter((f) => f.endsWith('.expected.tsv')).map((f) => look(f.slice(0, -'.expected.tsv'.length)));
  let open = 0;
  const differ = [];
  const judge = (what, name, lists) => {
    const n = lists.missing.length + lists.extra.length;
    if (n === 0) return 'equal';
    const j = judgement(what, name, `${lists.missing.length}/${lists.extra.length}`);
    open += !j;
    const some = [...lists.missing.map((r) => `-${r}`), ...lists.extra.map((r) => `+${r}`)].slice(0, 4).map((r) => r.replaceAll('\t', ' '));
    differ.push([code(name), what.replace('image-', ''), lists.missing.length, lists.extra.length, some.join(', '), j?.who ?? '**not judged**', j?.why ?? '']);
    return j ? 'judged' : 'not judged';
  };
  const lines = cases.map((c) => [code(c.name), c.packages, c.inventory ? judge('image-packages', c.name, c.inventory) : '', c.want, judge('image-findings', c.name, c), c.severity]);
  return { open, text: `## Images

Findings are compared by package, installed version, CVE and fixed version. The severity word is that project's choice of vendor and is only counted.

${table(['image', '#packages', 'list', '#findings expected', 'findings', '#same severity'], lines)}${differ.length ? `\n${table(['image', 'what', '#missing', '#extra', 'some', 'right is', 'why'], differ)}` : ''}` };
}
