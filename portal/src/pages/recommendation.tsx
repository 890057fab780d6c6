import { Button, Checkbox, Input, Menu, MenuItem, MenuItemLink, MenuList, MenuPopover, MenuTrigger, Tab, TabList } from '@fluentui/react-components';
import { AlertRegular, ArrowDownloadRegular, BracesRegular, MoreHorizontalRegular, ProhibitedRegular, SearchRegular, ShieldRegular, TextBulletListSquareSearchRegular } from '@fluentui/react-icons';
import { useEffect, useState } from 'react';
import { asFailure, call, useApi, usePages, type Pages, VULNERABILITIES } from '../api/client.ts';
import type { AssessedRegistry, Exemption, FoundCheck, Recommendation } from '../api/schema.ts';
import { ActionButton, Bones, Copy, Empty, Failed, Time } from '../parts/basics.tsx';
import { CheckPane } from '../parts/check_pane.tsx';
import { AssessedImages } from '../parts/assessed_images.tsx';
import { CheckTabs, checkCsv } from '../parts/checks.tsx';
import { saveCsv } from '../parts/csv.ts';
import { useFilters, everywhereFilters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, SeverityGlyph, SeverityWord, StateGlyph, StateWord } from '../parts/glyphs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { Pane } from '../parts/pane.tsx';
import { A, change, go, to, usePlace } from '../route.tsx';
import { action, useMay } from '../session.tsx';
import { count, s } from '../strings.ts';

const t = s.recommendation;
const REGISTRIES = 1000; // read for sums and for those with most
const MOST = 4;
const FIXABLE_OF = 10; // registries that are asked for what can be fixed
const CSV_MAX = 10000, SEARCHED = 4; // with more registries there is a box to search them
const NONE: AssessedRegistry[] = [];
const total = (of: Recommendation['findings']) => s.severities.reduce((n, x) => n + of[x], 0);
const states = ['Unhealthy', 'Healthy', 'NotApplicable'] as const;
type State = (typeof states)[number];

/** How many CVEs the findings are about. */
function useUniqueCves(scored: boolean): string {
  const of = useApi('getOverview', scored ? {} : null).data;
  return of ? `${count(of.unique_cves)}${of.unique_cves_exact ? '' : '+'}` : '–';
}

function Tiles({ r, registries }: { r: Recommendation; registries: AssessedRegistry[] }) {
  const cves = useUniqueCves(r.key === VULNERABILITIES);
  const all = total(r.findings);
  const most = registries.filter((x) => x.state === 'Unhealthy').map((x) => [x, total(x.findings)] as const).toSorted(([, a], [, b]) => b - a).slice(0, MOST);
  const worst = Math.max(1, ...s.severities.map((x) => r.findings[x]));
  const order = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown'] as const;
  const unassessed = registries.filter((x) => x.state !== 'NotApplicable').reduce((n, x) => n + x.unverified + x.pending, 0);
  const common = <>
    <div className="tile"><dt>{s.severity}</dt><dd className="v"><SeverityWord of={r.severity} /></dd></div>
    <div className="tile"><dt>{t.unhealthy}</dt><dd><span className="v">{count(r.unhealthy_registries)}</span> {t.of(r.unhealthy_registries + r.healthy_registries)}</dd></div>
    <div className="tile"><dt>{r.key === VULNERABILITIES ? t.vulnerable : t.concerned}</dt><dd><span className="v">{r.key === VULNERABILITIES ? <A href={to(['images'], { state: 'Unhealthy' })}>{count(r.unhealthy_images)}</A> : count(r.unhealthy_images)}</span> {t.ofAssessed(Math.max(r.unhealthy_images, r.images - unassessed))}</dd></div>
  </>;
  if (r.key !== VULNERABILITIES) return <div className="card summary"><dl className="six">{common}</dl></div>;
  return (
    <div className="card summary">
      <dl className="six">
        {common}
        <div className="tile"><dt>{t.total}</dt><dd className="v">{count(all)}</dd></div>
        <div className="tile"><dt>{t.unique}</dt><dd className="v">{cves}</dd></div>
        <div className="tile"><dt>{t.freshness}</dt><dd className="v">{t.atOnce}</dd><dd className="s t3" style={{ fontWeight: 400, marginTop: 0 }}>{t.freshText}</dd></div>
      </dl>
      <div className="side">
        <div className="k">{t.most}</div>
        {most.length === 0 && <p className="s t3">{t.noneUnhealthy}</p>}
        <ul className="s">{most.map(([x, n]) => <li key={x.registry}><A href={to(['registries', x.registry])}>{x.registry}</A><span className="grow" /><b>{count(n)}</b></li>)}</ul>
      </div>
      <div className="side">
        <div className="k">{t.bySeverity}</div>
        <div className="bars">{order.map((x) => (
          <div key={x} style={{ display: 'contents' }}><span className={`sev ${x}`}><SeverityGlyph of={x} />{x}</span><span className={r.findings[x] ? 'num b' : 'num t3'}>{count(r.findings[x])}</span><span>{r.findings[x] > 0 && <i className={`f-${x}`} style={{ width: `${(r.findings[x] / worst) * 100}%` }} />}</span></div>
        ))}</div>
      </div>
    </div>
  );
}
/** Of the findings of unhealthy registries those with a fix; empty: not known, too many registries to ask for, or lists that have findings of exempt images, too. */
function useFixable(registries: AssessedRegistry[]): string {
  const unhealthy = registries.filter((x) => x.state === 'Unhealthy'), names = unhealthy.length > FIXABLE_OF || unhealthy.some((x) => x.exempt_images > 0) ? '' : unhealthy.map((x) => x.registry).join(' ');
  const [text, setText] = useState('');
  useEffect(() => {
    if (!names) return undefined;
    const stop = new AbortController();
    void Promise.all(names.split(' ').map((registry) => call('listFindings', { query: { registry, patchable: 'true', limit: 1 } }, stop.signal))).then(
      (of) => setText(`${count(of.reduce((n, x) => n + x.total, 0))}${of.every((x) => x.total_exact) ? '' : '+'}`), () => undefined); // the figure is left out
    return () => stop.abort();
  }, [names]);
  return names ? text : '';
}

