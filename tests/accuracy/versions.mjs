// corpus/versions: every row of every table that is not disputed. Pairs and their order, texts and whether they are versions, versions and ranges.
import { plimsoll } from '../e2e/lib.mjs';
import { at, code, judgement, list, table, tsv } from './rows.mjs';

const ask = (option, rows) => (rows.length ? plimsoll(['vercmp', option], { input: rows.map((r) => `${r.join('\t')}\n`).join('') }).stdout.trimEnd().split('\n') : []);
// Tables that are of one scheme and of two tools: a "list" is not the ecosystem's own syntax.
function syntax(scheme, source, range) {
  if (source === 'go-pep440-version') return 'pep440-loose';
  return /trivy syntax/.test(source) || (source === 'go-npm-version' && range.includes(',')) ? `${scheme}-list` : scheme;
}

/** How the rows of a table are asked: the question, what is expected, how the row is named. */
const kinds = {
  order: ['--batch', ([scheme, a, op, b]) => ({ ask: [scheme, a, b], want: op, name: `${a} ${op} ${b}` })],
  version: ['--batch-valid', ([scheme, text, word]) => ({ ask: [scheme, text], want: word, name: text })],
  range: ['--batch-in', ([scheme, version, range, word, source]) => ({ ask: [syntax(scheme, source, range), version, range], want: word, name: `${version} in ${range}` })],
  requirement: ['--batch-in', ([scheme, text, word, source]) => ({ ask: [syntax(scheme.replace(/-(req|range|specifier)$/, ''), source, text), '1', text], want: word, name: text, validity: true })],
};

/** The kind of a table's rows by its name; null: not a table of questions, or disputed. */
function kindOf(file) {
  if (!file.endsWith('.tsv') || /disputed|^ORACLE|^conflicts|normalize|native-range/.test(file)) return null;
  if (file.endsWith('.ranges.tsv')) return 'range';
  if (/-(req|range|specifier)\.valid\.tsv$/.test(file)) return 'requirement';
  return file.endsWith('.valid.tsv') ? 'version' : 'order';
}

/** Two texts are one where the order says so of what composer/semver makes of them. */
function normalized(file) {
  const rows = tsv(at('versions', file)).map(([, text, op, want]) => ({ ask: ['composer-lib', text, want], want: '=', name: `${text} ${op} ${want}` }));
  return { option: '--batch', rows };
}

/** A range as GitLab and others write it and the vers range of the same: the bounds, and what is next to them, are in both or in neither. A row of several schemes
 * that differ is named by its scheme. */
const schemes = { composer: 'composer-lib-list', conan: 'conan', gem: 'gem', golang: 'go-list', npm: 'npm-list', pypi: 'pep440-list', nuget: 'nuget', openssl: 'openssl-list' };
/** A version behind that one, of the same form. */
const next = (v) => (/^\d+\.\d+\.\d+$/.test(v) ? v.replace(/\d+$/, (n) => Number(n) + 1) : /\d(a|b|rc)\d+$/.test(v) ? `${v}.post1` : `${v}.1`);
function natives() {
  const asked = [];
  const rows = tsv(at('versions/native-range-to-vers.tsv')).filter(([scheme]) => schemes[scheme]);
  rows.forEach(([scheme, native, vers], row) => {
    const bounds = [...new Set(vers.split('/').slice(1).join('/').split('|').map((c) => decodeURIComponent(c.replace(/^[<>=!]+/, ''))).filter((v) => v !== '*'))];
    const name = scheme === 'npm' && /[\^~x*]| - /.test(native) ? 'npm' : scheme === 'gem' && native.includes('||') ? 'gem-list' : schemes[scheme];
    for (const version of bounds.flatMap((b) => [b, next(b)])) asked.push({ row, native: [name, version, native], vers: ['vers', version, vers] });
  });
  const a = ask('--batch-in', asked.map((q) => q.native)), b = ask('--batch-in', asked.map((q) => q.vers));
  const differ = asked.map((q, i) => ({ ...q, want: b[i], said: a[i] })).filter((q) => q.want !== q.said);
  const wrong = new Set(differ.map((q) => q.row));
  return rows.map(([scheme, native, vers], row) => ({ name: `${native} is ${vers}`, group: scheme, want: 'same', said: wrong.has(row) ? `other for ${differ.find((q) => q.row === row).native[1]}` : 'same' }));
}

export function versions() {
  const lines = [], differ = [];
  let open = 0, all = 0, right = 0;
  const tell = (file, answers) => {
    const differing = answers.filter((r) => r.said !== r.want);
    const wrong = differing.map((r) => ({ ...r, judged: r.group ? judgement('version', `${file}: ${r.group}`, differing.filter((o) => o.group === r.group).length) : judgement('version', `${file}: ${r.name}`, 1) }));
    open += wrong.filter((r) => !r.judged).length;
    all += answers.length;
    right += answers.length - wrong.length;
    lines.push([code(file), answers.length, answers.length - wrong.length, wrong.filter((r) => r.judged).length]);
    differ.push(...wrong.map((r) => [code(file), code(r.name), r.want, r.said, r.judged?.who ?? '**not judged**', r.judged?.why ?? '']));
  };
  for (const file of list('versions')) {
    const kind = kindOf(file);
    if (file === 'native-range-to-vers.tsv') { tell(file, natives()); continue; }
    if (!kind && !/normalize/.test(file)) continue;
    const rows = kind ? tsv(at('versions', file)).map(kinds[kind][1]) : normalized(file).rows;
    const said = ask(kind ? kinds[kind][0] : '--batch', rows.map((r) => r.ask));
    tell(file, rows.map((r, i) => ({ ...r, said: r.validity && said[i] !== 'invalid' ? 'valid' : said[i] })));
  }
  return { open, text: `## Versions

${right.toLocaleString('en-US')} of ${all.toLocaleString('en-US')} rows as expected. Tables of rows that the native tool itself contradicts (\`*.disputed.tsv\`, \`conflicts.tsv\`) are left out.
\`*.ranges.tsv\` are versions and ranges as the ecosystem's own tools write them, \`native-range-to-vers.tsv\` is asked with each bound of a range and a version next to it.

${table(['table', '#rows', '#as expected', '#judged'], lines)}${differ.length ? `\n${table(['table', 'row', 'expected', 'ours', 'right is', 'why'], differ)}` : ''}` };
}
