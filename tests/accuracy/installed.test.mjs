// Images of real packages from the language registries: their findings are what the feeds hold for them, as an independent reading of the feeds says (expected.py);
// copies that a distribution packages have none, and the same files without its database have them. Skips, and says so, what cannot be fetched.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { debianRelease, hasShared, makeLayout, plimsoll, root, run, shared } from '../e2e/lib.mjs';
import { make } from './installed.mjs';
import { everything } from './severity.mjs';

const skip = !hasShared && '../shared is absent';
const feeds = path.join(shared, 'feeds');
const ecosystems = { npm: 'npm', pypi: 'PyPI', maven: 'Maven', golang: 'Go', cargo: 'crates.io', gem: 'RubyGems', composer: 'Packagist', nuget: 'NuGet' };
const layer = (folder) => packed('tar', ['--sort=name', '--owner=0', '--group=0', '-C', folder, '-cf', '-', '.']);
function packed(command, args) {
  const file = path.join(fs.mkdtempSync('/tmp/plimsoll-layer-'), 'layer.tar');
  run(command, args.map((a) => (a === '-' ? file : a)));
  const bytes = fs.readFileSync(file);
  fs.rmSync(path.dirname(file), { recursive: true });
  return bytes;
}
const image = (...folders) => makeLayout([[debianRelease()], ...folders.map(layer)]);
// The independent reading knows modules and versions alone: not which packages of a module a program has functions of.
const scan = (layout, options = ['--assume-linked']) => JSON.parse(plimsoll(['scan', '--vdb', everything(), '--format', 'json', ...options, '--input', layout.dir], { check: false }).stdout);
const inventory = (layout) => JSON.parse(plimsoll(['inventory', '--format', 'json', '--input', layout.dir]).stdout).packages;
/** How the ecosystem's own advisories write it. */
const plain = (ecosystem, name, version) => `${ecosystem}\t${ecosystem === 'PyPI' ? name.toLowerCase().replace(/[-_.]+/g, '-') : ecosystem === 'NuGet' ? name.toLowerCase() : name}\t${ecosystem === 'Go' ? version.replace(/^(v|go)/, '') : version}`;
const languages = (packages) => packages.filter((p) => ecosystems[p.type] && p.class !== 'declared').map((p) => plain(ecosystems[p.type], p.name, p.version));

/** What an independent reading finds, as {package: [[id, alias, …], …]}. */
function expected(packages) {
  const out = run('python3', [path.join(root, 'tests/accuracy/expected.py'), feeds], { input: packages.map((p) => `${p}\n`).join('') }).stdout.trimEnd().split('\n').filter(Boolean);
  const map = new Map();
  for (const line of out) {
    const [ecosystem, name, version, ids] = line.split('\t');
    const key = `${ecosystem}\t${name}\t${version}`;
    map.set(key, [...(map.get(key) ?? []), ids.split(',')]);
  }
  return map;
}

/** The findings of each package: {package: [[advisory, cve, …], …]}. */
function found(report) {
  const map = new Map();
  for (const f of report.findings)
    for (const m of f.matches) {
      const type = /^pkg:([^/]+)\//.exec(m.purl)?.[1];
      // What the Node.js working group alone lists is in a feed that expected.py does not read.
      if (!ecosystems[type] || f.advisory.startsWith('NSWG-')) continue;
      const key = plain(ecosystems[type], m.package, m.installed_version);
      map.set(key, [...(map.get(key) ?? []), [f.advisory, ...f.cves]]);
    }
  return map;
}

/** Every record has its finding and every finding its record; the expected ones. */
function agree(layout, report) {
  const packages = [...new Set(languages(inventory(layout)))], want = expected(packages), have = found(report);
  const meet = (a, b) => a.some((id) => b.includes(id));
  for (const p of packages) {
    const records = want.get(p) ?? [], findings = have.get(p) ?? [];
    assert.deepEqual(records.filter((r) => !findings.some((f) => meet(r, f))), [], `${p}: not found`);
    assert.deepEqual(findings.filter((f) => !records.some((r) => meet(f, r))), [], `${p}: found, and no record says so`);
  }
  return { packages, want };
}

for (const name of ['npm', 'pypi', 'maven', 'go', 'cargo', 'written'])
  test(`${name}: the findings that the feeds hold`, { skip }, (t) => {
    const made = make(name);
    if (made.left) return t.skip(made.left);
    const layout = image(made.root), { packages, want } = agree(layout, scan(layout));
    const asked = made.packages.map((p) => plain(p.ecosystem, p.name, p.version));
    for (const p of asked) assert.ok(packages.includes(p), `${p} is not in the inventory: ${packages.join('; ')}`);
    assert.ok(asked.filter((p) => want.has(p)).length > asked.length / 2, 'the feeds hold little, so this proves little');
    // By default fewer of a Go program, of Go's own records; nothing that is not among them, and the same of all others.
    const lines = (report) => report.findings.map((f) => `${f.id} ${f.package}`), all = lines(scan(layout)), linked = lines(scan(layout, []));
    assert.deepEqual(linked.filter((l) => !all.includes(l)), []);
    if (name === 'go') assert.ok(linked.length > 0 && linked.length < all.length, `${linked.length} of ${all.length}`);
    else assert.deepEqual(linked, all);
    return undefined;
  });

test('packaged by the distribution: no findings of languages; without its database the same files have them', { skip }, (t) => {
  const made = make('debian');
  if (made.left) return t.skip(made.left);
  const files = path.join(made.root, 'files'), database = path.join(made.root, 'database'), layout = image(files);
  assert.deepEqual([...found(scan(image(files, database))).keys()], []);
  const { want } = agree(layout, scan(layout));
  for (const name of ['RubyGems\track\t', 'Go\tstdlib\t', 'Maven\t']) assert.ok([...want.keys()].some((k) => k.startsWith(name)), `${name}: ${[...want.keys()].join('; ')}`);
  return undefined;
});
