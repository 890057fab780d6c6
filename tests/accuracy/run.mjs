// docs/accuracy.md: what Plimsoll makes of the test data of other projects, row by row, and why it differs where it does. The page is what this writes.
// Needs what ./test built and the shared data (../shared); without either it says so and ends with 77, as a skipped test does.
// Usage: node tests/accuracy/run.mjs [--check] [SECTION…]      --check: compare the page with what would be written; SECTION: print only these
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { build, hasShared, program, root } from '../e2e/lib.mjs';
import { cvss } from './cvss.mjs';
import { images } from './images.mjs';
import { matchers } from './matchers.mjs';
import { packages } from './packages.mjs';
import { severity } from './severity.mjs';
import { versions } from './versions.mjs';

const page = path.join(root, 'docs/accuracy.md');
const intro = `# Accuracy

What Plimsoll makes of test data of other projects: tables of versions, scores, package databases and images with what those projects' own tests expect of them.
\`node tests/accuracy/run.mjs\` writes this page from a run, \`--check\` compares; nothing in it is written by hand. The judgements come from \`tests/accuracy/judged.tsv\`, one row for
each difference with exactly these counts; a difference without a row fails the check. The data lies beside the repository (\`../shared\`) and is not part of it.
`;
const sections = { versions, cvss, packages, images, matchers, severity };

const options = process.argv.slice(2);
const only = options.filter((o) => o !== '--check');
const missing = !hasShared ? '../shared is absent' : !fs.existsSync(program) ? `${program} is not built` : '';
if (missing) {
  console.log(`accuracy: skipped, ${missing}`);
  process.exit(77);
}
const built = spawnSync('flock', [build, 'ninja', '-C', build, 'plimsoll', 'plimsoll-worker', 'tests/test_corpus_packages'], { encoding: 'utf8' });
if (built.status !== 0) throw new Error(`${built.stdout}${built.stderr}`);

let text = intro, open = 0;
for (const [name, make] of Object.entries(sections)) {
  if (only.length && !only.includes(name)) continue;
  const said = make();
  text += `\n${said.text}`;
  open += said.open;
}
if (only.length) {
  process.stdout.write(text);
} else if (options.includes('--check')) {
  if (fs.existsSync(page) && fs.readFileSync(page, 'utf8') === text) {
    console.log('accuracy: docs/accuracy.md is what a run says');
  } else {
    fs.writeFileSync(`${page}.tmp`, text);
    process.stdout.write(spawnSync('diff', ['-u', page, `${page}.tmp`], { encoding: 'utf8' }).stdout);
    fs.rmSync(`${page}.tmp`);
    console.log('accuracy: docs/accuracy.md is not what a run says; node tests/accuracy/run.mjs writes it');
    process.exitCode = 1;
  }
} else {
  fs.writeFileSync(page, text);
}
if (open) {
  console.log(`accuracy: ${open} differences have no judgement in tests/accuracy/judged.tsv`);
  process.exitCode = 1;
}
