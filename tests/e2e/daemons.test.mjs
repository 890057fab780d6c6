// Docker's and containerd's own daemons log in, push and pull back; what they pushed is scanned. Skipped where they are not installed or cannot start.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Server, build, debianRelease, dpkgStatus, has, makeLayout, makeVdb, osvRecord, plimsoll, root, run, sleep, tempDir, matchRows } from './lib.mjs';

const missing = ['containerd', 'dockerd', 'docker', 'ctr', 'skopeo'].filter((c) => !has(c));
let why = missing.length ? `not installed: ${missing.join(', ')}` : process.getuid() !== 0 ? 'daemons need root' : false;
const dir = tempDir('daemons'), at = (name) => path.join(dir, name);
const children = [];
let server, layout;

/** Start a daemon and wait until it answers; false when it does not. */
async function daemon(command, args, answers) {
  const log = fs.openSync(at(`${command}.log`), 'a');
  const child = spawn(command, args, { stdio: ['ignore', log, log] });
  let ended = false;
  child.on('error', () => { ended = true; });
  const exit = new Promise((done) => child.on('exit', () => { ended = true; done(); }));
  children.unshift({ child, exit });
  for (let i = 0; i < 150 && !ended; i++) {
    if (run(answers[0], answers.slice(1), { check: false, timeout: 5000 }).status === 0) return true;
    await sleep(200);
  }
  return false;
}
const docker = (...args) => run('docker', ['--config', at('config'), '-H', `unix://${at('docker.sock')}`, ...args]);
const ctr = (...args) => run('ctr', ['-a', at('ctd.sock'), ...args]);

before(async () => {
  if (why) return;
  if (!await daemon('containerd', ['--address', at('ctd.sock'), '--root', at('ctd'), '--state', at('run')], ['ctr', '-a', at('ctd.sock'), 'version']))
    why = 'containerd does not start here';
  else if (!await daemon('dockerd', ['--containerd', at('ctd.sock'), '--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs',
    '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '-H', `unix://${at('docker.sock')}`, '--insecure-registry', '127.0.0.0/8'],
  ['docker', '-H', `unix://${at('docker.sock')}`, 'version'])) why = 'dockerd does not start here';
  if (why) return;
  const vdb = makeVdb([osvRecord('CVE-2026-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.11-1' }], { severity: 'HIGH' })]);
  layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0.9-1' }])], [{ path: 'etc/motd', content: 'hello\n' }]]);
  server = await new Server({ args: ['--vdb', vdb] }).start();
  run('skopeo', ['copy', '-q', '--insecure-policy', `oci:${layout.dir}:${layout.tag}`, `docker-archive:${at('image.tar')}:localhost/x:1`]);
});
after(async () => {
  await server?.stop();
  for (const { child, exit } of children) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) continue;
    child.kill('SIGTERM');
    await exit;
  }
  run('umount', [at('exec/netns/default')], { check: false }); // dockerd leaves it mounted when a container used the host's network
});

