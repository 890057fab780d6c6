import { Button, Switch, Tab, TabList, Tooltip } from '@fluentui/react-components';
import { ArrowDownloadRegular } from '@fluentui/react-icons';
import { useState } from 'react';
import { useApi, usePages } from '../api/client.ts';
import type { Recommendation, Score } from '../api/schema.ts';
import { Bones, Failed } from '../parts/basics.tsx';
import { saveCsv } from '../parts/csv.ts';
import { FilterBar, NoMatch, useFilters, type Filter, type Filters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Chevron, StateWord } from '../parts/glyphs.tsx';
import { HealthBar, HealthFigures, Ticks, type Health } from '../parts/health.tsx';
import { A, change, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.recommendations;
const filters: Filter[] = [
  { name: 'type', kind: 'list', label: t.type, of: [['registries', t.registries]], start: 'registries' },
  { name: 'status', kind: 'list', label: t.status, of: [['Unhealthy', t.active], ['Healthy', s.state.Healthy ?? ''], ['NotApplicable', s.state.NotApplicable ?? '']], start: 'Unhealthy,Healthy' },
  { name: 'severity', kind: 'list', label: s.severity, of: s.severities.map((x) => [x, x]) },
  { name: 'maturity', kind: 'list', label: t.maturity, of: [['scored', t.scored], ['preview', t.previewWord]] },
];
const health = (r: Recommendation): Health => ({ unhealthy: r.unhealthy_registries, healthy: r.healthy_registries, notApplicable: r.not_applicable_registries });
const points = (n: number) => n.toFixed(2);

function fits(r: Recommendation, by: Filters): boolean {
  const oneOf = (name: string, value: string) => !by[name] || by[name].split(',').includes(value);
  return oneOf('status', r.state) && oneOf('severity', r.severity) && oneOf('maturity', r.max_score === undefined ? 'preview' : 'scored') && (!by.search || r.name.toLowerCase().includes(by.search.toLowerCase()));
}

type SortKey = 'name' | 'max' | 'current' | 'increase' | 'status' | 'unhealthy';
const values: Record<SortKey, (r: Recommendation) => number | string> = {
  name: (r) => r.name, max: (r) => r.max_score ?? -1, current: (r) => r.current_score ?? -1, increase: (r) => r.potential_increase ?? -1,
  status: (r) => ['Unhealthy', 'Healthy', 'NotApplicable'].indexOf(r.state), unhealthy: (r) => r.unhealthy_registries,
};
const upwards: SortKey[] = ['name', 'status'];
function sorted(list: Recommendation[], key: SortKey): Recommendation[] {
  const of = values[key], turn = upwards.includes(key) ? 1 : -1;
  return list.toSorted((a, b) => { const x = of(a), y = of(b); return (typeof x === 'string' ? x.localeCompare(String(y)) : x - Number(y)) * turn || a.name.localeCompare(b.name); });
}

/** What all together would add, of all points that there are. */
function Increase({ by, all }: { by: number | undefined; all: number }) {
  if (by === undefined || all === 0) return <span className="t3">{t.notScored}</span>;
  if (by === 0) return <span className="t3">{t.nothing}</span>;
  return <Tooltip content={t.exactly(by)} relationship="description"><span tabIndex={-1}><b>{t.plus(Math.round(by / all * 100))}</b> <span className="t3">{t.points(Math.round(by))}</span></span></Tooltip>;
}

function Cells({ r, all, lead, scored }: { r: Recommendation; all: number; lead: React.ReactNode; scored: boolean }) {
  const h = health(r), assessed = h.healthy + h.unhealthy;
  return (
    <>
      <td role="cell" className="full">{lead}</td>
      <td role="cell" className="num gone">{scored ? r.max_score ?? '–' : ''}</td>
      <td role="cell" className="num gone nw">{scored && (r.current_score === undefined ? '–' : <>{points(r.current_score)} <Ticks now={r.current_score} max={r.max_score ?? 0} /></>)}</td>
      <td role="cell" className={scored ? 'num nw full' : 'num nw gone'} data-label={t.increase}>{scored ? <Increase by={r.potential_increase} all={all} /> : r.max_score === undefined && <span className="t3">{t.notScored}</span>}</td>
      <td role="cell"><StateWord of={r.state} /></td>
      <td role="cell" className="nw">{assessed ? t.ofRegistries(h.unhealthy, assessed) : <span className="t3">{t.noneAssessed}</span>}</td>
      <td role="cell" className="full"><HealthBar of={h} /></td>
    </>
  );
}

/** The best known state of the recommendations of a control, together. */
function together(list: Recommendation[]): Recommendation {
  const worst = sorted(list, 'unhealthy')[0] as Recommendation;
  const scored = list.find((r) => r.max_score !== undefined) ?? worst;
  return { ...scored, state: sorted(list, 'status')[0]?.state ?? worst.state, unhealthy_registries: worst.unhealthy_registries, healthy_registries: worst.healthy_registries, not_applicable_registries: worst.not_applicable_registries };
}

function Rows({ list, all, grouped, sort }: { list: Recommendation[]; all: number; grouped: boolean; sort: SortKey }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const name = (r: Recommendation, inside: boolean) => <A href={to(['recommendations', r.key])} className={inside ? 'inside' : ''}>{r.name}{r.max_score === undefined && <> <span className="mark">{t.previewWord}</span></>}</A>;
  if (!grouped) return sorted(list, sort).map((r) => <tr role="row" key={r.key}><Cells r={r} all={all} scored lead={name(r, false)} /></tr>);
  const controls = new Map<string, Recommendation[]>();
  for (const r of list) controls.set(r.control, [...controls.get(r.control) ?? [], r]);
  const heads = sorted([...controls].map(([control, of]) => ({ ...together(of), name: control })), sort);
  return heads.flatMap((head) => {
    const of = controls.get(head.name) ?? [], open = !closed.has(head.name);
    const fold = () => setClosed((was) => { const now = new Set(was); if (open) now.add(head.name); else now.delete(head.name); return now; });
    return [
      <tr role="row" key={head.name} className="group"><Cells r={head} all={all} scored lead={<button type="button" className="fold" aria-expanded={open} onClick={fold}><Chevron />{head.name} <span className="s t3">{of.length}</span></button>} /></tr>,
      ...(open ? sorted(of, sort).map((r) => <tr role="row" key={r.key}><Cells r={r} all={all} scored={false} lead={name(r, true)} /></tr>) : []),
    ];
  });
}

const columns: [SortKey | '', string, boolean][] = [['name', s.registries.name, false], ['max', t.max, true], ['current', t.current, true], ['increase', t.increase, true], ['status', t.status, false], ['unhealthy', t.unhealthyResources, false], ['', t.resourceHealth, false]];

function Tiles({ list, score }: { list: Recommendation[]; score: Score | undefined }) {
  const controls = new Set(list.map((r) => r.control)), active = list.filter((r) => r.state === 'Unhealthy');
  const h: Health = { unhealthy: score?.unhealthy ?? 0, healthy: score?.healthy ?? 0, notApplicable: score?.not_applicable ?? 0 };
  return (
    <dl className="card tiles">
      <div className="tile wide"><dt>{t.score}</dt><dd>{score?.percentage === undefined ? <span className="v">{t.noScore}</span> : <><span className="v">{Math.round(score.percentage)}%</span> {t.of(points(score.current), score.max)}</>}</dd></div>
      <div className="tile"><dt>{t.controls}</dt><dd><span className="v">{new Set(active.map((r) => r.control)).size}</span> {t.ofAll(controls.size)}</dd></div>
      <div className="tile"><dt>{t.recommendations}</dt><dd><span className="v">{active.length}</span> {t.ofAll(list.length)}</dd></div>
      <div className="tile wide grow"><dt>{t.healthOf(h.unhealthy + h.healthy + h.notApplicable)}</dt><dd style={{ display: 'grid', gap: 6 }}><HealthBar of={h} /><HealthFigures of={h} /></dd></div>
    </dl>
  );
}

function download(list: Recommendation[]): void {
  saveCsv('recommendations', [
    [s.registries.name, t.control, s.severity, t.max, t.current, t.increase, t.status, t.nUnhealthyHead, t.nHealthyHead, t.nNotApplicableHead, t.key],
    ...list.map((r) => [r.name, r.control, r.severity, r.max_score, r.current_score, r.potential_increase, r.state, r.unhealthy_registries, r.healthy_registries, r.not_applicable_registries, r.key]),
  ]);
}

export default function Recommendations() {
  const { query } = usePlace();
  const by = useFilters(filters);
  const pages = usePages('listRecommendations', {}, 1000);
  const score = useApi('getSecureScore', {});
  const tab = query.get('tab') === 'all' ? 'all' : 'score';
  const grouped = query.get('group') !== 'none';
  const sort = columns.find(([key]) => key && key === query.get('sort'))?.[0] || 'increase';
  const scored = pages.items.filter((r) => r.max_score !== undefined);
  const inTab = tab === 'all' ? pages.items : scored;
  const list = inTab.filter((r) => fits(r, by));
  const without = Object.fromEntries(Object.keys(by).map((name) => [name, inTab.filter((r) => fits(r, { ...by, [name]: '' })).length]));
  const all = score.data?.all;
  const assessed = list.reduce((n, r) => n + r.images, 0);
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}
      actions={<Button icon={<ArrowDownloadRegular />} disabledFocusable={!list.length} onClick={() => { if (list.length) download(sorted(list, sort)); }}>{t.csv}</Button>}>
      {pages.error && <section className="card"><Failed what={t.title} error={pages.error} retry={pages.reload} operation="listRecommendations" /></section>}
      {!pages.error && !pages.done && <Bones />}
      {!pages.error && pages.done && <>
        <Tiles list={pages.items} score={all} />
        <section className="card">
          <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'all' ? 'all' : undefined })}>
            <Tab value="score">{t.tabs.score} <span className="t3">{scored.length}</span></Tab><Tab value="all">{t.tabs.all} <span className="t3">{pages.items.length}</span></Tab>
          </TabList>
          <FilterBar of={filters} search={t.search}><Switch label={t.group} labelPosition="after" checked={grouped} onChange={(_, d) => change({ group: d.checked ? undefined : 'none' })} /></FilterBar>
          {!list.length && <NoMatch of={filters} filters={by} without={without} />}
          {list.length > 0 && (
            <table className="cards" role="table" aria-label={t.title}>
              <thead role="rowgroup"><tr role="row">{columns.map(([key, label, num]) => (
                <th role="columnheader" key={label} className={num ? 'num' : ''} {...(key && key === sort ? { 'aria-sort': upwards.includes(key) ? 'ascending' as const : 'descending' as const } : {})}>
                  {key ? <button type="button" onClick={() => change({ sort: key === 'increase' ? undefined : key })}>{label}{key === sort && (upwards.includes(key) ? ' ↑' : ' ↓')}</button> : label}
                </th>
              ))}</tr></thead>
              <tbody role="rowgroup"><Rows list={list} all={all?.max ?? 0} grouped={grouped} sort={sort} /></tbody>
            </table>
          )}
          <div className="under"><span role="status">{t.shown(list.length, inTab.length)}</span><span>{list.every((r) => r.state === 'Healthy') && list.length > 0 ? t.allHealthy(assessed) : t.preview}</span></div>
        </section>
      </>}
    </Page>
  );
}
