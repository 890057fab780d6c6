// Findings over many images, of a registry, a repository or all: one filter bar, grouped as is asked for, and the pane of one of them.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { asFailure, call, usePages, type Failure, type Pages } from '../api/client.ts';
import type { Finding, FoundCheck, Image } from '../api/schema.ts';
import { go, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Empty, Failed, percent, short } from './basics.tsx';
import { FindingPane } from './finding_pane.tsx';
import { Density, FindingList, GroupBar, Title, findingRow, isContent, ofMany, useGroup } from './findings.tsx';
import { NoMatch, manyFilters, useFilters, type Filter, type Filters } from './filters.tsx';
import { Chevron, Counts, Kev, SeverityWord, StateWord } from './glyphs.tsx';
import { LongTable, type Row } from './long_table.tsx';

const BELOW = 100; // findings shown below one head
type Fixed = { registry?: string; repository?: string };
interface Opened { items: Finding[]; more: number; error?: Failure }

/** What is below each head that is open, read when it is opened. */
function useBelow(read: (key: string) => Promise<{ items: Finding[]; total?: number }>, about: string) {
  const [open, setOpen] = useState<ReadonlyMap<string, Opened | undefined>>(new Map());
  const [of, setOf] = useState(about);
  if (of !== about) { setOf(about); setOpen(new Map()); } // other filters: other findings
  const fold = (key: string, yes: boolean) => {
    if (yes === open.has(key)) return;
    setOpen((was) => { const now = new Map(was); if (yes) now.set(key, undefined); else now.delete(key); return now; });
    if (!yes) return;
    const put = (what: Opened) => setOpen((was) => (was.has(key) ? new Map(was).set(key, what) : was));
    read(key).then((page) => put({ items: page.items, more: Math.max(0, (page.total ?? page.items.length) - page.items.length) }), (e: unknown) => put({ items: [], more: 0, error: asFailure(e) }));
  };
  return { open, fold };
}

interface ListProps { fixed: Fixed; filters: Filters; names: readonly Filter[]; address: (f: Finding) => string; isOpen: (f: Finding) => boolean }

function Grouped<T>({ pages, head, names, filters, heads, keyed, below, fold, address, isOpen, noun, label, empty, note }: Omit<ListProps, 'fixed'> & {
  pages: Pages<T>; head: (x: T) => ReactNode; heads: T[]; keyed: (x: T) => string; below: ReadonlyMap<string, Opened | undefined>; fold: (key: string, yes: boolean) => void; noun: (n: number) => string; label: string; empty: string; note?: string;
}) {
  const [dense, setDense] = useState(false);
  const rows: Row[] = [];
  for (const x of heads) {
    const key = keyed(x), open = below.has(key), of = below.get(key);
    rows.push({ key: `group ${key}`, className: 'group', fold: (yes) => fold(key, yes), cells: (
      <td role="cell" colSpan={6} className="full"><div className="g"><button type="button" className="fold wide" aria-expanded={open} onClick={() => fold(key, !open)}><Chevron />{head(x)}</button></div></td>
    ) });
    if (!open) continue;
    if (!of) rows.push({ key: `wait ${key}`, cells: <td role="cell" colSpan={6}><Bones rows={1} /></td> });
    else if (of.error) rows.push({ key: `error ${key}`, cells: <td role="cell" colSpan={6}><StateWord look="late" word={of.error.message} /></td> });
    else rows.push(...of.items.map((f) => findingRow(f, address(f), true, isOpen(f))));
    if (of && of.more > 0) rows.push({ key: `more ${key}`, cells: <td role="cell" colSpan={6} className="s t3">{s.findings.moreOf(of.more)}</td> });
  }
  const filtered = Object.keys(filters).length > 0;
  return (
    <>
      <GroupBar names={names} choices={ofMany} />
      {pages.error && <Failed what={s.pages.findings} error={pages.error} retry={pages.reload} operation="listFindings" />}
      {!pages.error && !rows.length && (!pages.done ? <Bones /> : filtered ? <NoMatch of={names} filters={filters} /> : <Empty>{empty}</Empty>)}
      {rows.length > 0 && <div className={dense ? 'compact' : ''}><LongTable label={label} columns={6} rows={rows} pages={{ ...pages, items: heads, total: heads.length === pages.items.length ? pages.total : undefined }} noun={noun} className="cards fixed" foot={<><Density dense={dense} setDense={setDense} />{note}</>} head={(
        <tr role="row" hidden={below.size === 0}><th role="columnheader" style={{ width: 116 }}>{s.severity}</th><th role="columnheader">{s.findings.check}</th><th role="columnheader" style={{ width: '22%' }}>{s.findings.where}</th><th role="columnheader" style={{ width: 150 }}>{s.findings.cve}</th><th role="columnheader" className="num" style={{ width: 92 }}>{s.findings.cvss}</th><th role="columnheader" className="num" style={{ width: 92 }}>{s.findings.epss}</th></tr>
      )} /></div>}
    </>
  );
}