function NotAssessed({ r, registries }: { r: Recommendation; registries: AssessedRegistry[] }) {
  const unassessed = registries.reduce((n, x) => n + x.unverified + x.pending, 0);
  if (!unassessed && !r.not_applicable_registries) return null;
  return (
    <div className="note unknown" style={{ marginBottom: 16 }}><StateGlyph look="none" />
      <span className="grow">{t.notAssessed(unassessed, registries.reduce((n, x) => n + x.images, 0), r.not_applicable_registries)}</span>
      {r.not_applicable_registries > 0 && <button type="button" className="link" onClick={() => change({ tab: 'NotApplicable' })}>{t.showThem}</button>}
    </div>
  );
}

function Exempted({ list }: { list: Exemption[] }) {
  const now = list.filter((x) => !x.expired);
  if (!now.length) return null;
  return <div className="note" style={{ marginBottom: 16 }}><StateGlyph look="off" /><span className="grow">{t.exemptions(now.length)}</span><A href={to(['exceptions'])}>{t.viewExemptions}</A></div>;
}

/** What a registry that is not applicable can be helped with. */
function Reason({ x }: { x: AssessedRegistry }) {
  return (
    <>
      <StateWord of={x.state} />
      {x.reason && <div className="s t3">{x.reason}</div>}
      {x.cause === 'PlanOff' && <div className="s in-text"><A href={to(['settings'])}>{t.planOn}</A></div>}
      {x.cause === 'NoImages' && <div className="s in-text"><A href={to(['start'])}>{s.empty.start}</A></div>}
      {x.cause === 'NotAssessed' && <div className="s in-text"><A href={to(['registries', x.registry])}>{t.seeWhy}</A></div>}
    </>
  );
}

