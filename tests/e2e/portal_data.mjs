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

/** In no image of those below. */
const elsewhere = [['sudo', '1.9.13p3-1', '1.9.13p3-1+deb12u1', 'HIGH', known]];
/** An image of these packages, each as vulnerable as it is above. */
export const holding = (names, tag) => makeLayout([[debianRelease(), status([...vulnerable, ...elsewhere].filter(([name]) => names.includes(name)))]], { tag });

export function makeDatabase() {
  const dir = tempDir('osv');
  const records = [...vulnerable, ...elsewhere].flatMap(([name, , fixed, severity, cvss], i) => [1, 2].map((n) => osvRecord(`CVE-2026-${1000 + 10 * i + n}`, debian(name, fixed), { severity, cvss })));
  for (const r of records) {
    r.details = `A crafted input makes ${r.affected[0].package.name} read past the end of its buffer, which can end the program or show memory of it.`;
    r.database_specific = { ...r.database_specific, cwe_ids: ['CWE-125'] };
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
  shop: makeLayout([[debianRelease(), status(vulnerable)], [{ path: 'srv/app', content: 'shop' }]], { tag: '2.14.1', annotations: { 'org.opencontainers.image.revision': '9f2c41d7b0e6a1b2c3d4e5f60718293a4b5c6d7e' },
    config: { Labels: { 'org.opencontainers.image.source': 'https://git.example/shop/checkout', 'com.gitlab.ci.pipelineurl': 'https://git.example/shop/checkout/-/pipelines/712' } } }),
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
/** What else pages show: something to compare with, attached, exempt and disabled; a second subscription. */
export async function fill(server) {
  await pushAll(server);
  await pushLayout(server, 'shop/checkout', images.fixed);
  await server.scanned('shop/checkout', images.fixed.digest);
  const image = `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;
  const posts = [['subscriptions', { name: 'edge', title: 'Edge' }], ['subscriptions/edge/resource-groups', { name: 'field' }], ['subscriptions/edge/resource-groups/field/registries', { name: 'outpost' }],
    ['exemptions', { name: 'Behind a gateway', scope: '/subscriptions/edge', category: 'Mitigated', description: 'Reached through the gateway only', expires_at: '2100-01-01T00:00:00Z' }],
    ['rules', { name: 'apt is not run', scope: '/registries/local/repositories/shop/checkout', criteria: { package: ['apt'] }, justification: 'The image has no shell', ticket: 'OPS-12' }],
    [`${image}/referrers`, { format: 'cyclonedx' }], [`${image}/referrers`, { format: 'in-toto' }], ['users', { name: 'visitor', password: 'long enough, visitor' }]];
  for (const [target, body] of posts) {
    const r = await server.fetch(`/api/v1/${target}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    if (r.status !== 201) throw new Error(`${target}: ${r.status} ${await r.text()}`);
  }
  const authorization = `Basic ${Buffer.from('visitor:long enough, visitor').toString('base64')}`;
  const denied = await fetch(new URL('/api/v1/subscriptions/default/plan', server.url), { method: 'PUT', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify({ tier: 'Free' }) });
  if (denied.status !== 403) throw new Error(`a plan: ${denied.status}`);
}
/** Addresses of every page, once the server is filled. */
export async function pages(server) {
  const image = `registries/local/repositories/shop%2Fcheckout/images/${images.shop.digest}`;
  const kev = (await server.findings('shop/checkout', images.shop.digest)).find((f) => f.kev), [check] = (await server.json('/api/v1/checks')).items;
  return {
    overview: 'overview', recommendations: 'recommendations', 'recommendations-flat': 'recommendations?tab=all&group=none', 'recommendations-none': 'recommendations?severity=Low', recommendation: `recommendations/${KEY}`, definition: `recommendations/${KEY}?pane=definition`, exempt: `recommendations/${KEY}?pane=exempt&registry=local`, 'exempt-image': `${image}?pane=exempt&target=local:shop/checkout@${images.shop.digest}`,
    check: `recommendations/${KEY}?check=${check.id}`, 'checks-disabled': `recommendations/${KEY}?check-tab=disabled`, 'disable-rule': `recommendations/${KEY}?pane=rule&rule_scope=/subscriptions/default&rule_severity_below=Medium`, exceptions: 'exceptions', rules: 'exceptions?tab=rules',
    inventory: 'inventory', 'inventory-found': 'inventory?q=openssl+<+3.0.10', 'inventory-none': 'inventory?q=openssl+<+1', plan: 'plan?registry=local', compare: `registries/local/repositories/shop%2Fcheckout/images/${images.fixed.digest}/compare/${images.shop.digest}`, 'compare-pick': `${image}/compare`, 'compare-far': `${image}/compare/${images.small.digest}?from_registry=local&from_repository=batch`,
    findings: 'findings', 'findings-by-check': 'findings?group=cve', 'findings-by-package': 'findings?group=package', 'findings-by-fix': 'findings?group=fix', 'findings-by-image': 'findings?group=image', 'finding-everywhere': `findings?finding=${kev.id}&at=local:shop/checkout@${images.shop.digest}`, 'no-match': 'findings?package=nothing&severity=Low',
    images: 'images', 'images-none': 'images?search=nothing',
    registries: 'registries', 'registry-new': 'registries?pane=registry', registry: 'registries/local', 'registry-findings': 'registries/local?tab=findings', 'registry-empty': 'registries/outpost', import: 'registries/local?import=new', repository: 'registries/local/repositories/shop%2Fcheckout', 'repository-findings': 'registries/local/repositories/shop%2Fcheckout?tab=findings',
    image, finding: `${image}?finding=${kev.id}`, disabled: `${image}?tab=disabled`, packages: `${image}?tab=packages`, layers: `${image}?tab=layers`, 'image-scans': `${image}?tab=scans`, attached: `${image}?tab=referrers`, manifest: `${image}?tab=raw`, config: `${image}?tab=raw&raw=config`,
    unverified: `registries/local/repositories/tools%2Fstatic/images/${images.odd.digest}`, healthy: `registries/local/repositories/shop%2Fsearch/images/${images.fixed.digest}`,
    cve: 'cve/CVE-2026-1051', 'cve-none': 'cve/CVE-2026-9999', scans: 'scans', access: 'access', users: 'access?tab=users', tokens: 'access?tab=tokens', settings: 'settings', notifications: 'settings?tab=notifications', 'notification-new': 'settings?tab=notifications&notification=new', audit: 'audit', 'audit-images': 'audit?tab=images', 'audit-denials': 'audit?tab=denials', 'audit-entry': 'audit?entry=1', 'audit-none': 'audit?action=plan.change', start: 'start', missing: 'registries/none', 'no-page': 'nowhere/at/all',
  };
}
