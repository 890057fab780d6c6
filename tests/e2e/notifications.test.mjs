// Messages that the server sends: to a receiver of ours over HTTP, and to a mail server of a few lines.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, clock, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, plimsoll, pushBlob, pushLayout, sleep, tempDir } from './lib.mjs';

const secret = 'a key that both sides know';
const debian = (name, fixed) => [{ ecosystem: 'Debian:12', name, fixed }];
const old = [osvRecord('CVE-2026-1', debian('openssl', '3.1'), { severity: 'CRITICAL' }), osvRecord('CVE-2026-2', debian('bash'), { severity: 'LOW' }),
  osvRecord('CVE-2026-3', debian('zlib', '2'), { severity: 'HIGH' })];
const fresh = [...old, osvRecord('CVE-2026-9', debian('curl', '9'), { severity: 'CRITICAL' }), osvRecord('CVE-2026-8', debian('curl', '9'), { severity: 'LOW' })];
const packages = (...names) => dpkgStatus(names.map((name) => ({ name, version: '1' })));
let mark = 0;
const image = (...names) => makeLayout([[debianRelease(), packages(...names), { path: 'mark', content: String(mark++) }]]);
const json = { 'content-type': 'application/json' };

/** A receiver: what it got, and what it answers. */
class Receiver {
  constructor() { this.got = []; this.status = 204; this.headers = {}; this.hang = false; }
  async open(port = 0) {
    this.server = http.createServer((request, reply) => {
      const parts = [];
      request.on('data', (d) => parts.push(d));
      request.on('end', () => {
        const body = Buffer.concat(parts).toString();
        this.got.push({ path: request.url, headers: request.headers, body, event: JSON.parse(body) });
        if (!this.hang) { reply.writeHead(this.status, this.headers); reply.end(); }
      });
    });
    await new Promise((done) => this.server.listen(port, '127.0.0.1', done));
    this.port = this.server.address().port;
    return this;
  }
  close() { this.server.closeAllConnections(); return new Promise((done) => this.server.close(done)); }
  url(path) { return `http://127.0.0.1:${this.port}${path}`; }
  /** The messages at a path, once there are so many. */
  async at(path, count, timeout = 60000) {
    for (const until = Date.now() + timeout; ;) {
      const found = this.got.filter((x) => x.path === path);
      if (found.length >= count) return found;
      if (Date.now() > until) throw new Error(`${path}: ${found.length} of ${count} messages\n${server.output}`);
      await sleep(20);
    }
  }
}

