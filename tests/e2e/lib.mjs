// What the end-to-end tests share: the server as a process, images made by hand, real clients as processes, the API.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = process.env.PLIMSOLL_BUILD ?? path.join(root, 'build');
export const program = path.join(build, 'plimsoll');
export const shared = path.resolve(root, '../shared');
export const hasShared = fs.existsSync(path.join(shared, 'corpus'));

const temporary = [];
export function tempDir(name = 't') {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), `plimsoll-${name}-`));
  temporary.push(dir);
  return dir;
}
process.on('exit', () => { for (const dir of temporary) fs.rmSync(dir, { recursive: true, force: true }); });

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** What ask returns as soon as that is something. */
export async function until(what, ask, timeout = 60000) {
  for (const end = Date.now() + timeout; ; await sleep(20)) {
    const got = await ask();
    if (got) return got;
    if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${what}`);
  }
}
/** The Authorization of a name with its password or token. */
export const basic = (name, secret) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
export const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;

// The date that programs under test start with, whatever today is: what they say of releases' support depends on it. clock.advance moves it on.
const START = Date.UTC(2026, 10, 29, 12);
class Clock {
  constructor(wall = START - Date.now()) {
    this.wall = wall;
    this.passed = 0;
    this.file = path.join(tempDir('clock'), 'offsets');
    this.write();
    this.env = { PLIMSOLL_TEST_CLOCK: this.file };
  }
  write() {
    fs.writeFileSync(`${this.file}.new`, `${this.wall + this.passed} ${this.passed}\n`);
    fs.copyFileSync(`${this.file}.new`, this.file); // the same file: it is held open
  }
  /** So many ms pass at once. */
  advance(ms) { this.passed += ms; this.write(); }
  /** What was written to the disk until now is so old: files have the system's time, which may be after that of the tests. */
  advancePast(ms) { this.advance(ms + Math.max(0, Date.now() - this.now())); }
  now() { return Date.now() + this.wall + this.passed; }
}
export const clock = new Clock();

/** Run a program to its end: {status, stdout, stderr}. Throws when it fails, unless told not to. */
export function run(command, args, { check = true, env = {}, input, cwd, timeout = 300000 } = {}) {
  const r = spawnSync(command, args, { env: { ...process.env, ...env }, input, cwd, encoding: 'utf8', timeout, maxBuffer: 1 << 29 });
  if (check && r.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: status ${r.status} ${r.signal ?? ''}\n${r.stdout}\n${r.stderr}\n${r.error ?? ''}`);
  return r;
}
export const plimsoll = (args, options = {}) => run(program, args, { ...options, env: { XDG_CACHE_HOME: tempCache(), COLUMNS: '', ...clock.env, ...options.env } });
/** The path of a program of the build that is not installed. One at a time: other tests may ask, too. */
export function built(target) {
  run('flock', [build, 'ninja', '-C', build, target]);
  return path.join(build, target);
}
let cache;
function tempCache() { return (cache ??= tempDir('cache')); }

/** The same, without blocking this process: resolves to {status, signal, stdout, stderr}. */
export function runAsync(command, args, { env = {}, timeout = 300000 } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '', stderr = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    child.stdout.on('data', (d) => { stdout += d; });
    child.stderr.on('data', (d) => { stderr += d; });
    child.on('error', fail);
    child.on('close', (status, signal) => { clearTimeout(timer); done({ status, signal, stdout, stderr }); });
  });
}

// ---- images ------------------------------------------------------------------------------------------------------

function octal(n, width) { return n.toString(8).padStart(width - 1, '0') + '\0'; }

