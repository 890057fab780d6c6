// The contract of API v1, asked of every route of its OpenAPI document: who may, what is refused and how, HEAD, paging that bears inserts. And that the
// check of documents and exchanges would notice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout } from './lib.mjs';
import { check, checkEach, record } from './openapi.mjs';

const sources = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const records = sources.map((name, i) => osvRecord(`CVE-2026-100${i}`, [{ ecosystem: 'Debian:12', name, fixed: i % 2 ? '9' : undefined }], { severity: 'HIGH' }));
const image = (mark) => makeLayout([[debianRelease(), dpkgStatus(sources.map((name) => ({ name, version: '1' }))), { path: 'mark', content: mark }]], { tag: mark });
let server, layout, openapi, recorded;
const operations = []; // {id, path, method, operation, target}

before(async () => {
  server = await new Server({ args: ['--vdb', makeVdb(records)] }).start();
  recorded = record(server);
  layout = image('m0');
  await pushLayout(server, 'b/app', layout);
  await server.scanned('b/app', layout.digest);
  assert.equal((await server.fetch('/api/v1/exemptions', { method: 'POST', headers: json, body: JSON.stringify({ name: 'x', scope: '/subscriptions/default', category: 'Waiver' }) })).status, 201);
  for (const [target, body] of [['/api/v1/rules', { name: 'x', scope: '/subscriptions/default', criteria: { cve: ['CVE-1'] } }], ['/api/v1/notifications', { name: 'x', scope: '/subscriptions/default', url: 'https://hooks.example/x', events: ['imports'], enabled: false }], ['/api/v1/groups', { name: 'crew' }], ['/api/v1/roles', { name: 'Cleaner', actions: ['registries/artifacts/delete'] }]])
    assert.equal((await server.fetch(target, { method: 'POST', headers: json, body: JSON.stringify(body) })).status, 201);
  assert.equal((await server.fetch('/api/v1/groups/crew/members/admin', { method: 'PUT' })).status, 204);
  const imported = JSON.stringify({ source: 'nowhere.invalid/x' });
  assert.equal((await server.fetch('/api/v1/registries/local/imports', { method: 'POST', headers: json, body: imported })).status, 202);
  openapi = await server.json('/api/v1/openapi.json');
  const scan = (await server.json('/api/v1/scans')).items[0].id, checkId = (await server.json('/api/v1/findings')).items[0].id;
  for (const [path, item] of Object.entries(openapi.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const id = /\/(checks|findings)\//.test(path) ? checkId : path.includes('/scans/') ? scan : path.includes('/cves/') ? 'CVE-2026-1000' : '1';
      const values = { registry: 'local', subscription: 'default', resource_group: 'default', repository: 'b%2Fapp', name: 'b/app', digest: layout.digest, tag: layout.tag, user: 'admin', group: 'crew', role: 'Cleaner', key: 'dbd0cb49-b563-45e7-9724-889e799fa648', reference: 'm0', id };
      operations.push({ id: operation.operationId, path, method: method.toUpperCase(), operation, target: path.replace(/\{(\w+)\}/g, (_, n) => values[n]) });
    }
  }
});
after(() => server?.stop());

