import { Tab, TabList } from '@fluentui/react-components';
import { useApi } from '../api/client.ts';
import type { ComparedFinding, ComparedImage, ComparedPackage, Counts as CountsOf, Image } from '../api/schema.ts';
import { Bones, Empty, Failed, short } from '../parts/basics.tsx';
import { FilterBar, NoMatch, imageFilters, useFilters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, Kev, SeverityWord, StateGlyph, StateWord, type Severity } from '../parts/glyphs.tsx';
import type { Where } from '../parts/image_contents.tsx';
import { Images } from '../parts/images.tsx';
import { A, change, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { count, s } from '../strings.ts';

const t = s.compare;
const tabs = ['added', 'fixed', 'unchanged', 'packages'] as const;
const LIMIT = 1000;
const sum = (c: CountsOf) => s.severities.reduce((n, x) => n + c[x], 0);
/** Where it is, if that is not where the other one is. */
const place = (i: ComparedImage, other: ComparedImage) => (i.registry === other.registry ? '' : `${i.registry}/`);
const name = (i: ComparedImage) => (i.tags[0] ? `${i.repository}:${i.tags[0]}` : `${i.repository}@${short(i.digest)}`);

function Side({ of, label }: { of: ComparedImage; label: string }) {
  return (
    <div className="tile"><dt>{label}</dt><dd><A className="b" href={to(imagePath(of.registry, of.repository, of.digest))}>{of.repository}</A> <span className="s t3">{of.registry}</span> {of.tags.slice(0, 3).map((x) => <span key={x} className="tag">{x}</span>)} <span className="mono t3">{short(of.digest)}</span><div><StateWord of={of.state} />{of.reason && <span className="s t3"> {of.reason}</span>}</div></dd></div>
  );
}

function Findings({ list, of }: { list: ComparedFinding[]; of: ComparedImage }) {
  return (
    <table className="cards" role="table">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{s.severity}</th><th role="columnheader">{s.checks.check}</th><th role="columnheader">{s.findings.cve}</th><th role="columnheader">{s.checks.package}</th></tr></thead>
      <tbody role="rowgroup">{list.map((f) => (
        <tr role="row" key={f.id}>
          <td role="cell"><SeverityWord of={f.severity as Severity} /></td><td role="cell" className="full"><A href={to(imagePath(of.registry, of.repository, of.digest), { finding: f.id })}>{f.check}</A></td>
          <td role="cell">{f.cves[0] ?? s.findings.noCve}{f.cves.length > 1 ? ` +${f.cves.length - 1}` : ''} {f.kev && <Kev />}</td>
          <td role="cell" className="full"><span className="fix"><b>{f.package}</b> {f.to_version ?? f.from_version}{f.fixed_version && <> → <b>{f.fixed_version}</b></>}</span></td>
        </tr>
      ))}</tbody>
    </table>
  );
}

function Packages({ list }: { list: ComparedPackage[] }) {
  return (
    <table className="cards" role="table">
      <thead role="rowgroup"><tr role="row"><th role="columnheader">{s.inventory.package}</th><th role="columnheader">{t.change}</th><th role="columnheader">{t.from}</th><th role="columnheader">{t.to}</th></tr></thead>
      <tbody role="rowgroup">{list.map((p, i) => <tr role="row" key={`${p.type}${p.name}${i}`}><td role="cell" className="b">{p.name} <span className="s t3">{p.type}</span></td><td role="cell">{t.changes[p.change] ?? p.change}</td><td role="cell" className="mono" data-label={t.from}>{p.from_version}</td><td role="cell" className="mono" data-label={t.to}>{p.to_version}</td></tr>)}</tbody>
    </table>
  );
}

/** Which image to compare with: any that the caller sees. */
function Pick({ where }: { where: Where }) {
  const { query } = usePlace();
  const filters = useFilters(imageFilters);
  const address = (i: Image) => comparePath(where, i);
  const none = <NoMatch of={imageFilters} filters={filters} />;
  return (
    <section className="card">
      <FilterBar of={imageFilters} search={s.imageList.search} />
      <Images key={query.toString()} query={filters} address={address} none={none} />
    </section>
  );
}
/** Its address: the other image's repository and registry are named where they are others. */
function comparePath(to_: Where, from: Where): string {
  const far = from.registry !== to_.registry || from.repository !== to_.repository;
  return to([...imagePath(to_.registry, to_.repository, to_.digest), 'compare', from.digest], far ? { from_registry: from.registry, from_repository: from.repository } : {});
}

/** from: a tag or digest; of another repository where the address names one. Without: it is chosen. */
export default function Compare({ where, from }: { where: Where; from: string }) {
  const { query } = usePlace();
  const { registry, repository, digest } = where;
  const far = { registry: query.get('from_registry') ?? registry, repository: query.get('from_repository') ?? repository };
  const one = useApi('compareImages', from ? { path: where, query: { from, from_registry: far.registry, from_repository: far.repository, limit: LIMIT } } : null);
  const c = one.data;
  const tab = tabs.find((x) => x === query.get('tab')) ?? 'added';
  const picker = [...imagePath(registry, repository, digest), 'compare'];
  const crumbs: [string, string?][] = [[s.registries.title, to(['registries'])], [registry, to(['registries', registry])], [repository, to(repositoryPath(registry, repository))], [short(digest), to(imagePath(registry, repository, digest))], [t.title]];
  const counts = c && { added: sum(c.added), fixed: sum(c.fixed), unchanged: sum(c.unchanged), packages: c.packages_added + c.packages_removed + c.packages_changed };
  const list = c?.findings.filter((f) => f.change === tab) ?? [];
  const unsure = c && [c.from, c.to].some((x) => x.state === 'Pending' || x.state === 'Unverified');
  if (!from) return <Page title={t.pick(`${repository}@${short(digest)}`)} crumbs={crumbs} sentence={t.pickText}><Pick where={where} /></Page>;
  return (
    <Page title={c ? t.titleOf(place(c.from, c.to) + name(c.from), place(c.to, c.from) + name(c.to)) : t.title} crumbs={crumbs} sentence={counts && t.sentence(counts.added, counts.fixed, counts.unchanged)}
      actions={<div className="acts">{c && <A className="button large" href={comparePath(c.from, c.to)}>{t.swap}</A>}<A className="button large" href={to(picker)}>{t.other}</A></div>}>
      {one.error && <section className="card"><Failed what={t.title} error={one.error} retry={one.reload} operation="compareImages" /></section>}
      {!c && !one.error && <Bones />}
      {c && counts && <>
        <dl className="card tiles"><Side of={c.from} label={t.from} /><Side of={c.to} label={t.to} /></dl>
        {unsure && <div className="note unknown" style={{ marginBottom: 16 }}><StateGlyph look="none" /><span>{t.unsure}</span></div>}
        {!c.whole && <div className="note" style={{ marginBottom: 16 }}><StateGlyph look="late" /><span>{t.part}</span></div>}
        <section className="card">
          <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'added' ? undefined : String(d.value) })}>{tabs.map((x) => <Tab key={x} value={x}>{t.tabs[x]} <span className="t3">{count(counts[x])}</span></Tab>)}</TabList>
          {tab !== 'packages' && <><div className="filters"><Counts of={c[tab]} /></div>{list.length ? <Findings list={list} of={tab === 'fixed' ? c.from : c.to} /> : <Empty>{counts[tab] ? t.notShown : t.none[tab]}</Empty>}</>}
          {tab === 'packages' && (c.packages.length ? <Packages list={c.packages} /> : <Empty>{t.none.packages}</Empty>)}
        </section>
      </>}
    </Page>
  );
}
