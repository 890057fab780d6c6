// Where severities come from, over a database of every feed in ../shared/feeds: by the vendor's word, by a score of the record or of another one, or by nobody.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build, plimsoll, run, shared, tempDir } from '../e2e/lib.mjs';
import { judgement, table } from './rows.mjs';

const feeds = path.join(shared, 'feeds');
const files = [
  ['debian-lists', 'debian/security-tracker-dsa-dla.tar.zst'], ['alpine-secdb', 'alpine/alpine-secdb-from-aports.tar.zst'], ['alpine-secdb', 'wolfi/security-generated-here.json.zst'],
  ['ubuntu-tracker', 'ubuntu/ubuntu-cve-tracker.tar.zst'], ['oval', 'azurelinux/azurelinux-3.0-oval.xml.zst'], ['oval', 'azurelinux/cbl-mariner-2.0-oval.xml.zst'], ['oval', 'azurelinux/cbl-mariner-1.0-oval.xml.zst'],
  ['oval', 'photon/com.vmware.phsa-photon3.xml.zst'], ['oval', 'rhel/rhel-8.oval.xml.zst'], ['oval', 'rhel/Red_Hat_Enterprise_Linux_3.xml.zst'],
  ['csaf', 'format-fixtures/claircore-rhel-vex.tar.zst'], ['rubysec', 'rubygems/ruby-advisory-db.tar.zst'], ['php-advisories', 'packagist/FriendsOfPHP-security-advisories.tar.zst'],
  ['bodhi', 'fedora/bodhi-F36-updates.json.zst'], ['cve5', 'cve5/vulnrichment.tar.zst'], ['kev', 'kev/cisa-kev.tar.zst'],
  ['oval', 'rhel/com.redhat.rhsa-RHEL8.xml.zst'], ['node-security', 'npm/nodejs-security-wg.tar.zst'], ['end-of-life', 'debian/distro-info-data_0.58+deb12u7.tar.zst'],
];
const archives = (folder) => (fs.existsSync(path.join(feeds, folder)) ? fs.readdirSync(path.join(feeds, folder)).map((d) => ['osv', `${folder}/${d}/all.zip`]) : []);
/** Every feed that is here, as operands of `vdb build`. */
export const operands = () => [...archives('osv'), ...archives('osv-derived'), ...archives('osv-fragments'), ...files]
  .filter(([, file]) => fs.existsSync(path.join(feeds, file))).map(([feed, file]) => `${feed}=${path.join(feeds, file)}`);

/** A database of them all, made once. */
let made;
export function everything() {
  if (!made) {
    made = path.join(tempDir('everything'), 'all.vdb');
    plimsoll(['vdb', 'build', '--quiet', '--out', made, ...operands()], { timeout: 900000 });
  }
  return made;
}

export function severity() {
  const target = 'tests/modules/match/accuracy_severity';
  const ninja = spawnSync('flock', [build, 'ninja', '-C', build, target], { encoding: 'utf8' });
  if (ninja.status !== 0) throw new Error(`${ninja.stdout}${ninja.stderr}`);
  const rows = run(path.join(build, target), [everything()]).stdout.trimEnd().split('\n').map((l) => l.split('\t'));
  let open = 0;
  const totals = Array(6).fill(0);
  const lines = rows.sort((a, b) => (`${a[0]} ${a[1]}` < `${b[0]} ${b[1]}` ? -1 : 1)).map((r) => {
    const counts = r.slice(2, 8).map(Number);
    counts.forEach((n, i) => { totals[i] += n; });
    return [r[0], r[1], ...counts];
  });
  const unknown = rows.filter((r) => r.slice(5, 8).some((n) => n !== '0')).map((r) => {
    const words = ['names no CVE', 'no other record of its CVEs', 'none of their records has a score'];
    const reasons = words.map((w, i) => (r[5 + i] === '0' ? '' : `${w}: ${Number(r[5 + i]).toLocaleString('en-US')} (${r[8 + i]})`)).filter(Boolean).join('; ');
    const j = judgement('severity', r[0], '*');
    open += !j;
    return [r[0], r[1], reasons, j?.why ?? '**not judged**'];
  });
  const all = totals.reduce((a, b) => a + b), lost = totals[3] + totals[4] + totals[5];
  return { open, text: `## Severity

Each pair of a package and an advisory in a database of every feed in \`../shared/feeds\` (${operands().length} archives), by where its severity comes from: the vendor's word, the record's own CVSS vector, or another
record of its CVEs (NVD before the CVE record before GitHub's). ${lost.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} are Unknown (${(100 * lost / all).toFixed(1)} %).

${table(['feed', 'of', '#word', '#own vector', '#another record', '#no CVE', '#no other record', '#no score'], lines)}
Unknown, and why:

${table(['feed', 'of', 'reason (an example)', 'what would know'], unknown)}` };
}
