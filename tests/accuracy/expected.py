#!/usr/bin/env python3
# What the feeds say of packages, read without Plimsoll: OSV archives, ruby-advisory-db and FriendsOfPHP's advisories, compared with the "packaging" library for Python
# and with the few lines below for the others. Input: lines ECOSYSTEM<TAB>NAME<TAB>VERSION; output: the same with <TAB>ID,ALIAS,… for each record that has the version.
# Usage: expected.py FEEDS < packages      FEEDS: a folder with osv/ECOSYSTEM/all.zip, osv-fragments/, rubygems/, packagist/
import json
import os
import re
import subprocess
import sys
import zipfile

from packaging.version import InvalidVersion, Version

PRE = {'dev': -4, 'a': -3, 'alpha': -3, 'b': -2, 'beta': -2, 'pre': -1, 'rc': -1, 'm': -1, 'snapshot': -1}


def parts(version):
    """Numbers and words of a version; a word that is a pre-release sorts before nothing."""
    version = version.lstrip('v').split('+')[0].lower()
    out = []
    for word in re.findall(r'\d+|[a-z]+', version):
        if word.isdigit():
            out.append((1, int(word)))
        elif word in ('final', 'release', 'ga', 'jre', 'incompatible'):
            continue
        else:
            out.append((PRE.get(word, 0), 0))
    while out and out[-1] == (1, 0):
        out.pop()
    return out


def semver(version):
    """Numbers, then whether it is a release, then the pre-release's identifiers: numbers before words (semver.org 2.0.0, 11)."""
    core, _, pre = version.lstrip('v').split('+')[0].partition('-')
    numbers = [int(n) for n in core.split('.')] + [0, 0]
    return numbers[:3], pre == '', [(0, int(p), '') if p.isdigit() else (1, 0, p) for p in pre.split('.')]


def compare(a, b, ecosystem):
    if ecosystem in ('Go', 'npm', 'crates.io'):
        x, y = semver(a), semver(b)
        return (x > y) - (x < y)
    if ecosystem == 'PyPI':
        try:
            x, y = Version(a), Version(b)
            return (x > y) - (x < y)
        except InvalidVersion:
            pass
    x, y = parts(a), parts(b)
    for i in range(max(len(x), len(y))):
        p = x[i] if i < len(x) else (0.5, 0)
        q = y[i] if i < len(y) else (0.5, 0)
        # an absent number is 0
        p = (1, 0) if p == (0.5, 0) and q[0] == 1 else p
        q = (1, 0) if q == (0.5, 0) and p[0] == 1 else q
        if p != q:
            return 1 if p > q else -1
    return 0


def in_events(version, events, ecosystem):
    """OSV's own algorithm: events in order of their versions."""
    inside = False
    order = []
    for event in events:
        (kind, value), = [(k, v) for k, v in event.items() if k in ('introduced', 'fixed', 'last_affected', 'limit')]
        order.append((kind, value))
    def first(x, y):
        if x[1] == y[1]:
            return 0
        if x[1] == '0':
            return -1
        if y[1] == '0':
            return 1
        return compare(x[1], y[1], ecosystem)
    import functools
    order.sort(key=functools.cmp_to_key(first))
    for kind, value in order:
        c = 1 if value == '0' else compare(version, value, ecosystem)
        if kind == 'introduced' and c >= 0:
            inside = True
        elif kind in ('fixed', 'limit') and c >= 0:
            inside = False
        elif kind == 'last_affected' and c > 0:
            inside = False
    return inside


def osv(feeds, ecosystem):
    for folder in ('osv', 'osv-fragments'):
        path = os.path.join(feeds, folder, ecosystem, 'all.zip')
        if not os.path.exists(path):
            continue
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith('.json'):
                    yield json.loads(archive.read(name))


def fold(name, ecosystem):
    if ecosystem == 'PyPI':
        return re.sub(r'[-_.]+', '-', name).lower()
    return name.lower() if ecosystem in ('NuGet', 'Packagist') else name


