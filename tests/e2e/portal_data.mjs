// What the portal's test and its pictures show: a few repositories with images of several states, made here.
import fs from 'node:fs';
import path from 'node:path';
import { Server, debianRelease, dpkgStatus, makeLayout, osvRecord, plimsoll, pushLayout, run, tempDir } from './lib.mjs';

const debian = (name, fixed) => [{ ecosystem: 'Debian:12', name, ...(fixed ? { fixed } : {}) }];
const known = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', local = 'CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:N/A:N';
const vulnerable = [
  ['curl', '7.88.1-10', '7.88.1-10+deb12u4', 'CRITICAL', known], ['expat', '2.5.0-1', '2.5.0-1+deb12u1', 'CRITICAL', known], ['libwebp', '1.2.4-0.2', '1.2.4-0.2+deb12u1', 'HIGH', known],
  ['nghttp2', '1.52.0-1', '1.52.0-1+deb12u1', 'HIGH', known], ['glibc', '2.36-9', '2.36-9+deb12u3', 'HIGH', known], ['zlib', '1:1.2.13.dfsg-1', undefined, 'MEDIUM', local], ['openssl', '3.0.9-1', '3.0.11-1~deb12u2', 'MEDIUM', local],
  ['tar', '1.34+dfsg-1.2', undefined, 'LOW', local], ['apt', '2.6.1', undefined, undefined, undefined],
];

export function makeDatabase() {
  const dir = tempDir('osv');
  const records = vulnerable.flatMap(([name, , fixed, severity, cvss], i) => [1, 2].map((n) => osvRecord(`CVE-2026-${1000 + 10 * i + n}`, debian(name, fixed), { severity, cvss })));
  for (const r of records) {
    r.details = `A crafted input makes ${r.affected[0].package.name} read past the end of its buffer, which can end the program or show memory of it.`;
    r.references = [{ type: 'ADVISORY', url: `https://advisories.example/${r.id}` }];
    fs.writeFileSync(path.join(dir, `${r.id}.json`), JSON.stringify(r));
  }
  const kev = path.join(dir, 'kev.json'), epss = path.join(dir, 'epss.csv');
  fs.writeFileSync(kev, JSON.stringify({ title: 'Catalogue', catalogVersion: '2026.01.01', dateReleased: '2026-01-01T10:00:00.000Z', count: 1, vulnerabilities: [{ cveID: 'CVE-2026-1021', vendorProject: 'x', product: 'libwebp', vulnerabilityName: 'x', dateAdded: '2026-01-01',
    shortDescription: 'x', requiredAction: 'Update.', dueDate: '2026-01-22', knownRansomwareCampaignUse: 'Known', notes: '', cwes: [] }] }));
  fs.writeFileSync(epss, `#model_version:v2026.01.01,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1001,0.262,0.96\nCVE-2026-1021,0.941,0.99\nCVE-2026-1041,0.0042,0.51\n`);
  const out = path.join(tempDir('vdb'), 'portal.vdb'), osv = tempDir('records');
  for (const r of records) fs.copyFileSync(path.join(dir, `${r.id}.json`), path.join(osv, `${r.id}.json`));
  plimsoll(['vdb', 'build', '--out', out, `osv=${osv}`, `kev=${kev}`, `epss=${epss}`]);
  return out;
}

const status = (rows) => dpkgStatus(rows.map(([name, version]) => ({ name, version })));
export const images = {
  shop: makeLayout([[debianRelease(), status(vulnerable)], [{ path: 'srv/app', content: 'shop' }]], { tag: '2.14.1' }),
  fixed: makeLayout([[debianRelease(), status(vulnerable.map(([name, , fixed]) => [name, fixed]).filter(([, version]) => version))]], { tag: '2.14.2' }),
  small: makeLayout([[debianRelease(), status([['zlib', '1:1.2.13.dfsg-1'], ['tar', '1.34+dfsg-1.2']])]], { tag: 'latest' }),
  odd: makeLayout([[{ path: 'srv/program', content: 'no package database' }]], { tag: 'v1' }),
};
const places = [['shop/checkout', 'shop'], ['shop/search', 'fixed'], ['batch', 'small'], ['tools/static', 'odd']];

/** An image of many packages, for a long list. */
export const many = (count) => makeLayout([[debianRelease(), dpkgStatus(Array.from({ length: count }, (_, i) => ({ name: `library-${i}`, version: '1.0', source: 'zlib', sourceVersion: '1:1.2.13.dfsg-1' })))]], { tag: 'many' });

export async function startServer() { return new Server({ args: ['--vdb', makeDatabase()] }).start(); }
export async function pushAll(server) {
  for (const [repository, image] of places) await pushLayout(server, repository, images[image]);
  for (const [repository, image] of places) await server.scanned(repository, images[image].digest);
}
/** As a person does: with a real client. */
export function pushWithSkopeo(server, repository, layout) {
  run('skopeo', ['copy', '--dest-tls-verify=false', '--dest-creds', `admin:${server.password}`, `oci:${layout.dir}:${layout.tag}`, `docker://${server.host}/${repository}:${layout.tag}`]);
}
export const KEY = 'dbd0cb49-b563-45e7-9724-889e799fa648';
/** Names of pages that portal_defender.test.mjs is about. */
export const ofDefender = ['recommendations', 'recommendations-flat', 'recommendation', 'definition', 'exempt', 'exceptions', 'inventory', 'inventory-found', 'plan', 'compare', 'overview', 'cve', 'cve-none'];
/** Addresses of every page, once the images are there. */
export const pages = () => {
  const image = `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;
  return {
    overview: 'overview', recommendations: 'recommendations', 'recommendations-flat': 'recommendations?tab=all&group=none', recommendation: `recommendations/${KEY}`, definition: `recommendations/${KEY}?pane=definition`, exempt: `recommendations/${KEY}?pane=exempt&registry=local`, exceptions: 'exceptions', inventory: 'inventory', 'inventory-found': 'inventory?q=openssl+<+3.0.10', plan: 'plan?registry=local', compare: `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}/compare/${images.fixed.digest}`,
    findings: 'findings', registries: 'registries', registry: 'registries/local', repository: 'registries/local/repositories/shop%2Fcheckout', image, packages: `${image}?tab=packages`, layers: `${image}?tab=layers`,
    'image-scans': `${image}?tab=scans`, unverified: `registries/local/repositories/tools%2Fstatic/images/${images.odd.digest}`, healthy: `registries/local/repositories/shop%2Fsearch/images/${images.fixed.digest}`,
    cve: 'cve/CVE-2026-1051', 'cve-none': 'cve/CVE-2026-9999', scans: 'scans', access: 'access', users: 'access?tab=users', tokens: 'access?tab=tokens', settings: 'settings', audit: 'audit', start: 'start', 'no-match': 'findings?package=nothing&severity=Low', missing: 'registries/none',
  };
};