function Registries({ r, picked, pick, pages }: { r: Recommendation; picked: ReadonlySet<string>; pick: (names: Iterable<string>) => void; pages: Pages<AssessedRegistry> }) {
  const { query } = usePlace();
  const counts: Record<State, number> = { Unhealthy: r.unhealthy_registries, Healthy: r.healthy_registries, NotApplicable: r.not_applicable_registries };
  const tab = states.find((x) => x === query.get('tab')) ?? states.find((x) => counts[x] > 0) ?? 'Unhealthy';
  const wanted = query.get('registries') ?? '', [text, setText] = useState(wanted);
  const search = () => { if (text.trim() !== wanted) change({ registries: text.trim() || undefined }); };
  const inTab = pages.items.filter((x) => x.state === tab), list = inTab.filter((x) => `${x.registry} ${x.subscription}`.toLowerCase().includes(wanted.toLowerCase()));
  const all = list.length > 0 && list.every((x) => picked.has(x.registry)), scored = r.key === VULNERABILITIES, images = scored ? t.vulnerable : t.concerned;
  const toggle = (name: string) => { const now = new Set(picked); if (!now.delete(name)) now.add(name); pick(now); };
  return (
    <section className="card" aria-labelledby="affected" style={{ marginBottom: 16 }}>
      <header style={{ paddingBottom: 0 }}><h2 className="h" id="affected">{t.affected}</h2></header>
      <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => { pick([]); change({ tab: String(d.value) }); }}>{states.map((x) => <Tab key={x} value={x}>{s.state[x]} <span className="t3">{count(counts[x])}</span></Tab>)}</TabList>
      {pages.error && <Failed what={t.affected} error={pages.error} retry={pages.reload} operation="listAssessedRegistries" />}
      {(inTab.length > SEARCHED || wanted) && <form className="filters" role="search" onSubmit={(e) => { e.preventDefault(); search(); }}><Input aria-label={t.searchRegistries} placeholder={t.searchRegistries} contentBefore={<SearchRegular />} value={text} onChange={(_, d) => setText(d.value)} onBlur={search} style={{ width: 260 }} /></form>}
      {!pages.error && !list.length && (!pages.done ? <Bones rows={2} /> : <Empty>{inTab.length ? s.empty.filtered(`${s.finding.registry}: ${wanted}`) : t.emptyTab[tab]}</Empty>)}
      {list.length > 0 && <LongTable label={t.affected} className="cards picks" columns={scored ? 8 : 7} pages={{ ...pages, items: list, total: { count: list.length, exact: true } }} noun={s.nouns.registries}
        head={<tr role="row"><th role="columnheader" style={{ width: 48 }}><Checkbox aria-label={t.pickAll} checked={all ? true : picked.size ? 'mixed' : false} onChange={() => pick(all ? [] : list.map((x) => x.registry))} /></th><th role="columnheader">{s.finding.registry}</th><th role="columnheader">{t.subscription}</th><th role="columnheader">{t.stateAndReason}</th><th role="columnheader" className="num">{images}</th>{scored && <th role="columnheader">{s.counts}</th>}<th role="columnheader">{s.image.scanned}</th><th role="columnheader"><span className="vh">{t.more}</span></th></tr>}
        rows={list.map((x) => ({ key: x.registry, open: () => go(to(['registries', x.registry])), cells: <>
          <td role="cell"><Checkbox aria-label={t.pick(x.registry)} checked={picked.has(x.registry)} onChange={() => toggle(x.registry)} /></td>
          <td role="cell"><A className="b" href={to(['registries', x.registry])}>{x.registry}</A></td><td role="cell" className="full" data-label={t.subscription}>{x.subscription}</td><td role="cell" className="full"><Reason x={x} /></td>
          <td role="cell" className="num nw" data-label={images}>{t.nOf(x.unhealthy, x.images)}</td>{scored && <td role="cell" className="full"><Counts of={x.findings} /></td>}<td role="cell" className="nw" data-label={s.image.scanned}><Time at={x.scanned_at} none={s.notYet} /></td>
          <td role="cell" className="num"><Menu><MenuTrigger disableButtonEnhancement><Button size="small" appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={`${t.more}: ${x.registry}`} /></MenuTrigger><MenuPopover><MenuList>
            <MenuItem onClick={() => go(to(['registries', x.registry]))}>{t.openRegistry}</MenuItem>
            <ExemptItem registry={x.registry} />
          </MenuList></MenuPopover></Menu></td>
        </> }))} />}
    </section>
  );
}
function ExemptItem({ registry }: { registry: string }) {
  const may = useMay(action.exempt);
  return may && <MenuItem onClick={() => change({ pane: 'exempt', registry })}>{t.exemptOne}</MenuItem>;
}

function Definition({ r, close }: { r: Recommendation; close: () => void }) {
  const text = JSON.stringify({ key: r.key, name: r.name, description: r.description, remediation_steps: r.remediation_steps, severity: r.severity, control: r.control, max_score: r.max_score, resource_type: 'Container registry', unhealthy_when: t.when.unhealthy, healthy_when: t.when.healthy, not_applicable_when: t.when.none }, null, 2);
  return <Pane title={t.definition} note={r.name} close={close} footer={<><Copy text={text} /><Button onClick={close}>{s.close}</Button></>}>{/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}<div className="body" role="region" aria-label={t.definition} tabIndex={0}><pre className="mono text">{text}</pre></div></Pane>;
}

async function everyCheck(query: Record<string, string>): Promise<FoundCheck[]> {
  const list: FoundCheck[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined && list.length < CSV_MAX;) {
    const page: { items: FoundCheck[]; next?: string } = await call('listChecks', { query: { ...query, limit: 100, ...(cursor ? { cursor } : {}) } });
    list.push(...page.items);
    cursor = page.next;
  }
  return list;
}