def ids_of(record):
    return [record['id']] + [a for a in record.get('aliases') or [] if re.match(r'(CVE|GHSA|GO|PYSEC|RUSTSEC)-', a)]


def from_osv(feeds, ecosystem, wanted):
    for record in osv(feeds, ecosystem):
        if record.get('withdrawn'):
            continue
        for affected in record.get('affected') or []:
            package = affected.get('package') or {}
            if package.get('ecosystem', '').split(':')[0] != ecosystem:
                continue
            for name, version in wanted.get(fold(package['name'], ecosystem), ()):
                listed = version in (affected.get('versions') or [])
                ranges = [r for r in affected.get('ranges') or [] if r['type'] in ('SEMVER', 'ECOSYSTEM')]
                if listed or any(in_events(version, r['events'], ecosystem) for r in ranges):
                    yield name, version, ids_of(record)


def archive_texts(path, ending):
    names = subprocess.run(['tar', '--zstd', '-tf', path], capture_output=True, text=True, check=True).stdout.split('\n')
    for name in names:
        if re.search(ending, name):
            yield name, subprocess.run(['tar', '--zstd', '-xOf', path, name], capture_output=True, text=True, check=True).stdout


def requirement(text, version):
    """RubyGems: every part must hold."""
    for part in text.split(','):
        mark, wanted = re.match(r'\s*([<>=!~]*)\s*(\S+)', part).groups()
        c = compare(version, wanted, 'RubyGems')
        if mark == '~>':
            front = wanted.split('.')[:-1] or wanted.split('.')
            front[-1] = str(int(front[-1]) + 1)
            ok = c >= 0 and compare(version, '.'.join(front), 'RubyGems') < 0
        else:
            ok = {'<': c < 0, '<=': c <= 0, '>': c > 0, '>=': c >= 0, '=': c == 0, '': c == 0, '!=': c != 0}[mark]
        if not ok:
            return False
    return True


def yaml_of(text):
    import yaml
    return yaml.safe_load(text)


def from_rubysec(feeds, wanted):
    names = '|'.join(re.escape(n) for n in wanted)
    for _, text in archive_texts(os.path.join(feeds, 'rubygems/ruby-advisory-db.tar.zst'), rf'(^|/)gems/({names})/[^/]+\.yml$'):
        r = yaml_of(text)
        ids = [f'CVE-{r["cve"]}'] if r.get('cve') else []
        ids += [f'GHSA-{r["ghsa"]}'] if r.get('ghsa') else []
        ids += [f'OSVDB-{r["osvdb"]}'] if r.get('osvdb') else []
        good = (r.get('patched_versions') or []) + (r.get('unaffected_versions') or [])
        for name, version in wanted.get(r['gem'], ()):
            if not any(requirement(str(g), version) for g in good):
                yield name, version, ids


def from_php(feeds, wanted):
    names = '|'.join(re.escape(n) for n in wanted)
    for file, text in archive_texts(os.path.join(feeds, 'packagist/FriendsOfPHP-security-advisories.tar.zst'), rf'(^|/)({names})/[^/]+\.ya?ml$'):
        r = yaml_of(text)
        package = r['reference'].removeprefix('composer://')
        for name, version in wanted.get(package.lower(), ()):
            if any(all(requirement(v, version) for v in b['versions']) for b in r['branches'].values()):
                yield name, version, [r['cve']] if r.get('cve') else [re.sub(r'\.ya?ml$', '', file)]


def main():
    wanted = {}
    for line in sys.stdin:
        ecosystem, name, version = line.rstrip('\n').split('\t')
        wanted.setdefault(ecosystem, {}).setdefault(fold(name, ecosystem), []).append((name, version))
    feeds = sys.argv[1]
    for ecosystem, names in wanted.items():
        found = list(from_osv(feeds, ecosystem, names))
        if ecosystem == 'RubyGems':
            found += from_rubysec(feeds, names)
        if ecosystem == 'Packagist':
            found += from_php(feeds, names)
        for name, version, ids in found:
            print(ecosystem, name, version, ','.join(ids), sep='\t')


main()