async function digestOf(repository) {
  const head = await server.fetch(`/v2/${repository}/manifests/1`, { method: 'HEAD', headers: {
    accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json' } });
  assert.equal(head.status, 200);
  return head.headers.get('docker-content-digest');
}
async function found(repository) {
  const digest = await digestOf(repository);
  const image = await server.scanned(repository, digest);
  assert.equal(image.state, 'Unhealthy');
  // By hand: the one package is older than the one record's fix.
  assert.deepEqual(matchRows(await server.findings(repository, digest)).map((f) => [f.package, f.installed_version, f.advisory, f.fixed_version, f.severity]),
    [['openssl', '3.0.9-1', 'CVE-2026-1', '3.0.11-1', 'High']]);
  return digest;
}

test('docker: login, push, pull back', { timeout: 300000 }, async (t) => {
  if (why) return t.skip(why);
  const name = `${server.host}/daemon/docker:1`;
  docker('load', '-q', '-i', at('image.tar'));
  docker('tag', 'localhost/x:1', name);
  const denied = run('docker', ['--config', at('nobody'), '-H', `unix://${at('docker.sock')}`, 'push', name], { check: false });
  assert.notEqual(denied.status, 0);
  assert.match(denied.stdout + denied.stderr, /authentication required|unauthorized|no basic auth/i);
  const wrong = run('docker', ['--config', at('nobody'), '-H', `unix://${at('docker.sock')}`, 'login', '-u', 'admin', '--password-stdin', server.host],
    { check: false, input: 'wrong' });
  assert.notEqual(wrong.status, 0);
  run('docker', ['--config', at('config'), '-H', `unix://${at('docker.sock')}`, 'login', '-u', 'admin', '--password-stdin', server.host], { input: server.password });
  docker('push', '-q', name);
  const digest = await found('daemon/docker');
  docker('rmi', '-f', name, 'localhost/x:1');
  docker('pull', '-q', name);
  const [image] = JSON.parse(docker('image', 'inspect', name).stdout);
  assert.deepEqual(image.RepoDigests, [`${server.host}/daemon/docker@${digest}`]);
  assert.equal(image.RootFS.Layers.length, 2);
  docker('push', '-q', name); // nothing new: still good
  assert.equal(await digestOf('daemon/docker'), digest);
});

test('containerd: push, pull back', { timeout: 300000 }, async (t) => {
  if (why) return t.skip(why);
  const name = `${server.host}/daemon/containerd:1`;
  ctr('images', 'import', '--base-name', 'localhost/x', at('image.tar'));
  const [from] = ctr('images', 'ls', '-q').stdout.split('\n').filter((l) => l.includes('localhost/x'));
  const user = ['--plain-http', '--user', `admin:${server.password}`];
  const denied = run('ctr', ['-a', at('ctd.sock'), 'images', 'push', '--plain-http', name, from], { check: false });
  assert.notEqual(denied.status, 0);
  ctr('images', 'push', ...user, name, from);
  const digest = await found('daemon/containerd');
  ctr('images', 'rm', from);
  ctr('images', 'pull', ...user, name);
  assert.match(ctr('images', 'ls', `name==${name}`).stdout, new RegExp(digest));
});

test("docker: this project's own image runs with its jail whole, and any scanner sees what is in it", { timeout: 300000 }, async (t) => {
  if (why) return t.skip(why);
  if (!has('buildah')) return t.skip('not installed: buildah');
  const archive = at('plimsoll-image.tar'), name = 'plimsoll:test';
  run(path.join(root, 'packaging/container/build'), [archive], { env: { PLIMSOLL_BUILD: build } });
  const packages = JSON.parse(plimsoll(['inventory', '--input', archive, '--format', 'json']).stdout).packages.map((p) => p.name);
  for (const expected of ['libc6', 'libcurl4', 'libsqlite3-0', 'libssl3', 'ca-certificates'])
    assert.ok(packages.includes(expected), `${expected} in ${packages.join(' ')}`);
  run('skopeo', ['copy', '-q', '--insecure-policy', `oci-archive:${archive}`, `docker-archive:${at('own.tar')}:${name}`]);
  docker('load', '-q', '-i', at('own.tar'));
  const id = docker('run', '-d', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'host',
    '-e', 'PLIMSOLL_LISTEN=127.0.0.1:0', '-e', 'PLIMSOLL_FEEDS_EVERY=0', name).stdout.trim();
  try {
    let port;
    for (let i = 0; i < 100 && !port; i++) {
      const logs = docker('logs', id);
      port = /http:\/\/127\.0\.0\.1:([0-9]+)/.exec(logs.stdout + logs.stderr)?.[1];
      if (!port) await sleep(100);
    }
    const ready = await (await fetch(`http://127.0.0.1:${port}/readyz`)).json();
    assert.match(ready.jail, /^seccomp=yes landlock=[1-9][0-9]* no_new_privs=yes rlimits=yes$/);
    docker('stop', '-t', '20', id);
    assert.equal(docker('inspect', '-f', '{{.State.ExitCode}}', id).stdout.trim(), '0'); // ended by itself, not killed
  } finally { docker('rm', '-f', id); }
});
