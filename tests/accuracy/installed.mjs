// Real packages of the language registries, old enough to have advisories, installed by the ecosystems' own clients into a cache folder, a folder for each. What cannot be
// fetched is left out and said. RubyGems, Packagist and NuGet are asked by no client here: a specification, an installed.json and a deps.json are written as theirs are; a gem
// and the copies that a distribution packages come from Debian's packages. Usage: node tests/accuracy/installed.mjs [FOLDER]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const wanted = {
  npm: ['lodash@4.17.4', 'jquery@3.3.1', 'minimist@0.0.8', 'qs@6.2.0', 'ws@7.4.5', 'marked@0.3.5', 'node-forge@0.9.0', 'semver@5.3.0', 'js-yaml@3.13.0', 'tough-cookie@2.4.2', '@babel/traverse@7.20.0'],
  pypi: ['Django==2.2', 'Jinja2==2.10', 'requests==2.19.1', 'urllib3==1.24', 'Werkzeug==0.14.1', 'Flask==0.12', 'sqlparse==0.3.0'],
  maven: ['org.apache.logging.log4j:log4j-core:2.14.1', 'com.fasterxml.jackson.core:jackson-databind:2.9.1', 'org.apache.tomcat.embed:tomcat-embed-core:9.0.30', 'org.yaml:snakeyaml:1.26',
    'org.apache.commons:commons-compress:1.18', 'org.eclipse.jetty:jetty-server:9.4.20.v20190813', 'com.google.protobuf:protobuf-java:3.6.1'],
  go: ['golang.org/x/net@v0.6.0', 'golang.org/x/text@v0.7.0', 'gopkg.in/yaml.v2@v2.2.1'],
  cargo: { time: '=0.1.43', chrono: '=0.4.19', regex: '=1.5.4' },
  debian: ['python3-django', 'python3-jinja2', 'ruby-rack', 'liblog4j2-java', 'node-lodash', 'fzf'],
};
const GO = 'go1.21.0';

function run(command, args, options = {}) {
  const r = spawnSync(command, args, { encoding: 'utf8', timeout: 900000, maxBuffer: 1 << 28, ...options });
  if (r.status !== 0) throw new Error(`${command} ${args[0]}: ${(r.stderr || r.stdout || String(r.error ?? r.signal)).trim().split('\n').at(-1)}`);
  return r.stdout;
}
const write = (file, text) => { fs.mkdirSync(path.dirname(file), { recursive: true }); fs.writeFileSync(file, text); };
const list = (pairs) => pairs.map(([ecosystem, name, version]) => ({ ecosystem, name, version }));

