// corpus/matchers: bills of materials that another scanner wrote, in every form it has, read by ours; and the findings it has for those whose advisories are here.
import fs from 'node:fs';
import path from 'node:path';
import { plimsoll, tempDir } from '../e2e/lib.mjs';
import { at, code, judgement, list, table, tsv } from './rows.mjs';

const folder = path.join('matchers', 'trivy-golden');
// Advisories and findings of images are beside them; bills of the same image are called after it.
const images = { 'centos-7': 'trivy-centos-7' };
const unique = (rows) => [...new Set(rows)].sort();
const lacking = (a, b) => a.filter((r) => !b.includes(r));
/** Type, name and version: what a package is, whatever else its URL says. */
const core = (purl) => decodeURIComponent(purl.replace(/[?#].*$/, '')).replace(/^pkg:(bitnami|pypi)\/.*$/, (m) => m.toLowerCase());
const versioned = (purls) => unique(purls.filter((p) => p && /[^/]@[^@]+$/.test(core(p))).map(core));

/** What form the document has, and the package URLs with a version in it; undefined: no bill. */
function bill(text) {
  if (/^SPDXVersion:/m.test(text)) return { form: 'SPDX tag-value', purls: [...text.matchAll(/^ExternalRef: PACKAGE[-_]MANAGER purl (\S+)/gm)].map((m) => m[1]) };
  let doc;
  try { doc = JSON.parse(text); } catch { return undefined; }
  if (doc.payloadType) {
    const inner = bill(JSON.stringify(JSON.parse(Buffer.from(doc.payload, 'base64').toString()).predicate));
    return inner && { ...inner, form: `${inner.form} in in-toto` };
  }
  if (doc.Data) return bill(JSON.stringify(doc.Data));
  const deep = (components) => (components ?? []).flatMap((c) => [c.purl, ...deep(c.components)]);
  if (doc.bomFormat) return { form: `CycloneDX ${doc.specVersion}`, purls: deep(doc.components) };
  if (doc.spdxVersion) return { form: `SPDX ${doc.spdxVersion.replace('SPDX-', '')}`, purls: (doc.packages ?? []).flatMap((p) => (p.externalRefs ?? []).filter((r) => r.referenceType === 'purl').map((r) => r.referenceLocator)) };
  return undefined;
}

function findings(file, image) {
  const vdb = path.join(tempDir('vdb'), 'a.vdb');
  plimsoll(['vdb', 'build', '--quiet', '--out', vdb, `osv=${at('images', `${image}.osv`)}`]);
  const said = plimsoll(['scan', `sbom:${file}`, '--vdb', vdb, '--format', 'json'], { check: false }).stdout;
  const scan = said ? JSON.parse(said) : { findings: [] };
  const have = unique(scan.findings.flatMap((f) => f.matches.flatMap((m) => f.cves.map((cve) => [m.package, m.installed_version, cve, m.fixed_version ?? ''].join(' ')))));
  const want = unique(tsv(at('images', `${image}.expected.tsv`)).map((f) => f.slice(0, 4).join(' ')));
  return { missing: lacking(want, have), extra: lacking(have, want), want: want.length };
}

export function matchers() {
  const files = [...list(folder).map((f) => path.join(folder, f)), ...list(path.join(folder, 'fixtures/sbom')).map((f) => path.join(folder, 'fixtures/sbom', f))];
  const differ = [], lines = [];
  let open = 0, others = 0;
  const judge = (name, what, { missing, extra }) => {
    if (missing.length + extra.length === 0) return 'equal';
    const j = judgement(`bill-${what}`, name, `${missing.length}/${extra.length}`);
    open += !j;
    const some = [...missing.map((r) => `-${r}`), ...extra.map((r) => `+${r}`)].slice(0, 4);
    differ.push([code(name), what, missing.length, extra.length, some.join(', '), j?.who ?? '**not judged**', j?.why ?? '']);
    return j ? 'judged' : 'not judged';
  };
  for (const f of files) {
    if (!fs.statSync(at(f)).isFile()) continue;
    const is = bill(fs.readFileSync(at(f), 'utf8'));
    others += !is;
    if (!is) continue;
    const name = path.basename(f), want = versioned(is.purls);
    const run = plimsoll(['inventory', '--format', 'json', `sbom:${at(f)}`], { check: false });
    const have = run.status === 0 ? versioned(JSON.parse(run.stdout).packages.map((p) => p.purl)) : [];
    const image = Object.keys(images).find((k) => name.startsWith(`${k}-`));
    const of = image && findings(at(f), images[image]);
    lines.push([code(name), is.form, want.length, judge(name, 'packages', { missing: lacking(want, have), extra: lacking(have, want) }), of ? of.want : '', of ? judge(name, 'findings', of) : '']);
  }
  return { open, text: `## Bills of another scanner

Bills of materials that Trivy wrote, or reads in its own tests: every package URL with a version, by type, name and version, and the findings where the advisories are here. Its reports of images are compared above ([Images](#images)); its ${others} other files are reports in forms that nothing is read
from, of images that are not here, or of configuration.

${table(['bill', 'form', '#packages', 'read', '#findings expected', 'findings'], lines)}${differ.length ? `\n${table(['bill', 'what', '#missing', '#extra', 'some', 'right is', 'why'], differ)}` : ''}` };
}