function Toolbar({ r, picked }: { r: Recommendation; picked: ReadonlySet<string> }) {
  const [said, setSaid] = useState('');
  const filters = useFilters(everywhereFilters);
  const save = () => {
    setSaid(t.collecting);
    everyCheck({ ...filters, recommendation: r.key }).then((list) => { saveCsv('security-checks', checkCsv(list)); setSaid(list.length >= CSV_MAX ? t.cut : ''); }, (e: unknown) => setSaid(asFailure(e).message));
  };
  const query = (path: string) => ({ href: path, target: '_blank', rel: 'noreferrer noopener' });
  return (
    <div className="tools" role="toolbar" aria-label={t.tools}>
      <ActionButton action={action.exempt} appearance="subtle" icon={<ShieldRegular />} onClick={() => change({ pane: 'exempt', registry: picked.size ? [...picked].join(',') : undefined })}>{picked.size ? t.exemptN(picked.size) : t.exempt}</ActionButton>
      {r.key === VULNERABILITIES && <ActionButton action={action.rule} appearance="subtle" icon={<ProhibitedRegular />} onClick={() => change({ pane: 'rule' })}>{t.disableRule}</ActionButton>}
      <Button appearance="subtle" icon={<BracesRegular />} onClick={() => change({ pane: 'definition' })}>{t.viewDefinition}</Button>
      <Menu>
        <MenuTrigger disableButtonEnhancement><Button appearance="subtle" icon={<TextBulletListSquareSearchRegular />}>{t.openQuery} ▾</Button></MenuTrigger>
        <MenuPopover><MenuList>
          <MenuItemLink {...query(`/api/v1/recommendations/${r.key}/registries?state=Unhealthy`)}>{t.queryResources}</MenuItemLink>
          <MenuItemLink {...query('/api/v1/findings')}>{t.queryFindings}</MenuItemLink>
        </MenuList></MenuPopover>
      </Menu>
      <ActionButton action={action.rule} appearance="subtle" icon={<AlertRegular />} onClick={() => go(to(['settings'], { tab: 'notifications', notification: 'new' }))}>{t.notify}</ActionButton>
      <span className="grow" />
      <span role="status" className="s t3">{said}</span>
      {r.key === VULNERABILITIES && <Button appearance="subtle" icon={<ArrowDownloadRegular />} onClick={save}>{t.csv}</Button>}
    </div>
  );
}

function Whole({ r, registries }: { r: Recommendation; registries: Pages<AssessedRegistry> }) {
  const { query } = usePlace();
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const exemptions = usePages('listExemptions', {}, 1000);
  const pane = query.get('pane'), check = query.get('check') ?? '';
  const assessed = registries.items.reduce((n, x) => n + x.healthy + x.unhealthy, 0);
  return (
    <>
      <Toolbar r={r} picked={picked} />
      <Tiles r={r} registries={registries.items} />
      {registries.done && <NotAssessed r={r} registries={registries.items} />}
      <Exempted list={exemptions.items.filter((x) => x.recommendation === r.key)} />
      <section className="card folds" style={{ marginBottom: 16 }}>
        <details><summary>{t.description}<span className="s t3 cut hide-phone">{r.description}</span></summary><p className="t2">{r.description}</p></details>
        <details><summary>{t.steps}<span className="s t3 cut hide-phone">{r.key === VULNERABILITIES ? t.stepsInShort : r.remediation_steps[0]}</span></summary><ol className="t2 steps">{r.remediation_steps.map((x) => <li key={x}>{x}</li>)}</ol></details>
      </section>
      <Registries r={r} pages={registries} picked={picked} pick={(names) => setPicked(new Set(names))} />
      {r.key === VULNERABILITIES ? <CheckTabs recommendation={r.key} images={assessed} exempt={registries.items.reduce((n, x) => n + x.exempt_images, 0)} total={total(r.findings)} disabled={r.disabled} /> : <AssessedImages recommendation={r.key} />}
      {pane === 'definition' && <Definition r={r} close={() => change({ pane: undefined })} />}
      {!pane && check && <CheckPane id={check} close={() => change({ check: undefined })} />}
    </>
  );
}

export default function RecommendationPage({ id }: { id: string }) {
  const one = useApi('getRecommendation', { path: { key: id } });
  const registries = usePages('listAssessedRegistries', { path: { key: id }, query: { limit: 1000 } }, REGISTRIES);
  const scored = id.toLowerCase() === VULNERABILITIES, fixable = useFixable(scored ? registries.items : NONE);
  const r = one.data;
  const crumbs: [string, string?][] = [[s.recommendations.title, to(['recommendations'])], [r?.name ?? id]];
  const sentence = r && (!scored ? t.sentenceConcerned(r.unhealthy_images, r.images) : r.unhealthy_images ? t.sentence(r.unhealthy_images, total(r.findings), fixable) : r.state === 'Healthy' ? t.sentenceHealthy(r.images) : t.sentenceNone);
  return (
    <Page title={r?.name ?? id} crumbs={crumbs} sentence={sentence}>
      {one.error && <section className="card"><Failed what={s.recommendations.title} error={one.error} retry={one.reload} operation="getRecommendation" /></section>}
      {!r && !one.error && <Bones />}
      {r && <Whole r={r} registries={registries} />}
    </Page>
  );
}
