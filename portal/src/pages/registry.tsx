import { useState, type ReactNode } from 'react';
import { useApi, usePages } from '../api/client.ts';
import type { Registry } from '../api/schema.ts';
import { Bones, Empty, Failed, Time, bytes } from '../parts/basics.tsx';
import { Everywhere } from '../parts/everywhere.tsx';
import { FilterBar, NoMatch } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, StateGlyph, StateWord } from '../parts/glyphs.tsx';
import { ImportButton, Imports } from '../parts/imports.tsx';
import { ListTabs } from '../parts/list_tabs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { More } from '../parts/more.tsx';
import { RemoveRegistry } from '../parts/remove.tsx';
import { SortHead } from '../parts/sort_head.tsx';
import { A, repositoryPath, to, usePlace } from '../route.tsx';
import { count, s } from '../strings.ts';

const FIRST = 'local'; // the server's own registry, which stays

/** Its images by state, and where it is. */
function Tiles({ of }: { of: Registry }) {
  const t = s.registry, left = of.unverified + of.pending;
  const state = (name: string, n: number, look: string, wanted: string): [string, ReactNode] => [name, n ? <span key={name} className="v g" style={{ gap: 6 }}><span className={`st ${look}`}><StateGlyph look={look} /></span><A href={to(['images'], { registry: of.name, state: wanted })} aria-label={`${name}: ${s.images(n)}`}>{count(n)}</A></span> : <span key={name} className="v t3">0</span>];
  const rows: [string, ReactNode][] = [
    [s.registries.images, <span key="i" className="v">{of.images ? <A href={to(['images'], { registry: of.name })} aria-label={s.images(of.images)}>{count(of.images)}</A> : 0}</span>], state(s.state.Unhealthy ?? '', of.unhealthy, 'bad', 'Unhealthy'), state(s.state.Healthy ?? '', of.healthy, 'good', 'Healthy'), state(t.left, left, 'none', of.unverified ? 'Unverified' : 'Pending'),
    [s.recommendation.subscription, <span key="s">{of.subscription}<div className="s t3">{t.group(of.resource_group)}</div></span>],
    [s.registries.stored, <span key="b">{bytes(of.stored_bytes)}{of.hosts.length > 0 && <div className="s t3 mono">{of.hosts.join(', ')}</div>}</span>],
  ];
  return <dl className="card tiles even">{rows.map(([k, v]) => <div key={k} className="tile"><dt>{k}</dt><dd>{v}</dd></div>)}</dl>;
}

export default function RegistryPage({ registry }: { registry: string }) {
  const one = useApi('getRegistry', { path: { registry } });
  const { query } = usePlace();
  const sort = query.get('sort') ?? '', search = query.get('search') ?? '';
  const tab = query.get('tab') === 'findings' ? 'findings' : 'repositories';
  const [removing, setRemoving] = useState(false);
  const pages = usePages('listRepositories', { path: { registry }, query: tab === 'repositories' ? { ...(sort ? { sort } : {}), ...(search ? { search } : {}) } : {} });
  const crumbs: [string, string?][] = [[s.registries.title, to(['registries'])], [registry]];
  const d = one.data;
  if (one.error && !d) return <Page title={registry} crumbs={crumbs}><section className="card"><Failed what={registry} error={one.error} retry={one.reload} operation="getRegistry" /></section></Page>;
  return (
    <Page title={registry} crumbs={crumbs} sentence={d && <><StateWord of={d.state} /><span>{d.reason || `${s.registry.sentence(d.unhealthy, d.images)}${d.unverified ? ` ${s.registry.unverified(d.unverified)}` : ''}`}</span></>} actions={<div className="acts"><A className="button large" href={to(['plan'], { registry })}>{s.pages.plan}</A><ImportButton />{d && d.name !== FIRST && <More items={[[s.remove.deleteRegistry, () => setRemoving(true)]]} />}</div>}>
      {d && <Tiles of={d} />}
      <section className="card">
        <ListTabs tab={tab} first="repositories" names={{ repositories: s.registry.repositories, findings: s.pages.findings }} counts={{ repositories: pages.total?.count, findings: d && Object.values(d.findings).reduce((n, x) => n + x, 0) }} />
        {tab === 'findings' && <Everywhere path={['registries', registry]} fixed={{ registry }} />}
        {tab === 'repositories' && <>
        <FilterBar of={[]} search={s.registry.search} />
        {pages.error && <Failed what={s.registry.repositories} error={pages.error} retry={pages.reload} operation="listRepositories" />}
        {!pages.error && !pages.items.length && (pages.loading ? <Bones /> : search ? <NoMatch of={[]} filters={{ search }} /> : <Empty action={<A href={to(['start'], { registry: registry === FIRST ? undefined : registry })}>{s.empty.start}</A>}>{s.empty.repositories}</Empty>)}
        {pages.items.length > 0 && <LongTable label={s.registry.repositories} columns={5} pages={pages} noun={s.nouns.repositories}
          head={<tr role="row"><SortHead name="name" first="name" up>{s.registries.repository}</SortHead><SortHead name="images" first="name" num>{s.registries.images}</SortHead><SortHead name="severity" first="name">{s.counts}</SortHead><th role="columnheader" className="num">{s.registries.stored}</th><SortHead name="pushed" first="name" num>{s.registries.pushed}</SortHead></tr>}
          rows={pages.items.map((r) => ({ key: r.name, cells: <>
            <td role="cell"><A className="b" href={to(repositoryPath(registry, r.name))}>{r.name}</A>{r.unverified > 0 && <div className="s t3">{s.registry.unverified(r.unverified)}</div>}</td><td role="cell" className="num" data-label={s.registries.images}>{r.images}</td>
            <td role="cell" className="full"><Counts of={r.findings} /></td><td role="cell" className="num gone">{bytes(r.stored_bytes)}</td><td role="cell" className="num gone"><Time at={r.pushed_at} /></td>
          </> }))} />}
        </>}
      </section>
      {removing && d && <RemoveRegistry of={d} repositories={pages.total?.count ?? pages.items.length} close={() => setRemoving(false)} />}
      <Imports registry={registry} moved={pages.reload} />
    </Page>
  );
}