/** One ustar member. file: {path, content, type, link, mode}. */
function tarMember({ path: name, content = '', type = '0', link = '', mode = 0o644 }) {
  const body = Buffer.isBuffer(content) ? content : Buffer.from(content);
  const head = Buffer.alloc(512);
  head.write(name, 0, 100);
  head.write(octal(mode, 8), 100);
  head.write(octal(0, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(body.length, 12), 124);
  head.write(octal(0, 12), 136);
  head.write('        ', 148);
  head.write(type, 156);
  head.write(link, 157, 100);
  head.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const b of head) sum += b;
  head.write(octal(sum, 7) + ' ', 148);
  return Buffer.concat([head, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}
export const tar = (files) => Buffer.concat([...files.map(tarMember), Buffer.alloc(1024)]);
export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** An OCI layout with one image of these layers ([[file, …], …], bottom first). Returns {dir, digest, layers}. */
export function makeLayout(layers, { tag = 'latest', codec = 'gzip', platform = { os: 'linux', architecture: 'amd64' }, config: run = {}, history, annotations } = {}) {
  const dir = tempDir('layout');
  const blobs = path.join(dir, 'blobs/sha256');
  fs.mkdirSync(blobs, { recursive: true });
  const put = (bytes) => {
    const hex = sha256(bytes);
    fs.writeFileSync(path.join(blobs, hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const diffIds = [], descriptors = [];
  for (const files of layers) {
    const plain = Buffer.isBuffer(files) ? files : tar(files);
    diffIds.push(`sha256:${sha256(plain)}`);
    const packed = codec === 'gzip' ? zlib.gzipSync(plain) : plain;
    descriptors.push({ mediaType: `application/vnd.oci.image.layer.v1.tar${codec === 'gzip' ? '+gzip' : ''}`, ...put(packed) });
  }
  const config = put(Buffer.from(JSON.stringify({
    ...platform, config: run, rootfs: { type: 'layers', diff_ids: diffIds },
    history: history ?? layers.map((_, i) => ({ created_by: `step ${i + 1}` })),
  })));
  const manifestBytes = Buffer.from(JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config }, layers: descriptors, ...(annotations ? { annotations } : {}),
  }));
  const manifest = put(manifestBytes);
  fs.writeFileSync(path.join(dir, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  fs.writeFileSync(path.join(dir, 'index.json'), JSON.stringify({
    schemaVersion: 2, manifests: [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest,
      annotations: { 'org.opencontainers.image.ref.name': tag } }],
  }));
  return { dir, tag, digest: manifest.digest, manifestBytes, config, layers: descriptors };
}

export const debianRelease = (version = '12', codename = 'bookworm') => ({
  path: 'etc/os-release',
  content: `PRETTY_NAME="Debian GNU/Linux ${version} (${codename})"\nID=debian\nVERSION_ID="${version}"\nVERSION_CODENAME=${codename}\n`,
});
/** packages: [{name, version, source, sourceVersion, arch}] */
export const dpkgStatus = (packages) => ({
  path: 'var/lib/dpkg/status',
  content: packages.map((p) => `Package: ${p.name}\nStatus: install ok installed\nMaintainer: Debian <x@debian.org>\n` +
    `Architecture: ${p.arch ?? 'amd64'}\n${p.source ? `Source: ${p.source}${p.sourceVersion ? ` (${p.sourceVersion})` : ''}\n` : ''}` +
    `Version: ${p.version}\nDescription: x\n`).join('\n') + '\n',
});
/** One OSV record. affected: [{ecosystem, name, fixed?}] */
export const osvRecord = (id, affected, { severity, aliases = [], cvss } = {}) => ({
  schema_version: '1.6.0', id, modified: '2026-01-02T00:00:00Z', published: '2026-01-01T00:00:00Z', aliases, summary: `${id} summary`,
  ...(cvss ? { severity: [{ type: 'CVSS_V3', score: cvss }] } : {}),
  ...(severity ? { database_specific: { severity } } : {}),
  affected: affected.map((a) => ({
    package: { ecosystem: a.ecosystem, name: a.name },
    ...(a.ecosystem_specific ? { ecosystem_specific: a.ecosystem_specific } : {}),
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(a.fixed ? [{ fixed: a.fixed }] : [])] }],
  })),
});
/** Build a vulnerability database of OSV records; returns its path. */
export function makeVdb(records) {
  const dir = tempDir('osv');
  for (const r of records) fs.writeFileSync(path.join(dir, `${r.id}.json`), JSON.stringify(r));
  const out = path.join(tempDir('vdb'), 'test.vdb');
  plimsoll(['vdb', 'build', '--out', out, `osv=${dir}`]);
  return out;
}

// ---- the server --------------------------------------------------------------------------------------------------

/** PLIMSOLL_TEST_STORE=postgresql://…: each data folder that is used first gets a database of its own there. */
export const storeServer = process.env.PLIMSOLL_TEST_STORE || undefined;
/** Of a test about what only a database in the data folder has: `test(name, { skip: filesOnly }, …)`. */
export const filesOnly = storeServer ? 'about the database in the data folder' : false;
const databases = [];
export const sql = (text, address = storeServer) =>
  run('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', address, '-c', text]).stdout.trim();
/** Flags of a server on this folder. A folder that was used before knows its database. */
export function storeFlags(dataDir) {
  if (!storeServer || ['store', 'plimsoll.db'].some((name) => fs.existsSync(path.join(dataDir, name)))) return [];
  const name = `e${process.pid}_${databases.length}`;
  sql(`CREATE DATABASE ${name}`);
  databases.push(name);
  return ['--store', storeServer.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`)];
}
process.on('exit', () => { for (const name of databases) sql(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`); });