let server, receiver;
const args = ['--notify-allow', '127.0.0.0/8'];
const post = async (body, headers = {}) => {
  const r = await server.fetch('/api/v1/notifications', { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
  assert.equal(r.status, 201, await r.clone().text());
  return r.json();
};
const hook = (path, more = {}) => post({ name: path, scope: '/registries/local', url: receiver.url(path), events: ['findings'], ...more });
const deliveries = async (id) => (await server.json(`/api/v1/notifications/${id}/deliveries`)).items;
/** Wait until no message of it waits; its messages, newest first. */
async function settled(id, timeout = 60000) {
  for (const until = Date.now() + timeout; ;) {
    const all = await deliveries(id);
    if (all.length && all.every((d) => d.state !== 'waiting')) return all;
    if (Date.now() > until) throw new Error(JSON.stringify(all));
    await sleep(20);
  }
}
const remove = async (id) => assert.equal((await server.fetch(`/api/v1/notifications/${id}`, { method: 'DELETE' })).status, 204);
/** A user with a role at the registry: how it asks. */
const person = async (name, role) => {
  const who = await server.person(name, [[role, '/registries/local']]);
  return (...request) => who.send(...request);
};
async function push(repository, layout) {
  await pushLayout(server, repository, layout);
  return server.scanned(repository, layout.digest);
}
async function restart(vdb) {
  await server.stop();
  server.options.args = [...args, '--vdb', vdb];
  await server.start();
}
let vdb;
before(async () => {
  receiver = await new Receiver().open();
  vdb = makeVdb(old);
  server = await new Server({ args: [...args, '--vdb', vdb] }).start();
});
after(async () => { await server?.stop(); await receiver?.close(); });

test('a new image: one message, signed, about what is new and grave enough; nothing at a second scan', async () => {
  const high = await hook('/high', { secret }), all = await hook('/all', { severity_gte: 'Unknown', criteria: { package: ['bash'] } }), states = await hook('/state', { events: ['state'] });
  const layout = image('openssl', 'bash', 'zlib');
  await push('team/app', layout);
  const [message] = await receiver.at('/high', 1);
  assert.equal(message.headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  const wanted = createHmac('sha256', secret).update(`${message.headers['x-signature-timestamp']}.${message.body}`).digest('hex');
  assert.equal(message.headers['x-signature-256'], `sha256=${wanted}`);
  assert.ok(Math.abs(Number(message.headers['x-signature-timestamp']) * 1000 - clock.now()) < 60000);
  const { specversion, type, source, id, data } = message.event;
  assert.deepEqual([specversion, type, source], ['1.0', 'io.plimsoll.findings.new', `/api/v1/notifications/${high.id}`]);
  assert.deepEqual([data.count, data.by_severity.Critical, data.by_severity.High, data.by_severity.Low, data.cause], [2, 1, 1, 0, 'scan']);
  assert.deepEqual(data.findings.map((f) => [f.cves[0], f.severity, f.package, f.fixed_version]), [['CVE-2026-1', 'Critical', 'openssl', '3.1'], ['CVE-2026-3', 'High', 'zlib', '2']]);
  assert.deepEqual([data.image.registry, data.image.repository, data.image.digest], ['local', 'team/app', layout.digest]);
  assert.deepEqual(data.image.tags, ['latest']);
  assert.equal(data.image.link, `/portal/registries/local/repositories/team%2Fapp/images/${layout.digest}`);
  assert.match(data.text, /^2 new vulnerabilities in local\/team\/app:latest: 1 critical, 1 high$/);
  assert.equal(id, String((await settled(high.id))[0].id));
  const [low] = await receiver.at('/all', 1);
  assert.deepEqual(low.event.data.findings.map((f) => f.cves[0]), ['CVE-2026-2']);
  assert.equal(low.headers['x-signature-256'], undefined);
  const [became] = await receiver.at('/state', 1);
  assert.deepEqual([became.event.type, became.event.data.state, became.event.data.images[0].digest], ['io.plimsoll.image.state_changed', 'Unhealthy', layout.digest]);

  // Scanned again: nothing is new. A message of a test says that all before it were sent.
  const again = await server.fetch('/api/v1/scans', { method: 'POST', headers: json, body: JSON.stringify({ registry: 'local', repository: 'team/app', digest: layout.digest }) });
  assert.ok(again.ok, await again.text());
  await server.scanned('team/app', layout.digest);
  await push('team/app', image('coreutils')); // it has nothing
  assert.equal((await server.fetch(`/api/v1/notifications/${high.id}/test`, { method: 'POST' })).status, 202);
  const two = await receiver.at('/high', 2);
  assert.deepEqual(two.map((m) => m.event.type), ['io.plimsoll.findings.new', 'io.plimsoll.test']);
  for (const n of [high, all, states]) await remove(n.id);
});

test('what a rule disables is not announced; an observing rule changes nothing; a notification elsewhere gets nothing', async () => {
  const rule = async (criteria, effect) => {
    const r = await server.fetch('/api/v1/rules', { method: 'POST', headers: json, body: JSON.stringify({ name: 'x', scope: '/registries/local', criteria, effect }) });
    assert.equal(r.status, 201, await r.clone().text());
    return (await r.json()).id;
  };
  const rules = [await rule({ cve: ['CVE-2026-1'] }, 'disable'), await rule({ cve: ['CVE-2026-3'] }, 'observe')];
  const here = await hook('/rules'), elsewhere = await hook('/elsewhere', { scope: '/registries/local/repositories/other' });
  await push('team/ruled', image('openssl', 'zlib'));
  const [message] = await receiver.at('/rules', 1);
  assert.deepEqual(message.event.data.findings.map((f) => f.cves[0]), ['CVE-2026-3']);
  await push('other', image('zlib'));
  await receiver.at('/elsewhere', 1);
  await receiver.at('/rules', 2);
  assert.deepEqual(receiver.got.filter((x) => x.path === '/elsewhere').map((x) => x.event.data.image.repository), ['other']);
  for (const id of rules) assert.equal((await server.fetch(`/api/v1/rules/${id}`, { method: 'DELETE' })).status, 204);
  for (const n of [here, elsewhere]) await remove(n.id);
});

test('an advisory: one message for all images, by check, and only about what it added', async () => {
  const layouts = [image('curl'), image('curl', 'openssl'), image('curl')];
  for (const [i, x] of layouts.entries()) await push(`fleet/${i % 2}`, x);
  const on = await hook('/advisory'), states = await hook('/advisory-state', { events: ['state'] });
  const narrow = await hook('/advisory-narrow', { scope: '/registries/local/repositories/fleet/1' }), cve = await hook('/advisory-other', { criteria: { cve: ['CVE-2026-1'] } });
  await restart(makeVdb(fresh));
  const [message] = await receiver.at('/advisory', 1);
  const { data } = message.event;
  assert.equal(data.cause, 'advisories');
  assert.deepEqual(data.checks.map((c) => [c.cves[0], c.because, c.images, c.images_exact, c.repositories]), [['CVE-2026-9', 'advisory', 3, true, 2]]);
  assert.deepEqual(data.checks[0].first_images.map((i) => i.digest).sort(), layouts.map((l) => l.digest).sort());
  assert.equal(data.checks[0].link, '/portal/cve/CVE-2026-9');
  assert.equal(data.text, 'CVE-2026-9 (Critical) in 3 images');
  assert.deepEqual((await receiver.at('/advisory-narrow', 1))[0].event.data.checks.map((c) => c.images), [1]);
  const [became] = await receiver.at('/advisory-state', 1);
  assert.deepEqual([became.event.data.state, became.event.data.count], ['Unhealthy', 2], 'the one with openssl was Unhealthy before');
  await restart(makeVdb(old));
  const back = (await receiver.at('/advisory-state', 2))[1];
  assert.deepEqual([back.event.data.state, back.event.data.count], ['Healthy', 2]);
  assert.equal(receiver.got.filter((x) => x.path === '/advisory').length, 1);
  assert.equal(receiver.got.filter((x) => x.path === '/advisory-other').length, 0);
  for (const n of [on, states, narrow, cve]) await remove(n.id);
});

test('a check that becomes graver, and one that is exploited, are announced though the findings are old; nothing else is', async () => {
  await push('graver', image('bash', 'openssl', 'zlib'));
  await push('graver', image('bash'));
  const high = await hook('/graver', { scope: '/registries/local/repositories/graver' }), low = await hook('/graver-low', { scope: '/registries/local/repositories/graver', severity_gte: 'Low' });
  const raised = old.map((x) => (x.id === 'CVE-2026-2' ? { ...x, database_specific: { severity: 'HIGH' } } : x));
  await restart(makeVdb(raised));
  const [message] = await receiver.at('/graver', 1);
  assert.deepEqual(message.event.data.checks.map((c) => [c.cves[0], c.severity, c.because, c.images]), [['CVE-2026-2', 'High', 'severity', 2]]);
  const dir = tempDir('kev'), out = path.join(dir, 'kev.vdb'), osv = path.join(dir, 'osv');
  fs.mkdirSync(osv);
  for (const x of raised) fs.writeFileSync(path.join(osv, `${x.id}.json`), JSON.stringify(x));
  fs.writeFileSync(path.join(dir, 'kev.json'), JSON.stringify({ title: 'Catalogue', catalogVersion: '2026.01.01', dateReleased: '2026-01-01T10:00:00.000Z', count: 1, vulnerabilities: [{ cveID: 'CVE-2026-3', vendorProject: 'x', product: 'zlib', vulnerabilityName: 'x', dateAdded: '2026-01-01', shortDescription: 'x', requiredAction: 'x', dueDate: '2026-02-01', knownRansomwareCampaignUse: 'Unknown', notes: '' }] }));
  plimsoll(['vdb', 'build', '--out', out, `osv=${osv}`, `kev=${path.join(dir, 'kev.json')}`]);
  await restart(out);
  const exploited = (await receiver.at('/graver', 2))[1].event.data;
  assert.deepEqual(exploited.checks.map((c) => [c.cves[0], c.kev, c.because, c.images]), [['CVE-2026-3', true, 'exploited', 1]]);
  assert.equal(exploited.text, 'CVE-2026-3 (High, known to be exploited) in 1 image');
  const [only] = await receiver.at('/graver-low', 1);
  assert.deepEqual(only.event.data.checks.map((c) => c.because), ['exploited'], 'Low or worse: it was announced before');
  await restart(vdb);
  for (const n of [high, low]) await remove(n.id);
});

test('a receiver that is down gets its messages when it is up again; pauses grow; a day later they are given up', async () => {
  const down = await new Receiver().open();
  const { port } = down;
  await down.close();
  const n = await post({ name: 'down', scope: '/', url: down.url('/later'), events: ['findings'] });
  await push('team/down', image('openssl'));
  const waits = async (attempts) => {
    for (const until = Date.now() + 60000; ;) {
      const [d] = await deliveries(n.id);
      if (d && d.attempts >= attempts && d.error && Date.parse(d.next_at) > clock.now()) return d;
      assert.ok(Date.now() < until, JSON.stringify(d));
      await sleep(20);
    }
  };
  const first = await waits(1);
  assert.equal(first.state, 'waiting');
  assert.match(first.error, /connect/i);
  assert.doesNotMatch(first.error, /later/, 'the path may be a secret');
  clock.advance(11000);
  const second = await waits(2);
  assert.ok(Date.parse(second.next_at) - clock.now() > 20000);
  assert.equal((await server.json(`/api/v1/notifications/${n.id}`)).waiting, 1);
  const listed = plimsoll(['notification', 'deliveries', String(n.id), '--server', server.url], { env: { PLIMSOLL_USERNAME: 'admin', PLIMSOLL_PASSWORD: server.password } }).stdout;
  assert.match(listed, /waiting +2 /);
  const up = await new Receiver().open(port);
  clock.advance(31000);
  assert.equal((await settled(n.id))[0].state, 'delivered');
  assert.equal(up.got[0].event.data.findings[0].cves[0], 'CVE-2026-1');
  up.status = 500;
  await push('team/down', image('openssl'));
  for (const until = Date.now() + 60000; up.got.length < 2;) { assert.ok(Date.now() < until); await sleep(20); }
  clock.advance(25 * 3600000);
  const [over] = await settled(n.id);
  assert.deepEqual([over.state, over.attempts], ['failed', 2]);
  assert.match(over.error, /answered 500/);
  await up.close();
  await remove(n.id);
});

test('killed between what happened and its message: nothing is lost', async () => {
  const slow = await hook('/killed', { secret });
  receiver.hang = true;
  const layout = image('openssl', 'zlib');
  await push('team/killed', layout);
  await server.kill();
  receiver.hang = false;
  receiver.got.length = 0;
  clock.advance(61000); // what was under way when it died
  await server.start();
  const [message] = await receiver.at('/killed', 1);
  assert.equal(message.event.data.image.digest, layout.digest);
  assert.equal((await settled(slow.id))[0].state, 'delivered');
  await remove(slow.id);
});

test('redirects are not followed, and addresses that are not public are refused', async () => {
  receiver.status = 302;
  receiver.headers = { location: receiver.url('/redirected') };
  const n = await hook('/redirects');
  assert.equal((await server.fetch(`/api/v1/notifications/${n.id}/test`, { method: 'POST' })).status, 202);
  await receiver.at('/redirects', 1);
  const failing = async (id, pattern) => {
    for (const until = Date.now() + 60000; ;) {
      const [d] = await deliveries(id);
      if (d?.error) return assert.match(d.error, pattern);
      assert.ok(Date.now() < until, JSON.stringify(d));
      await sleep(20);
    }
  };
  await failing(n.id, /302, a redirect/);
  assert.equal(receiver.got.filter((x) => x.path === '/redirected').length, 0);
  receiver.status = 204;
  receiver.headers = {};
  for (const [url, pattern] of [['https://169.254.169.254/latest', /clouds keep secrets.*notify-allow/], ['https://10.0.0.1/', /not a public address.*notify-allow/], ['http://192.0.2.1/', /plain HTTP.*notify-allow/]]) {
    const x = await post({ name: url, scope: '/', url, events: ['findings'] });
    assert.equal((await server.fetch(`/api/v1/notifications/${x.id}/test`, { method: 'POST' })).status, 202);
    await failing(x.id, pattern);
    await remove(x.id);
  }
  await remove(n.id);
});

test('a scan that fails, an import that ends', async () => {
  const on = await hook('/rest', { events: ['scan_failed', 'imports'] });
  const config = Buffer.from('{"os": '), layer = image('bash').layers[0];
  const digest = await pushBlob(server, 'team/broken', config);
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest, size: config.length }, layers: [layer] });
  const from = makeLayout([[debianRelease(), packages('bash')]]);
  await push('team/broken', from);
  const put = await server.fetch('/v2/team/broken/manifests/bad', { method: 'PUT', body: manifest.replace(layer.digest, from.layers[0].digest).replace(`"size":${layer.size}}]`, `"size":${from.layers[0].size}}]`), headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
  assert.equal(put.status, 201, await put.text());
  const [failed] = await receiver.at('/rest', 1);
  assert.equal(failed.event.type, 'io.plimsoll.scan.failed');
  assert.equal(failed.event.data.image.digest, put.headers.get('docker-content-digest'));
  assert.match(failed.event.data.reason, /config/);
  await server.stop();
  server.options.args = [...args, '--vdb', vdb, '--import-allow', '127.0.0.0/8', '--import-insecure', '127.0.0.0/8'];
  await server.start();
  const asked = await server.fetch('/api/v1/registries/local/imports', { method: 'POST', headers: json, body: JSON.stringify({ source: `${server.host}/team/app:latest`, repository: 'copied', credentials: { username: 'admin', password: server.password }, insecure: true }) });
  assert.equal(asked.status, 202, await asked.text());
  const ended = (await receiver.at('/rest', 2))[1].event;
  assert.deepEqual([ended.type, ended.data.state, ended.data.repository, ended.data.source_repository], ['io.plimsoll.import.ended', 'Succeeded', 'copied', 'team/app']);
  await remove(on.id);
});

test('rules that end, feeds that are too old, Mondays', async () => {
  const on = await hook('/time', { events: ['rules', 'feeds', 'weekly'] });
  const expires = new Date(clock.now() + 10 * 86400000).toISOString();
  const r = await server.fetch('/api/v1/rules', { method: 'POST', headers: json, body: JSON.stringify({ name: 'short', scope: '/registries/local', criteria: { cve: ['CVE-2026-2'] }, expires_at: expires }) });
  assert.equal(r.status, 201);
  const of = (type) => receiver.got.filter((x) => x.path === '/time' && x.event.type === `io.plimsoll.${type}`);
  const wait = async (type, count) => { for (const until = Date.now() + 60000; of(type).length < count;) { assert.ok(Date.now() < until, `${type}: ${server.output}`); await sleep(20); } return of(type); };
  clock.advance(4 * 86400000);
  assert.equal((await wait('rule.ends', 1))[0].event.data.what, 'expires_soon');
  clock.advance(6.5 * 86400000);
  const two = await wait('rule.ends', 2);
  assert.equal(two[1].event.data.what, 'expired');
  clock.advancePast(7.5 * 86400000); // more than the week that a feed's files may be old
  await wait('feeds.old', 1);
  const [week] = await wait('snapshot.weekly', 1);
  assert.ok(week.event.data.images > 0 && week.event.data.by_severity.Critical > 0 && week.event.data.subscriptions[0].score_max > 0, JSON.stringify(week.event.data));
  assert.equal(of('feeds.old').length, 1);
  await remove(on.id);
});

test('who may: the roles that change rules; secrets and the path of a URL are not shown; changes are audited', async () => {
  const made = await hook('/who?token=hidden', { name: 'who', secret, enabled: false });
  const at = `/api/v1/notifications/${made.id}`;
  const reader = await person('nreader', 'Security Reader'), admin = await person('nadmin', 'Security Admin');
  const seen = await (await reader('GET', at)).json();
  assert.deepEqual([seen.url, seen.has_secret], [`http://127.0.0.1:${receiver.port}`, true]);
  assert.equal((await (await admin('GET', at)).json()).url, receiver.url('/who?token=hidden'));
  for (const [method, target, body] of [['PUT', at, { name: 'y', events: ['state'] }], ['DELETE', at], ['POST', `${at}/test`], ['POST', '/api/v1/notifications', { name: 'y', scope: '/registries/local', url: 'https://x.example/', events: ['state'] }]])
    assert.equal((await reader(method, target, body)).status, 403, `${method} ${target}`);
  // Who may change rules and not read findings gets none of them sent.
  assert.ok((await server.fetch('/api/v1/roles', { method: 'POST', headers: json, body: JSON.stringify({ name: 'Rules only', actions: ['Microsoft.Authorization/policyAssignments/write'] }) })).status < 300);
  const writer = await person('nwriter', 'Rules only');
  assert.equal((await writer('POST', '/api/v1/notifications', { name: 'y', scope: '/registries/local', url: 'https://x.example/', events: ['state'] })).status, 403);
  assert.equal((await writer('PUT', at, { name: 'y', url: 'https://x.example/', events: ['state'] })).status, 403);
  assert.equal((await admin('POST', '/api/v1/notifications', { name: 'y', scope: '/', url: 'https://x.example/', events: ['state'] })).status, 403, 'at a scope that is not his');
  const changed = await admin('PUT', at, { name: 'renamed', events: ['state', 'imports'], severity_gte: 'Low', enabled: false });
  assert.equal(changed.status, 200, await changed.clone().text());
  const now = await changed.json();
  assert.deepEqual([now.name, now.events, now.severity_gte, now.has_secret, now.url], ['renamed', ['state', 'imports'], 'Low', true, receiver.url('/who?token=hidden')]);
  assert.equal((await (await admin('PUT', at, { name: 'renamed', events: ['state'], drop_secret: true, enabled: false })).json()).has_secret, false);
  const log = (await server.json('/api/v1/audit?limit=1000')).items.filter((x) => x.action.startsWith('notification.'));
  assert.ok(log.some((x) => x.action === 'notification.change' && x.actor === 'nadmin'));
  for (const text of [JSON.stringify(log), server.output, JSON.stringify(now)]) assert.ok(!text.includes(secret), 'the secret');
  assert.ok(!JSON.stringify(log).includes('hidden'));
  for (const body of [{ url: 'ftp://x/' }, { url: '' }, {}, { recipients: ['a@b.example'] }, { url: 'https://x.example/', events: [] }, { url: 'https://x.example/', secret: 'short' }, { url: 'https://x.example/', events: ['nothing'] }])
    assert.equal((await server.fetch('/api/v1/notifications', { method: 'POST', headers: json, body: JSON.stringify({ name: 'z', scope: '/registries/local', events: ['state'], ...body }) })).status, 400, JSON.stringify(body));
  await remove(made.id);
});

test('while its author may not read the findings it is paused, and says why; who may and changes it takes it over', async () => {
  const lost = await person('nlost', 'Security Admin'), gone = await person('ngone', 'Security Admin');
  const make = async (who, path) => (await (await who('POST', '/api/v1/notifications', { name: path, scope: '/registries/local', url: receiver.url(path), events: ['findings'] })).json()).id;
  const kept = await make(lost, '/lost'), removed = await make(gone, '/gone'), get = (id) => server.json(`/api/v1/notifications/${id}`);
  await push('team/paused', image('openssl'));
  await receiver.at('/lost', 1);
  await receiver.at('/gone', 1);
  assert.deepEqual([(await get(kept)).paused, (await get(kept)).author], [undefined, 'nlost']);
  plimsoll(['role', 'remove', 'nlost', 'Security Admin', '/registries/local', '--server', server.url, '--username', 'admin'], { env: { PLIMSOLL_PASSWORD: server.password } });
  assert.equal((await server.fetch('/api/v1/users/ngone', { method: 'DELETE' })).status, 204);
  await push('team/paused-2', image('openssl'));
  for (const [id, why] of [[kept, 'nlost may no longer read the findings of this scope'], [removed, 'ngone is no user any more, or is disabled']]) {
    assert.equal((await get(id)).paused, why);
    for (let tries = 0; (await get(id)).last_error !== `paused: ${why}`; tries++) { assert.ok(tries < 500, JSON.stringify(await get(id))); await sleep(20); }
    assert.equal((await deliveries(id))[0].state, 'waiting');
  }
  assert.deepEqual(receiver.got.filter((x) => ['/lost', '/gone'].includes(x.path)).length, 2);
  const r = await server.fetch(`/api/v1/notifications/${kept}`, { method: 'PUT', headers: json, body: JSON.stringify({ name: 'taken over', events: ['findings'] }) });
  assert.equal(r.status, 200);
  const now = await r.json();
  assert.deepEqual([now.author, now.paused], ['admin', undefined]);
  await receiver.at('/lost', 2);
  assert.equal(receiver.got.filter((x) => x.path === '/gone').length, 1);
  await remove(kept);
  await remove(removed);
});

test('mail', async () => {
  const mails = [];
  const smtp = net.createServer((socket) => {
    let text = '', inside = false;
    const mail = { commands: [], body: '' };
    socket.write('220 test\r\n');
    socket.on('error', () => {});
    socket.on('data', (d) => {
      text += d;
      for (let end; (end = text.indexOf(inside ? '\r\n.\r\n' : '\r\n')) >= 0;) {
        const line = text.slice(0, end);
        text = text.slice(end + (inside ? 5 : 2));
        if (inside) { mail.body = line; inside = false; mails.push(mail); socket.write('250 ok\r\n'); continue; }
        mail.commands.push(line);
        if (/^DATA/i.test(line)) { inside = true; socket.write('354 go on\r\n'); } else socket.write(/^QUIT/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
  await new Promise((done) => smtp.listen(0, '127.0.0.1', done));
  await server.stop();
  server.options.args = [...args, '--vdb', vdb, '--smtp-url', `smtp://127.0.0.1:${smtp.address().port}`, '--smtp-plain', 'true', '--smtp-from', 'plimsoll@example.org'];
  await server.start();
  const n = await post({ name: 'mail', scope: '/', kind: 'email', recipients: ['a@example.org', 'b@example.org'], events: ['findings'] });
  assert.deepEqual((await server.json(`/api/v1/notifications/${n.id}`)).recipients, ['a@example.org', 'b@example.org']);
  await push('team/mail', image('openssl'));
  assert.equal((await settled(n.id))[0].state, 'delivered');
  const [mail] = mails;
  assert.ok(mail.commands.some((c) => /^MAIL FROM:<plimsoll@example.org>/.test(c)), mail.commands.join('\n'));
  assert.deepEqual(mail.commands.filter((c) => c.startsWith('RCPT')), ['RCPT TO:<a@example.org>', 'RCPT TO:<b@example.org>']);
  const [head, body] = mail.body.split('\r\n\r\n');
  assert.match(head, /^To: a@example.org,b@example.org$/m);
  assert.match(Buffer.from(/^Subject: =\?utf-8\?B\?(\S+)\?=$/m.exec(head)[1], 'base64').toString(), /^1 new vulnerability in local\/team\/mail:latest: /);
  const words = Buffer.from(body, 'base64').toString();
  assert.match(words, /\r\nfindings: \r\n  - check_id: \d+\r\n/);
  assert.match(words, /"CVE-2026-1"/);
  smtp.close();
  await remove(n.id);
});