/** With what its query must have. */
const withNeeded = (o, target = o.target) => {
  const values = { from: layout.tag, cve: 'CVE-2023-5363' };
  const needed = o.operation.parameters.filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=${values[p.name] ?? 'alpha'}`);
  return needed.length ? `${target}?${needed.join('&')}` : target;
};
const isApi = (o) => o.path.startsWith('/api/v1/');
const isStream = (o) => o.id === 'streamEvents';
const action = (o) => o.operation['x-plimsoll-action'];
const done = async (r) => { await r.body?.cancel(); return r; };
const json = { 'content-type': 'application/json' };
async function problem(r, status, what, name) {
  const text = await r.text();
  assert.equal(r.status, status, `${what}: ${text}`);
  if (r.headers.get('content-type') === 'application/problem+json') {
    const p = JSON.parse(text);
    assert.equal(p.status, status, what);
    assert.match(p.code, /^[a-z_]+$/, what);
    if (name) assert.ok(p.detail.includes(name), `${what}: "${p.detail}" does not name ${name}`);
  }
}
async function person(name, roles = []) {
  const who = await server.person(name, roles.map((role) => [role]));
  return (target, options) => who.fetch(target, options);
}

test('the document is one of OpenAPI 3.1', async () => {
  assert.deepEqual((await check(openapi)).failures, []);
  for (const o of operations.filter((x) => isApi(x) && x.method === 'GET' && !isStream(x) && !['getOpenapi', 'getReport', 'getImageManifest', 'getImageConfig', 'downloadBlob', 'getUsageCsv', 'exportRules', 'beginProviderSignIn', 'endProviderSignIn'].includes(x.id)))
    assert.ok(o.operation.responses[200].content['application/json'].schema.$ref, o.id);
});

test('the check would notice', async () => {
  const last = async (target) => { await server.json(target); await recorded.settled(); return recorded.exchanges.at(-1); };
  const good = await last(`/api/v1/registries/local/repositories/b/app/images/${layout.digest}`), list = await last('/api/v1/findings?limit=1');
  assert.deepEqual((await check(openapi, [good, list])).failures, []);
  const body = (exchange, change) => { const b = JSON.parse(exchange.body); change(b); return { ...exchange, body: JSON.stringify(b) }; };
  const exchanges = {
    'a field that is not described': body(good, (b) => { b.colour = 'red'; }),
    'a field that is not described, in a list': body(list, (b) => { b.items[0].colour = 'red'; }),
    'a field that is not described, further down': body(good, (b) => { b.coverage.colour = 'red'; }),
    'a field that is missing': body(good, (b) => { delete b.platform; }),
    'a field of another name': body(list, (b) => { b.items[0].installed = b.items[0].installed_version; delete b.items[0].installed_version; }),
    'a word that is not described': body(good, (b) => { b.state = 'Sick'; }),
    'another type': body(good, (b) => { b.packages = '5'; }),
    'no date': body(good, (b) => { b.pushed_at = 'yesterday'; }),
    'no digest': body(good, (b) => { b.digest = 'sha256:abc'; }),
    'a status that is not described': { ...good, status: 203 },
    'a media type that is not described': { ...good, headers: { ...good.headers, 'content-type': 'text/html' } },
    'a path that is not described': { ...good, target: '/api/v1/secrets' },
    'a method that is not described': { ...good, method: 'POST' },
    'a parameter that is not described': { ...list, target: '/api/v1/findings?colour=red' },
    'a header that is missing': { ...good, status: 401, headers: { 'content-type': 'application/problem+json' },
      body: JSON.stringify({ type: 'about:blank', title: 'x', status: 401, detail: 'x', code: 'x' }) },
  };
  const documents = {
    'an unknown field': (d) => { d.paths['/api/v1/scans'].get.colour = 'red'; },
    'no licence name': (d) => { delete d.info.license.name; },
    'an operationId twice': (d) => { d.paths['/api/v1/scans'].get.operationId = 'listFindings'; },
    'a path parameter that is missing': (d) => { d.paths['/api/v1/scans/{id}'].get.parameters = []; },
    'a reference that leads nowhere': (d) => { d.paths['/api/v1/scans'].get.responses[200].content['application/json'].schema.$ref = '#/components/schemas/Nothing'; },
    'no description of a reply': (d) => { delete d.paths['/api/v1/scans'].get.responses[200].description; },
    'a wrong schema': (d) => { d.components.schemas.Scan.properties.id.type = 'whole'; },
    'an open object': (d) => { delete d.components.schemas.Scan.additionalProperties; },
    'an example that is none': (d) => { d.components.schemas.Finding.properties.check.examples = [7]; },
  };
  const changed = Object.values(documents).map((change) => { const d = structuredClone(openapi); change(d); return { document: d }; });
  const cases = [{ document: openapi }, ...Object.values(exchanges).map((exchange) => ({ exchanges: [exchange] })), ...changed];
  const [whole, ...wrong] = (await checkEach(cases)).map((r) => r.failures);
  assert.deepEqual(whole, []);
  for (const [i, what] of [...Object.keys(exchanges), ...Object.keys(documents)].entries()) assert.notDeepEqual(wrong[i], [], what);
});

// ---- who may -----------------------------------------------------------------------------------------------------

/** Role patterns as src/access/role.h has them: "*" is any run, "!" in front takes away. */
function allows(patterns, wanted) {
  const fits = (p) => new RegExp(`^${p.split('*').map((t) => t.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`).test(wanted);
  return patterns.some((p) => !p.startsWith('!') && fits(p)) && !patterns.some((p) => p.startsWith('!') && fits(p.slice(1)));
}

test('every route: 401 without an account, 403 exactly when the role lacks the action', async () => {
  const anonymous = (target, options) => fetch(new URL(target, server.url), options);
  const roles = (await server.json('/api/v1/roles')).items.map((r) => ({ ...r, ask: null }));
  roles.push({ name: 'nothing', actions: [], none: true });
  for (const [i, r] of roles.entries()) r.ask = await person(`role${i}`, r.none ? [] : [r.name]);
  for (const o of operations) {
    const isPublic = o.operation.security?.length === 0;
    // What is not there: nothing is changed by asking.
    const target = o.path.replace(/\{(\w+)\}/g, (_, n) => ({ registry: 'local', repository: 'no%2Fsuch', name: 'no/such', digest: `sha256:${'0'.repeat(64)}` })[n] ?? '999999');
    const r = await done(await anonymous(target, { method: o.method }));
    if (isPublic) { assert.equal(action(o), undefined, o.id); continue; }
    assert.equal(r.status, 401, o.id);
    assert.match(r.headers.get('www-authenticate'), /^Bearer realm=/, o.id);
    for (const role of roles) {
      const status = (await done(await role.ask(target, { method: o.method }))).status;
      const may = action(o) === 'authenticated' || allows(role.actions, action(o));
      assert.equal(status !== 403, may, `${o.id} (${action(o)}) as ${role.name}: ${status}`);
      assert.notEqual(status, 401, `${o.id} as ${role.name}`);
    }
  }
});

// ---- what is refused, and how ------------------------------------------------------------------------------------

test('every path: 405 with Allow for other methods, 204 with Allow for OPTIONS', async () => {
  for (const path of Object.keys(openapi.paths)) {
    const { target } = operations.find((o) => o.path === path);
    // Another path's parameter may have this one's name as its value.
    const fits = (x) => new RegExp(`^${x.replace(/\{repository\}|\{name\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`).test(target);
    const item = Object.assign({}, ...Object.entries(openapi.paths).filter(([x]) => x === path || (!path.includes('{') && fits(x))).map(([, i]) => i));
    const methods = new Set(Object.keys(item).map((m) => m.toUpperCase()).concat(item.get ? ['HEAD'] : [], ['OPTIONS']));
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      if (methods.has(method) && method !== 'OPTIONS') continue;
      const r = await server.fetch(target, { method });
      assert.deepEqual(new Set(r.headers.get('allow').split(', ')), methods, `${method} ${path}`);
      await problem(r, method === 'OPTIONS' ? 204 : 405, `${method} ${path}`);
    }
  }
});

test('every GET answers HEAD: the same status and headers, no body', async () => {
  for (const o of operations.filter((x) => x.method === 'GET')) {
    const stop = new AbortController();
    const plain = { 'accept-encoding': 'identity' }; // of both, or the lengths differ
    const get = await server.fetch(o.target, { signal: stop.signal, headers: plain });
    const whole = isStream(o) ? '' : await get.text();
    const head = await server.fetch(o.target, { method: 'HEAD', headers: plain, signal: isStream(o) ? AbortSignal.timeout(5000) : undefined });
    assert.equal(await head.text(), '', o.id);
    assert.equal(head.status, get.status, o.id);
    for (const name of ['content-type', 'etag', 'docker-content-digest', 'docker-distribution-api-version'])
      assert.equal(head.headers.get(name), get.headers.get(name), `${o.id}: ${name}`);
    // What changes with time has no fixed length.
    if (!isStream(o) && !['getMetrics', 'getRegistryToken', 'getVulndb'].includes(o.id))
      assert.equal(Number(head.headers.get('content-length')), Buffer.byteLength(whole), `${o.id}: Content-Length`);
    stop.abort();
  }
});

test('406 for a client that takes something else, 415 for a body that is no JSON, 413 for one that is too long', async () => {
  let negotiated = 0, sent = 0;
  for (const o of operations) {
    const { responses } = o.operation;
    if (responses[406] && o.method === 'GET') {
      negotiated++;
      const type = Object.keys(responses[200].content)[0], kind = type.split('/')[0];
      for (const accept of ['application/xml', `${type};q=0`, 'image/*', `${type};q=0, */*`])
        await problem(await server.fetch(withNeeded(o), { headers: { accept } }), 406, `${o.id}: ${accept}`, type);
      for (const accept of [type, `${kind}/*`, '*/*;q=0.1', `image/png, ${type};q=0.5`, type.toUpperCase()])
        assert.equal((await done(await server.fetch(withNeeded(o), { headers: { accept } }))).status, 200, `${o.id}: ${accept}`);
    }
    if (responses[415]) {
      sent++;
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
        await problem(await server.fetch(o.target, { method: o.method, headers: { 'content-type': type }, body: '{}' }), 415, `${o.id}: ${type}`, 'application/json');
      await problem(await server.fetch(o.target, { method: o.method, headers: json, body: `{"x":"${'x'.repeat(70000)}"}` }), 413, o.id);
      for (const body of ['', '{', '[]', 'null', '"x"', '{"x":1}', '{"name":{}}', '{} {}'])
        await problem(await server.fetch(o.target, { method: o.method, headers: json, body }), 400, `${o.id}: ${body}`, 'body');
      const schema = openapi.components.schemas[o.operation.requestBody.content['application/json'].schema.$ref.split('/').at(-1)];
      for (const [name, field] of Object.entries(schema.properties))
        for (const wrong of field.type === 'integer' ? ['"1"', '0', '-1', '1.5', String((field.maximum ?? 0) + 1), 'null', '{}'] : ['1', 'true', 'null', field.type === 'array' ? '[1]' : '[]', '{}', '"a\\u0000b"', ...(field.minLength ? ['""'] : [])])
          await problem(await server.fetch(o.target, { method: o.method, headers: json, body: `{"${name}":${wrong}}` }), 400, `${o.id}: ${name}=${wrong}`, 'body');
    }
  }
  assert.ok(negotiated >= 18 && sent >= 18, `${negotiated} ${sent}`);
});

test('every parameter: a wrong value is a 400 that names it, and so is an unknown one', async () => {
  const wrong = (p) => {
    const s = p.schema, values = ['', ...(p.name === 'cursor' ? ['%21', '-1'] : [])];
    if (s.type === 'integer') values.push('x', '-1', '1.5', String(s.minimum - 1), s.maximum && String(s.maximum + 1), '99999999999999999999');
    if (s.type === 'number') values.push('x', '-1', String(s.maximum + 1), 'NaN', '1e999');
    if (s.type === 'boolean') values.push('yes', 'TRUE ', '2');
    if (s.enum || s.items?.enum) values.push('colour', 'a,b', ...(s.items ? [`${s.items.enum[0]},colour`] : [s.enum.join(',')]));
    if (s.type === 'array') values.push(',', 'a,', ...(s.items.type === 'integer' ? ['x', '1,x', '0', '-1', String(s.items.maximum + 1)] : []));
    return values.filter((v) => v !== false && v !== undefined);
  };
  let count = 0;
  for (const o of operations.filter((x) => isApi(x) && x.id !== 'endProviderSignIn')) { // providers add parameters of their own
    const needed = o.operation.parameters.filter((p) => p.in === 'query' && p.required).map((p) => `${p.name}=nobody`);
    const ask = (query) => server.fetch(`${o.target}?${[...needed, query].join('&')}`, { method: o.method, ...(o.operation.requestBody ? { headers: json, body: '{}' } : {}) });
    await problem(await ask('colour=red'), 400, `${o.id}: colour`, 'colour');
    for (const p of o.operation.parameters.filter((x) => x.in === 'query')) {
      count++;
      for (const value of needed.length ? [''] : wrong(p)) await problem(await ask(`${p.name}=${value}`), 400, `${o.id}: ${p.name}=${value}`, p.name);
      const good = p.schema.type === 'boolean' ? 'true' : p.schema.enum?.[0] ?? p.schema.items?.enum?.[0] ?? '1';
      await problem(await ask(`${p.name}=${good}&${p.name}=${good}`), 400, `${o.id}: ${p.name} twice`, p.name);
    }
  }
  assert.ok(count >= 50, `${count} parameters`);
});

test('what is not there: 404', async () => {
  for (const o of operations.filter((x) => isApi(x) && x.path.includes('{') && !x.operation.requestBody)) {
    for (const [name] of [...o.path.matchAll(/\{(\w+)\}/g)].map((m) => [m[1]])) {
      const elsewhere = { registry: 'elsewhere', repository: 'no%2Fsuch', tag: 'elsewhere', digest: `sha256:${'0'.repeat(64)}`, user: 'nobody', id: '999999',
        key: 'elsewhere', group: 'elsewhere', role: 'elsewhere', subscription: 'elsewhere', resource_group: 'elsewhere', management_group: 'elsewhere' }[name];
      if (o.id === 'listImages' && name === 'repository') continue; // a repository without images has no row of its own
      const values = { registry: 'local', subscription: 'default', resource_group: 'default', repository: 'b%2Fapp', digest: layout.digest, tag: layout.tag, user: 'admin', group: 'crew', role: 'Cleaner', id: '1' };
      const target = o.path.replace(/\{(\w+)\}/g, (_, n) => (n === name ? elsewhere : values[n]));
      await problem(await server.fetch(withNeeded(o, target), { method: o.method }), 404, `${o.id}: ${name}`, o.id === 'deleteToken' && name === 'id' ? 'token' : decodeURIComponent(elsewhere).split(':')[0]);
    }
  }
});

// ---- lists -------------------------------------------------------------------------------------------------------

/** Page by page, with something done between pages. */
async function pages(target, limit, between = () => {}) {
  const items = [];
  for (let cursor, n = 0; ; n++) {
    assert.ok(n < 2000, `${target} does not end`);
    const page = await server.json(`${target}${target.includes('?') ? '&' : '?'}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
    items.push(...page.items);
    if (!page.next) return items;
    cursor = page.next;
    await between(n);
  }
}

test('every list: page by page it is what it is at once', async () => {
  const lists = operations.filter((o) => o.operation.responses[200]?.content?.['application/json']?.schema?.$ref?.endsWith('List'));
  assert.ok(lists.length >= 12, `${lists.length} lists`);
  for (let i = 0; i < 3; i++) await server.fetch('/api/v1/users/admin/tokens', { method: 'POST', headers: json, body: JSON.stringify({ label: `t${i}` }) });
  for (const o of lists) {
    const names = o.operation.parameters.map((p) => p.name);
    assert.ok(names.includes('limit') && names.includes('cursor'), o.id);
    assert.deepEqual(o.operation.parameters.find((p) => p.name === 'limit').schema, { type: 'integer', format: 'int64', minimum: 1, maximum: 1000, default: 100 }, o.id);
    const target = withNeeded(o);
    const all = () => server.json(`${target}${target.includes('?') ? '&' : '?'}limit=1000`);
    let whole, parts, after = await all();
    do { // what was pushed before may be scanned meanwhile
      whole = after;
      parts = [await pages(target, 1), await pages(target, 2)];
      after = await all();
    } while (JSON.stringify(after) !== JSON.stringify(whole));
    assert.equal(whole.next, undefined, o.id);
    assert.deepEqual([whole.total, whole.total_exact], [whole.items.length, true], o.id);
    for (const part of parts) assert.deepEqual(part, whole.items, o.id);
    const texts = whole.items.map((x) => JSON.stringify(x));
    assert.equal(new Set(texts).size, texts.length, `${o.id}: nothing twice`);
  }
});

test('a list that grows while it is read: what was there comes once and in order', async () => {
  let n = 0;
  const push = async (repository) => { const l = image(`n${n++}`); await pushLayout(server, repository, l); return l; };
  for (const repository of ['c/one', 'd/two', 'e/three']) await push(repository);
  await push('b/app');
  await push('b/app');
  for (const name of ['mike', 'november', 'oscar']) await person(name);
  const cases = [
    // list, what an item is known by, how it is ordered (1 up, -1 down), what is added on the way: before and behind the place
    ['/api/v1/registries/local/repositories', (x) => x.name, 1, async (i) => { await push(`a/new${i}`); await push(`z/new${i}`); }],
    ['/api/v1/registries/local/repositories/b/app/images', (x) => x.digest, 1, () => push('b/app')],
    ['/api/v1/scans', (x) => x.id, -1, () => push('s/scan')],
    ['/api/v1/audit', (x) => x.id, -1, (i) => person(`audit${i}`)],
    ['/api/v1/users', (x) => x.name, 1, async (i) => { await person(`aa${i}`); await person(`zz${i}`); }],
    ['/api/v1/users/admin/tokens', (x) => x.id, 1, () => server.fetch('/api/v1/users/admin/tokens', { method: 'POST', headers: json, body: '{}' })],
    ...['severity', 'package', 'cvss', 'epss'].map((sort) => [`/api/v1/findings?sort=${sort}&package=alpha`, (x) => `${x.repository}@${x.digest}`, 0,
      async () => { const l = await push('f/more'); await server.scanned('f/more', l.digest); }]),
  ];
  for (const [target, key, order, add] of cases) {
    const old = (await server.all(target)).map(key);
    assert.ok(old.length >= 2, `${target}: ${old.length}`);
    const seen = (await pages(target, Math.max(1, Math.floor(old.length / 4)), (i) => (i < 3 ? add(i) : undefined))).map(key);
    assert.equal(new Set(seen).size, seen.length, `${target}: something came twice`);
    const then = new Set(old);
    assert.deepEqual(seen.filter((k) => then.has(k)), old, `${target}: what was there`);
    if (order) assert.deepEqual(seen, [...seen].sort((a, b) => order * (a < b ? -1 : a > b ? 1 : 0)), `${target}: order`);
  }
});

test('packages: filtered by name and type; an image that is scanned again keeps its pages', async () => {
  const packages = `/api/v1/registries/local/repositories/b/app/images/${layout.digest}/packages`;
  assert.deepEqual((await server.json(`${packages}?package=beta`)).items.map((p) => p.name), ['beta']);
  assert.deepEqual((await server.json(`${packages}?type=apk`)).items, []);
  assert.equal((await server.json(`${packages}?type=deb`)).items.length, sources.length);
  const rescan = async () => {
    const body = JSON.stringify({ repository: 'b/app', digest: layout.digest });
    const r = await server.fetch('/api/v1/scans', { method: 'POST', headers: json, body });
    assert.equal(r.status, 202);
    const { id } = await r.json();
    assert.equal(r.headers.get('location'), `/api/v1/scans/${id}`);
    await server.scanned('b/app', layout.digest);
  };
  assert.deepEqual((await pages(packages, 1, rescan)).map((p) => p.name), [...sources].sort());
});

test('what is made says where it is', async () => {
  const made = await server.fetch('/api/v1/users', { method: 'POST', headers: json, body: JSON.stringify({ name: 'where', kind: 'robot' }) });
  assert.equal(made.headers.get('location'), '/api/v1/users/where');
  assert.deepEqual(await server.json(made.headers.get('location')), await made.json());
});

test('whatever was answered above is what the document says', async () => {
  await recorded.settled();
  const { failures, seen } = await check(openapi, recorded.exchanges);
  assert.deepEqual([...new Set(failures)].slice(0, 20), []);
  assert.deepEqual(operations.filter((o) => !seen[o.id]).map((o) => o.id), []);
});