function ByCheck({ fixed, filters, ...rest }: ListProps) {
  const by = { ...filters, ...fixed };
  const pages = usePages('listChecks', { query: by });
  const { open, fold } = useBelow((key) => call('listFindings', { query: { ...by, check_id: key, limit: BELOW } }), JSON.stringify(by));
  const head = (c: FoundCheck) => (
    <><SeverityWord of={c.severity} /><span className="head-text"><span><Title of={c.title} beside={c.cves[0]} /></span><span className="s t2">{c.package}{c.fixed_version ? <> → <b>{c.fixed_version}</b></> : ` · ${isContent(c) ? s.findings.changeImage : s.findings.noFixText(s.findings.status[c.status] ?? c.status)}`}{c.cves[0] && ` · ${c.cves[0]}${c.cves.length > 1 ? ` +${c.cves.length - 1}` : ''}`}{c.epss !== undefined && ` · ${s.findings.epss} ${percent(c.epss)}`}</span></span>
      {c.kev && <Kev />}<span className="mark">{s.findings.expand(c.images, c.images_exact)}</span></>
  );
  return <Grouped {...rest} filters={filters} pages={pages} heads={pages.items} keyed={(c) => String(c.id)} head={head} below={open} fold={fold} noun={s.nouns.checks} label={s.pages.findings} empty={s.empty.findings} />;
}

const place = (i: Image): string => `${i.registry}:${i.repository}@${i.digest}`;

/** How many findings of these filters each image has; without filters that is kept with the image. */
function useMatching(images: Image[], filters: Filters): ReadonlyMap<string, number> {
  const about = JSON.stringify(filters);
  const [got, setGot] = useState<{ about: string; counts: ReadonlyMap<string, number> }>({ about, counts: new Map() });
  const asked = useRef<{ about: string; places: Set<string> }>({ about: '', places: new Set() });
  const any = Object.keys(filters).length > 0;
  useEffect(() => {
    if (!any) return;
    if (asked.current.about !== about) asked.current = { about, places: new Set() };
    const { places } = asked.current;
    for (const i of images) {
      if (places.has(place(i))) continue;
      places.add(place(i));
      const put = (n: number) => setGot((was) => ({ about, counts: new Map(was.about === about ? was.counts : []).set(place(i), n) }));
      call('listImageFindings', { path: { registry: i.registry, repository: i.repository, digest: i.digest }, query: { ...(JSON.parse(about) as Filters), limit: 1 } }).then((page) => put(page.total), () => put(0));
    }
  }, [images, about, any]);
  if (!any) return new Map(images.map((i) => [place(i), Object.values(i.findings).reduce((n, x) => n + x, 0)]));
  return got.about === about ? got.counts : new Map();
}

/** Of the filters, those that choose images; the others choose findings of them. */
const ofImages = ['registry', 'repository', 'os'];
/** As the API reads it: "*" any run of characters, "?" one. */
const glob = (pattern: string, text: string): boolean => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
const fitsAny = (patterns: string | undefined, text: string): boolean => !patterns || patterns.split(',').some((p) => glob(p, text));