export class Server {
  constructor(options = {}) {
    this.options = options;
    this.dataDir = options.dataDir ?? tempDir('data');
    this.password = options.password;
  }
  async start(extra = []) {
    const args = ['serve', '--data-dir', this.dataDir, '--listen', '127.0.0.1:0', '--feeds-every', '0', '--log-level',
      process.env.E2E_LOG ?? 'warn', ...storeFlags(this.dataDir), ...(this.options.args ?? []), ...extra];
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...clock.env, ...this.options.env } });
    this.output = '';
    this.exited = new Promise((done) => this.child.on('exit', (status, signal) => done({ status, signal })));
    await new Promise((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`no start within 30 s:\n${this.output}`)), 30000);
      const look = (data) => {
        this.output += data;
        const at = /listening on (https?:\/\/\S+)/.exec(this.output);
        if (at) { this.url = at[1]; clearTimeout(timer); done(); }
      };
      this.child.stdout.on('data', look);
      this.child.stderr.on('data', look);
      this.child.on('exit', (status, signal) => { clearTimeout(timer); fail(new Error(`ended ${status} ${signal}:\n${this.output}`)); });
    });
    const secret = /password: (\S+)/.exec(this.output);
    if (secret) this.password = secret[1];
    this.host = this.url.replace(/^https?:\/\//, '').replace(/\/$/, '');
    return this;
  }
  get headers() { return { authorization: basic('admin', this.password) }; }
  async fetch(target, options = {}) {
    return fetch(new URL(target, this.url), { ...options, headers: { ...this.headers, ...options.headers } });
  }
  async json(target, options = {}) {
    const r = await this.fetch(target, options);
    const text = await r.text();
    if (!r.ok) throw new Error(`${target}: ${r.status} ${text}`);
    return JSON.parse(text);
  }
  /** A request with a body in JSON, or with none. */
  send(method, target, body, headers = {}) {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    return this.fetch(target, { method, body: body && JSON.stringify(body), headers: { ...json, ...headers } });
  }
  /** Its reply, which has this status. */
  async ask(method, target, body, status = 200, headers = {}) {
    const r = await this.send(method, target, body, headers), text = await r.text();
    assert.equal(r.status, status, `${method} ${target}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  }
  /** It is refused with this status and reason. */
  async refused(method, target, body, status, detail) {
    assert.match((await this.ask(method, target, body, status)).detail, detail);
  }
  /** A new user with these roles, [[role, scope], …]; the server as that user asks it. */
  async person(name, roles = []) {
    const password = `long enough, ${name}`;
    await this.ask('POST', '/api/v1/users', { name, password }, 201);
    for (const [role, scope] of roles) await this.ask('POST', '/api/v1/role-assignments', { user: name, role, scope }, 201);
    return this.as(basic(name, password));
  }
  /** The same server, asked with another Authorization. */
  as(authorization) {
    return Object.create(this, { headers: { value: { authorization } } });
  }
  async all(target) {
    const items = [];
    for (let cursor; ;) {
      const page = await this.json(target + (target.includes('?') ? '&' : '?') + 'limit=500' + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''));
      items.push(...page.items);
      if (!page.next) return items;
      cursor = page.next;
    }
  }
  /** Wait until no scan of this image is open; the image. */
  async scanned(repository, digest, { timeout = 60000, registry = 'local' } = {}) {
    const until = Date.now() + timeout;
    for (;;) {
      // The scans first: what the image says is then no older than their end.
      const at = `/api/v1/registries/${registry}/repositories/${repository}/images/${digest}`, scans = await this.fetch(`${at}/scans`);
      const open = scans.status !== 200 || (await scans.json()).items.some((s) => ['queued', 'running'].includes(s.status));
      const r = await this.fetch(at);
      if (r.status === 200) {
        const image = await r.json();
        if (image.state !== 'Pending' && !open) return image;
      }
      if (Date.now() > until) throw new Error(`${repository}@${digest}: not scanned within ${timeout} ms: ${await r.text?.().catch(() => '')}`);
      await sleep(10);
    }
  }
  findings(repository, digest) { return this.all(`/api/v1/registries/local/repositories/${repository}/images/${digest}/findings`); }
  async stop() {
    if (this.child?.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    return this.exited;
  }
  async kill() {
    this.child.kill('SIGKILL');
    return this.exited;
  }
}

/** Upload a blob and put a manifest by hand, as the plainest client would. */
export async function pushBlob(server, repository, bytes, digest = `sha256:${sha256(bytes)}`) {
  const begun = await server.fetch(`/v2/${repository}/blobs/uploads/`, { method: 'POST', headers: { 'content-length': '0' } });
  if (begun.status !== 202) throw new Error(`POST upload: ${begun.status} ${await begun.text()}`);
  const location = new URL(begun.headers.get('location'), server.url);
  location.searchParams.set('digest', digest);
  const r = await server.fetch(location, { method: 'PUT', body: bytes, headers: { 'content-type': 'application/octet-stream' } });
  if (r.status !== 201) throw new Error(`PUT blob: ${r.status} ${await r.text()}`);
  return digest;
}
export async function pushLayout(server, repository, layout, reference = layout.tag) {
  for (const d of [...layout.layers, layout.config])
    await pushBlob(server, repository, fs.readFileSync(path.join(layout.dir, 'blobs', d.digest.replace(':', '/'))), d.digest);
  const r = await server.fetch(`/v2/${repository}/manifests/${reference}`, {
    method: 'PUT', body: layout.manifestBytes, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
  });
  if (r.status !== 201) throw new Error(`PUT manifest: ${r.status} ${await r.text()}`);
}

/** Findings as comparable text, one line each, sorted. */
// A row for each match of each finding: what the finding says, and over it what the match says.
export const matchRows = (findings) => findings.flatMap((f) => f.matches.map((m) => ({ ...f, ...m, matches: undefined })));
export const findingLines = (findings) => matchRows(findings).map((f) => [f.id, f.check, f.package, f.installed_version, f.fixed_version, f.severity,
  f.status, f.cves.join(','), f.advisory, f.layer, f.path, f.purl].join(' | ')).sort();