/** Each fills a root file system and says which packages it asked for. */
const makers = {
  npm(root) {
    const app = path.join(root, 'srv/app');
    write(path.join(app, 'package.json'), '{"name":"app","private":true}');
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel', 'error', ...wanted.npm], { cwd: app });
    return list(wanted.npm.map((p) => ['npm', p.slice(0, p.lastIndexOf('@')), p.slice(p.lastIndexOf('@') + 1)]));
  },
  pypi(root) {
    run('python3', ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--no-compile', '--target', path.join(root, 'usr/local/lib/python3.11/site-packages'), ...wanted.pypi]);
    return list(wanted.pypi.map((p) => ['PyPI', ...p.split('==')]));
  },
  maven(root, work) {
    const of = wanted.maven.map((p) => p.split(':'));
    write(path.join(work, 'pom.xml'), `<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>a</artifactId><version>1</version><packaging>pom</packaging><dependencies>${
      of.map(([g, a, v]) => `<dependency><groupId>${g}</groupId><artifactId>${a}</artifactId><version>${v}</version></dependency>`).join('')}</dependencies></project>`);
    run('mvn', ['-q', '-B', 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies', '-DexcludeTransitive=true', `-DoutputDirectory=${path.join(root, 'opt/app/lib')}`], { cwd: work });
    return list(of.map(([g, a, v]) => ['Maven', `${g}:${a}`, v]));
  },
  go(root, work) {
    write(path.join(work, 'main.go'), `package main\n\nimport (\n\t"fmt"\n\t"net/http"\n\n\t"golang.org/x/net/html"\n\t"golang.org/x/text/language"\n\t"gopkg.in/yaml.v2"\n)\n
func main() {\n\tvar v any\n\tfmt.Println(html.EscapeString("a"), language.Make("en"), yaml.Unmarshal(nil, &v), http.ListenAndServe(":1", nil))\n}\n`);
    const go = (...args) => run('go', args, { cwd: work, env: { ...process.env, GOTOOLCHAIN: GO, GOFLAGS: '-mod=mod' } });
    write(path.join(work, 'go.mod'), `module example.org/app\n\ngo 1.21\n\nrequire (\n${wanted.go.map((m) => `\t${m.replace('@', ' ')}\n`).join('')})\n`);
    go('build', '-o', path.join(root, 'usr/local/bin/app'), '.');
    const modules = run('go', ['version', '-m', path.join(root, 'usr/local/bin/app')]).split('\n').map((l) => l.trim().split(/\s+/)).filter((f) => f[0] === 'dep');
    return list([...modules.map((f) => ['Go', f[1], f[2].replace(/^v/, '')]), ['Go', 'stdlib', GO.slice(2)]]);
  },
  cargo(root, work, cache) {
    const tools = path.join(cache, 'cargo-tools');
    if (!fs.existsSync(path.join(tools, 'bin/cargo-auditable'))) run('cargo', ['install', '-q', '--locked', '--root', tools, 'cargo-auditable']);
    write(path.join(work, 'Cargo.toml'), `[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n${Object.entries(wanted.cargo).map(([n, v]) => `${n} = "${v}"\n`).join('')}`);
    write(path.join(work, 'src/main.rs'), 'fn main() {\n    println!("{} {} {}", time::precise_time_ns(), chrono::Utc::now(), regex::escape("a"));\n}\n');
    run(path.join(tools, 'bin/cargo-auditable'), ['auditable', 'build', '-q', '--release'], { cwd: work });
    write(path.join(root, 'usr/local/bin/app-rust'), '');
    fs.copyFileSync(path.join(work, 'target/release/app'), path.join(root, 'usr/local/bin/app-rust'));
    return list(Object.entries(wanted.cargo).map(([n, v]) => ['crates.io', n, v.slice(1)]));
  },
  written(root) {
    const gems = [['rack', '2.0.1'], ['rails-html-sanitizer', '1.0.3'], ['loofah', '2.2.2']];
    for (const [name, version] of gems)
      write(path.join(root, `usr/local/bundle/specifications/${name}-${version}.gemspec`),
        `# -*- encoding: utf-8 -*-\n# stub: ${name} ${version} ruby lib\n\nGem::Specification.new do |s|\n  s.name = "${name}".freeze\n  s.version = "${version}"\n\n  s.require_paths = ["lib".freeze]\nend\n`);
    const php = [['symfony/http-foundation', 'v3.4.0'], ['twig/twig', 'v1.20.0'], ['guzzlehttp/guzzle', '6.2.0']];
    write(path.join(root, 'srv/shop/vendor/composer/installed.json'), JSON.stringify({ packages: php.map(([name, version]) => ({ name, version, version_normalized: `${version.replace('v', '')}.0`, type: 'library' })), dev: true }, null, 4));
    const net = [['BouncyCastle', '1.8.1'], ['jQuery', '3.3.1'], ['Google.Protobuf', '3.6.1']];
    write(path.join(root, 'opt/net/app.deps.json'), JSON.stringify({ runtimeTarget: { name: '.NETCoreApp,Version=v3.1' },
      targets: { '.NETCoreApp,Version=v3.1': Object.fromEntries(net.map(([n, v]) => [`${n}/${v}`, { runtime: { [`lib/${n}.dll`]: {} } }])) },
      libraries: Object.fromEntries(net.map(([n, v]) => [`${n}/${v}`, { type: 'package', serviceable: true, sha512: '', path: `${n}/${v}`.toLowerCase() }])) }, null, 2));
    return list([...gems.map((g) => ['RubyGems', ...g]), ...php.map((p) => ['Packagist', ...p]), ...net.map((n) => ['NuGet', ...n])]);
  },
  // Debian's packages, unpacked, and what dpkg would keep of them: the database in a folder of its own, so that a test may leave it out.
  debian(root, work, cache) {
    fs.mkdirSync(work, { recursive: true });
    run('apt-get', ['download', '-q', ...wanted.debian], { cwd: work, env: { ...process.env, APT_CONFIG: '/dev/null' } });
    const files = path.join(root, 'files'), database = path.join(root, 'database');
    let status = '';
    for (const deb of fs.readdirSync(work).filter((f) => f.endsWith('.deb'))) {
      const file = path.join(work, deb);
      fs.mkdirSync(files, { recursive: true });
      run('dpkg-deb', ['-x', file, files]);
      const name = run('dpkg-deb', ['-f', file, 'Package']).trim();
      status += `${run('dpkg-deb', ['-f', file]).trimEnd().replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed')}\n\n`;
      const paths = run('dpkg-deb', ['-c', file]).split('\n').filter(Boolean).map((l) => l.split(/\s+/).slice(5).join(' ').replace(/ (->|link to) .*/, '').replace(/^\./, '').replace(/(?<=.)\/$/, ''));
      write(path.join(database, `var/lib/dpkg/info/${name}.list`), `${paths.map((p) => p || '/.').join('\n')}\n`);
    }
    write(path.join(database, 'var/lib/dpkg/status'), status);
    return [];
  },
};

/** One of them, made unless it is there: {root, packages}, or {left: why}. */
export function make(name, cache = process.env.PLIMSOLL_INSTALLED ?? path.join(os.homedir(), '.cache/plimsoll-installed')) {
  const home = path.join(cache, name), root = path.join(home, 'root'), said = path.join(home, 'packages.json');
  const stamp = JSON.stringify([wanted[name] ?? name, GO, makers[name].toString().length]);
  try {
    const known = fs.existsSync(said) && JSON.parse(fs.readFileSync(said, 'utf8'));
    if (known && known.stamp === stamp) return { root, packages: known.packages };
    fs.rmSync(home, { recursive: true, force: true });
    fs.mkdirSync(root, { recursive: true });
    const packages = makers[name](root, path.join(home, 'work'), cache);
    fs.writeFileSync(said, JSON.stringify({ stamp, packages }));
    return { root, packages };
  } catch (e) {
    return { left: `it cannot be made: ${e.message}` };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const name of Object.keys(makers)) {
    const m = make(name, process.argv[2]);
    console.log(`${name}: ${m.left ?? `${m.root}, ${m.packages.length} packages asked for`}`);
  }
