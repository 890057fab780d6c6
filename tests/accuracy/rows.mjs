// Rows of the shared tables, the judgements of ours, and tables of Markdown.
import fs from 'node:fs';
import path from 'node:path';
import { root, shared } from '../e2e/lib.mjs';

export const corpus = path.join(shared, 'corpus');
export const at = (...parts) => path.join(corpus, ...parts);
export const list = (folder) => (fs.existsSync(at(folder)) ? fs.readdirSync(at(folder)).sort() : []);
const plain = { '\\t': '\t', '\\n': '\n', '\\r': '\r', '\\\\': '\\' };
export const unescaped = (field) => field.replace(/\\[tnr\\]/g, (m) => plain[m]);
export const escaped = (field) => field.replace(/[\t\n\r\\]/g, (c) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' })[c]);

/** The rows of a table, as lists of fields; comments and empty lines are none. */
export function tsv(file) {
  return fs.readFileSync(file, 'utf8').split('\n').filter((l) => l && !l.startsWith('#')).map((l) => l.split('\t'));
}

const judged = tsv(path.join(root, 'tests/accuracy/judged.tsv')).map(([what, key, count, who, why]) => ({ what, key, count, who, why }));
/** What was judged of a difference with exactly this count; undefined: nothing. */
export const judgement = (what, key, count) => judged.find((j) => j.what === what && j.key === key && (j.count === '*' || j.count === String(count)));

const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
/** Columns that begin with '#' hold numbers. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |\n`;
  return line(head.map((h) => h.replace(/^#/, ''))) + `|${head.map((h) => (h.startsWith('#') ? '---:' : '---')).join('|')}|\n` +
    rows.map((r) => line(r.map((c, i) => (head[i].startsWith('#') && typeof c === 'number' ? c.toLocaleString('en-US') : cell(c))))).join('');
}
export const code = (text) => `\`${text.replaceAll('`', "'").replace(/[\u0000-\u001f\u007f]/g, '?')}\``;
