// corpus/packages: what test_corpus_packages says of every pair, os-release file and broken input.
import path from 'node:path';
import { build, plimsoll, root, run, shared } from '../e2e/lib.mjs';
import { at, code, judgement, table, tsv } from './rows.mjs';

function said() {
  const env = { PLIMSOLL_SOURCE: root, PLIMSOLL_BUILD: build, PLIMSOLL_SHARED: shared };
  const out = run(path.join(build, 'tests/test_corpus_packages'), [], { env, check: false }).stdout;
  const of = (word) => out.split('\n').filter((l) => l.startsWith(`${word}\t`)).map((l) => l.split('\t').slice(1));
  return { pairs: of('pair'), releases: of('release'), broken: of('broken') };
}

const group = (rows, key) => rows.reduce((m, r) => m.set(key(r), [...(m.get(key(r)) ?? []), r]), new Map());

function pairs(rows) {
  let open = 0;
  const differ = [], unread = [];
  const lines = [...group(rows, (r) => `${r[0]}\t${r[1]}`)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, list]) => {
    const count = (state) => list.filter((r) => r[6] === state).length;
    return [...key.split('\t'), list.length, count('equal'), count('judged'), count('unread'), count('WRONG')];
  });
  for (const [type, , list, , missing, extra, state, error] of rows) {
    if (state === 'equal' || state === 'unread') continue;
    const j = judgement('packages', list, `${missing}/${extra}`);
    open += !j;
    differ.push([type, code(list), Number(missing), Number(extra), j?.who ?? '**not judged**', j?.why ?? error]);
  }
  for (const type of new Set(rows.filter((r) => r[6] === 'unread').map((r) => r[0])).values()) {
    const list = rows.filter((r) => r[0] === type && r[6] === 'unread');
    const j = judgement('unread', type, list.length);
    open += !j;
    unread.push([type, list.length, j?.why ?? '**not judged**']);
  }
  const total = (n) => lines.reduce((sum, l) => sum + l[n], 0);
  return { open, text: `## Package databases and lock files

${total(2)} pairs of a file and what another project's reader makes of it: ${total(3)} equal, ${total(4)} judged, ${total(5)} of files that are not read, ${total(6)} not judged. Name, version with epoch,
architecture, source name and source version are compared as far as the list has them; names of Python as PEP 503 normalises them; a package that a lock file states twice is one; a stanza without a name or a version is skipped and noted; the source of an rpm takes the binary's epoch, since the name of a source rpm has none.

${table(['kind', 'beside', '#pairs', '#equal', '#judged', '#not read', '#not judged'], lines)}
${table(['kind', 'list', '#missing', '#extra', 'right is', 'why'], differ)}
What is not read, and why:

${table(['kind', '#pairs', 'why'], unread)}` };
}

function broken(rows) {
  let open = 0;
  const words = { refused: 'refused', noted: 'read, with a note', read: 'read', nothing: 'no packages', unread: 'not a file that is read' };
  const lines = rows.filter((r) => r[1] !== 'unread').sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([file, state, packages, reason]) => {
    const j = reason ? undefined : judgement('broken', file, packages);
    open += !reason && !j;
    return [code(file), words[state], Number(packages), reason || j?.why || '**not judged**'];
  });
  return { open, text: `### Broken inputs

${rows.length} files that other projects' tests break on purpose, each read at its own place and as every other kind of file: none did harm. ${rows.filter((r) => r[1] === 'unread').length} are of kinds that are not read. The others:

${table(['file', 'answer', '#packages', 'reason'], lines)}` };
}

/** Bills of materials, which are read as an image is: name and version of each. */
function bills() {
  const pairs = tsv(at('packages/index.tsv')).filter(([type]) => /^sbom/.test(type));
  let open = 0;
  const lines = pairs.map(([type, project, , fixture, expected]) => {
    const list = path.basename(expected);
    const r = plimsoll(['inventory', '--format', 'json', `sbom:${at('packages', fixture)}`], { check: false });
    if (r.status !== 0) {
      const j = judgement('bill', list, 'refused');
      open += !j;
      return [type, project, code(list), '', '', j?.why ?? `**not judged** ${r.stderr.trim().split('\n').at(-1)}`];
    }
    const have = new Set(JSON.parse(r.stdout).packages.map((p) => `${p.name} ${p.version}`));
    const want = new Set(tsv(at('packages', expected)).map((f) => `${f[0]} ${f[1]}`));
    const missing = [...want].filter((x) => !have.has(x)), extra = [...have].filter((x) => !want.has(x));
    if (!missing.length && !extra.length) return [type, project, code(list), 0, 0, 'equal'];
    const j = judgement('bill', list, `${missing.length}/${extra.length}`);
    open += !j;
    return [type, project, code(list), missing.length, extra.length, j?.why ?? `**not judged** ${[...missing.map((x) => `-${x}`), ...extra.map((x) => `+${x}`)].slice(0, 6).join(', ')}`];
  });
  return { open, text: `### Bills of materials\n\n${table(['kind', 'beside', 'list', '#missing', '#extra', ''], lines)}` };
}

export function packages() {
  const { pairs: list, releases, broken: inputs } = said();
  const a = pairs(list.filter((r) => !/^sbom/.test(r[0]))), b = broken(inputs), c = bills();
  const right = releases.filter((r) => r[1] === 'equal').length;
  return { open: a.open + b.open + c.open + releases.length - right, text: `${a.text}
### Releases

${right} of ${releases.length} os-release files as expected (id, version, codename, CPE; a display name may be longer).

${c.text}
${b.text}` };
}
