// Figures as data. record.mjs NAME passes a bench's output on and keeps its figures in docs/benchmarks.json, each in the place of the one before;
// the table in docs/benchmarks.md is made of them. record.mjs --table makes it again, record.mjs --check says whether it is up to date.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import readline from 'node:readline';

const at = (name) => new URL(`../../docs/${name}`, import.meta.url);
const DATA = at('benchmarks.json'), PAGE = at('benchmarks.md');
const BEGIN = '<!-- figures: tests/bench/record.mjs -->\n', END = '<!-- end of figures -->\n';
const LINE = /^(\S.*?) +(-?[\d.]+) (\S+) +limit (<=|>=) +([\d.]+) +ratio +[\d.]+ +(?:ok|OVER)$/;

/** "what  figure unit  limit <= n  ratio n  ok" of figure.h, figure.mjs and figure.sh; null when the line is none. */
export function parse(line) {
  const m = LINE.exec(line);
  return m && { what: m[1], figure: Number(m[2]), unit: m[3], sense: m[4], limit: Number(m[5]) };
}

const key = (f) => `${f.bench} ${f.what} ${f.engine ?? ''}`;
/** The list with these figures in it, in the order of their names. */
export function merge(list, fresh) {
  const all = new Map(list.map((f) => [key(f), f]));
  for (const f of fresh) all.set(key(f), f);
  return [...all.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

const shown = (n) => (n >= 1000 ? n.toLocaleString('en-US', { maximumFractionDigits: 0 }) : String(Number(n.toPrecision(3))));
export function table(list) {
  const ok = (f) => (f.sense === '<=' ? f.figure <= f.limit : f.figure >= f.limit);
  const rows = list.map((f) => `| ${f.bench} | ${f.what.replace(`${f.bench}: `, '')} | ${f.engine ?? ''} | ${shown(f.figure)} ${f.unit} | ` +
    `${f.sense === '<=' ? '≤' : '≥'} ${shown(f.limit)} | ${(f.figure / f.limit).toFixed(2)} | ${ok(f) ? 'ok' : 'OVER'} | ${f.machine} | ${f.commit} | ${f.date} |\n`);
  return '| bench | number | store | figure | limit | ratio | | machine | commit | date |\n|---|---|---|---|---|---|---|---|---|---|\n' + rows.join('');
}

const read = () => JSON.parse(fs.readFileSync(DATA, 'utf8'));
function page(list) {
  const text = fs.readFileSync(PAGE, 'utf8');
  const from = text.indexOf(BEGIN), to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error('docs/benchmarks.md: the marks of the table are not there');
  return text.slice(0, from + BEGIN.length) + table(list) + text.slice(to);
}
function write(list) {
  fs.writeFileSync(DATA, `[\n${list.map((f) => `  ${JSON.stringify(f)}`).join(',\n')}\n]\n`);
  fs.writeFileSync(PAGE, page(list));
}

async function record(bench) {
  const git = () => { try { return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(); } catch { return ''; } };
  const where = { machine: `${os.availableParallelism()} processors, ${Math.round(os.totalmem() / 2 ** 30)} GiB`,
    ...(process.env.PLIMSOLL_TEST_STORE ? { engine: 'PostgreSQL' } : {}), commit: git(), date: new Date().toISOString().slice(0, 10) };
  const fresh = [];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(line);
    const f = parse(line);
    if (f) fresh.push({ bench, ...f, ...where });
  }
  if (fresh.length) write(merge(read(), fresh));
}

const [what] = process.argv.slice(2);
if (what === '--table') write(merge(read(), []));
else if (what === '--check') {
  if (page(merge(read(), [])) !== fs.readFileSync(PAGE, 'utf8')) {
    console.log('docs/benchmarks.md: its table is not that of docs/benchmarks.json (node tests/bench/record.mjs --table)');
    process.exitCode = 1;
  }
} else if (what) await record(what);