function ByImage({ fixed, filters, ...rest }: ListProps) {
  const registry = fixed.registry ?? filters.registry, { os, repository } = filters;
  const within = Object.fromEntries(Object.entries(filters).filter(([k]) => !ofImages.includes(k)));
  const pages = usePages('listAllImages', { query: { state: 'Unhealthy', limit: 50, ...(registry ? { registry } : {}), ...(fixed.repository ? { repository: fixed.repository } : {}) } });
  const fitting = pages.items.filter((i) => fitsAny(os, `${i.distro.id}:${i.distro.version_id}`) && fitsAny(repository, i.repository));
  const counts = useMatching(fitting, within);
  const heads = fitting.filter((i) => counts.get(place(i)) !== 0);
  const { done, loading, more } = pages;
  useEffect(() => { if (!heads.length && !done && !loading) more(); }, [heads.length, done, loading, more]); // no image so far has any
  const byPlace = new Map(pages.items.map((i) => [place(i), i]));
  const { open, fold } = useBelow(async (key) => {
    const i = byPlace.get(key);
    if (!i) return { items: [] };
    const page = await call('listImageFindings', { path: { registry: i.registry, repository: i.repository, digest: i.digest }, query: { ...within, limit: BELOW } });
    return { items: page.items.map((f) => ({ ...f, registry: i.registry, repository: i.repository, digest: i.digest })), total: page.total };
  }, JSON.stringify([within, registry]));
  const head = (i: Image) => {
    const n = counts.get(place(i));
    return <><span className="head-text"><span>{i.repository}{i.tags.slice(0, 3).map((x) => <span key={x} className="tag">{x}</span>)}</span><span className="s t2">{i.registry} · {short(i.digest)} · {i.distro.name || i.distro.id || i.platform}</span></span><Counts of={i.findings} /><span className="mark">{n === undefined ? s.findings.counting : s.vulnerabilities(n)}</span></>;
  };
  return <Grouped {...rest} filters={filters} pages={pages} heads={heads} keyed={place} head={head} below={open} fold={fold} noun={s.nouns.images} label={s.pages.findings} empty={s.empty.findings} note={s.findings.imagesShown} />;
}

function Flat({ fixed, filters, names, address, isOpen, shown }: ListProps & { shown: (items: Finding[]) => void }) {
  const { query } = usePlace();
  const by = useGroup(ofMany);
  const sort = by === 'none' ? query.get('sort') : 'package'; // so that a group's findings come one after the other
  const pages = usePages('listFindings', { query: { ...filters, ...fixed, ...(sort ? { sort } : {}) } });
  useEffect(() => shown(pages.items), [pages.items, shown]);
  return <FindingList pages={pages} filters={filters} names={names} everywhere choices={ofMany} empty={s.empty.findings} addressOf={address} isOpen={isOpen} />;
}

/** path: of the page that shows it; fixed: what that page is about. */
export function Everywhere({ path, fixed = {} }: { path: string[]; fixed?: Fixed }) {
  const { query } = usePlace();
  const names = manyFilters.filter((f) => !(f.name in fixed));
  const filters = useFilters(names);
  const by = useGroup(ofMany);
  const [items, setItems] = useState<Finding[]>([]);
  const open = query.get('finding') ?? '', at = query.get('at') ?? '';
  const [, registry = fixed.registry ?? 'local', repository = '', digest = ''] = /^(?:([^:@]+):)?([^@]+)@(.+)$/.exec(at) ?? []; // REGISTRY:REPOSITORY@DIGEST
  const where = (f: Finding) => `${f.registry}:${f.repository}@${f.digest}`;
  const address = (f: Finding) => { const q = new URLSearchParams(query); q.set('finding', String(f.id)); q.set('at', where(f)); return to(path, Object.fromEntries(q)); };
  const isOpen = (f: Finding) => String(f.id) === open && where(f) === `${registry}:${repository}@${digest}`;
  const list = by === 'none' ? items : []; // neighbours are those of the list as it is read
  const index = list.findIndex(isOpen);
  const props = { fixed, filters, names, address, isOpen };
  return (
    <>
      {by === 'cve' ? <ByCheck {...props} /> : by === 'image' ? <ByImage {...props} /> : <Flat {...props} shown={setItems} />}
      {open && digest && !query.get('pane') && <FindingPane id={open} registry={registry} repository={repository} digest={digest} found={list[index]} position={index < 0 ? undefined : [index, list.length]} step={(n) => { const f = list[index + n]; if (f) go(address(f), true); }} />}
    </>
  );
}
