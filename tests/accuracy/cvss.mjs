// corpus/cvss: the base score of every vector, and which texts are vectors.
import { plimsoll } from '../e2e/lib.mjs';
import { at, code, judgement, list, table, tsv } from './rows.mjs';

export function cvss() {
  const lines = [], differ = [];
  let open = 0;
  for (const file of list('cvss').filter((f) => f.endsWith('.tsv'))) {
    const rows = tsv(at('cvss', file)).map((f) => (file === 'valid.tsv' ? { vector: f[0], want: f[1], note: f[3] ?? f[2] } : { vector: f[1], want: `${f[0]} ${f[2]}` }));
    const said = plimsoll(['cvss', '--batch'], { input: rows.map((r) => `${r.vector}\n`).join('') }).stdout.trimEnd().split('\n');
    const answer = (i) => (file !== 'valid.tsv' ? said[i] : said[i] === 'invalid' ? 'invalid' : 'valid');
    const wrong = rows.map((r, i) => ({ ...r, said: answer(i) })).filter((r) => r.said !== r.want)
      .map((r) => ({ ...r, judged: judgement('cvss', r.vector, 1) }));
    open += wrong.filter((r) => !r.judged).length;
    lines.push([code(file), rows.length, rows.length - wrong.length, wrong.filter((r) => r.judged).length]);
    differ.push(...wrong.map((r) => [code(r.vector), r.want, r.said, r.judged?.who ?? '**not judged**', r.judged?.why ?? '']));
  }
  return { open, text: `## CVSS

${table(['table', '#vectors', '#as expected', '#judged'], lines)}${differ.length ? `\n${table(['vector', 'expected', 'ours', 'right is', 'why'], differ)}` : ''}` };
}
