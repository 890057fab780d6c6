// The examples of docs/api.md, run as a newcomer would: one shell, block after block, against a server with one image.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Server, debianRelease, dpkgStatus, makeLayout, makeVdb, osvRecord, pushLayout, root, runAsync } from './lib.mjs';

test('every example of docs/api.md runs, and none prints nothing', async () => {
  const text = fs.readFileSync(path.join(root, 'docs/api.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].map((m) => m[1]);
  assert.ok(blocks.length >= 10, `${blocks.length} examples`);
  const vdb = makeVdb([
    osvRecord('DSA-5678-1', [{ ecosystem: 'Debian:12', name: 'openssl', fixed: '3.0.11-1~deb12u2' }], { aliases: ['CVE-2023-5363'], cvss: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N' }),
    osvRecord('CVE-2026-0001', [{ ecosystem: 'Debian:12', name: 'bash' }], { severity: 'LOW' })]);
  const server = await new Server({ args: ['--vdb', vdb] }).start();
  try {
    const layout = makeLayout([[debianRelease(), dpkgStatus([{ name: 'openssl', version: '3.0.9-1' },
      { name: 'libssl3', version: '3.0.9-1', source: 'openssl' }, { name: 'bash', version: '5.2' }])]], { tag: '12' });
    await pushLayout(server, 'demo/debian', layout);
    await server.scanned('demo/debian', layout.digest);
    // The two lines that a reader sets for himself; then each line that asks says where it stands.
    blocks[0] = `server=${server.url.replace(/\/$/, '')}\nauth=admin:${server.password}\n`;
    let line = 0;
    const script = blocks.join('').split('\n').map((l) => (/^curl/.test(l) ? `printf "\\n@@%s\\n" ${line++}\n${l}` : l)).join('\n');
    const r = await runAsync('bash', ['-e', '-o', 'pipefail', '-c', script]);
    assert.equal(r.status, 0, `${r.stdout}\n${r.stderr}`);
    const printed = r.stdout.split(/^@@\d+$/m).slice(1);
    assert.ok(line >= 25 && printed.length === line, `${line} requests`);
    const asked = script.split('\n').filter((l) => /^curl/.test(l));
    printed.forEach((out, i) => {
      const silent = /-X DELETE/.test(asked[i]);
      assert.equal(out.trim() === '' || /(^|[^\w])null([^\w]|$)/.test(out), silent, `${asked[i]}\n${out}`);
      const status = /# (\d{3}):/.exec(asked[i]);
      if (status) assert.equal(JSON.parse(out).status, Number(status[1]), asked[i]);
    });
    assert.match(r.stdout, /^High libssl3 3\.0\.11-1~deb12u2 apt-get /m);
    assert.match(r.stdout, /^event: scanned$/m);
  } finally { await server.stop(); }
});
