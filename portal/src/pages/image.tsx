import { Button, Input, Menu, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover, MenuTrigger, Tab, TabList } from '@fluentui/react-components';
import { ArrowClockwiseRegular, ArrowSwapRegular, SearchRegular } from '@fluentui/react-icons';
import { useEffect, useState, type ReactNode } from 'react';
import { asFailure, call, useApi, useEvents, usePages } from '../api/client.ts';
import type { Finding, Image } from '../api/schema.ts';
import { ActionButton, Bones, Copy, Empty, Failed, Time, bytes, day, relative, short, upper } from '../parts/basics.tsx';
import { DisabledByName, FindingPane } from '../parts/finding_pane.tsx';
import { FindingList, Fix, Title, ofImage } from '../parts/findings.tsx';
import { findingFilters, useFilters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { SeverityWord, StateGlyph, StateWord } from '../parts/glyphs.tsx';
import { Layers, LayersCard, Raw, Referrers, Reports, type Where } from '../parts/image_contents.tsx';
import { useChosenInSight } from '../parts/list_tabs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { More } from '../parts/more.tsx';
import { targetText } from '../parts/place.tsx';
import { Origin } from '../parts/origin.tsx';
import { RemoveImage, RemoveTag } from '../parts/remove.tsx';
import { A, change, go, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';
import { Step } from './plan.tsx';
import { ScanRows } from './scans.tsx';

const ALL = 10000; // findings that are read to be grouped

function ScanAgain({ where, reload }: { where: Where; reload: () => void }) {
  const [said, setSaid] = useState('');
  const scan = () => {
    call('createScan', { body: { repository: where.repository, digest: where.digest } }).then(() => { setSaid(s.image.scanAsked); reload(); }, (e: unknown) => setSaid(asFailure(e).message));
  };
  return <div><ActionButton action={action.scan} icon={<ArrowClockwiseRegular />} onClick={scan}>{s.image.scan}</ActionButton><div role="status" className="s t3">{said}</div></div>;
}

/** The other images of the repository, to be compared with, or any. */
function CompareWith({ where }: { where: Where }) {
  const [open, setOpen] = useState(false);
  const others = useApi('listImages', open ? { path: { registry: where.registry, repository: where.repository }, query: { kind: 'image', sort: 'pushed', limit: 12 } } : null);
  const list = others.data?.items.filter((x) => x.digest !== where.digest) ?? [];
  const compare = (digest?: string) => go(to([...imagePath(where.registry, where.repository, where.digest), 'compare', ...(digest ? [digest] : [])]));
  return (
    <Menu open={open} onOpenChange={(_, d) => setOpen(d.open)}>
      <MenuTrigger disableButtonEnhancement><Button icon={<ArrowSwapRegular />}>{s.compare.button}</Button></MenuTrigger>
      <MenuPopover><MenuList>
        <MenuGroup>
          <MenuGroupHeader>{others.error ? others.error.message : others.data && !list.length ? s.compare.only : s.compare.with}</MenuGroupHeader>
          {list.map((x) => <MenuItem key={x.digest} onClick={() => compare(x.digest)}>{x.tags.slice(0, 3).join(', ') || short(x.digest)} <span className="s t3">{relative(Date.parse(x.pushed_at ?? ''))}</span></MenuItem>)}
        </MenuGroup>
        <MenuItem onClick={() => compare()}>{s.compare.another}</MenuItem>
      </MenuList></MenuPopover>
    </Menu>
  );
}

function Sentence({ image, findings, whole }: { image: Image; findings: Finding[]; whole: boolean }) {
  const total = Object.values(image.findings).reduce((n, x) => n + x, 0);
  if (image.state === 'Pending') return <span>{s.empty.findingsPending}</span>;
  if (image.state === 'Unverified' && total === 0) return null;
  if (!whole) return <span>{s.image.partial(total)}</span>;
  return <span>{s.image.sentence(total, findings.filter((f) => f.kev).length, findings.filter((f) => f.patchable).length)}</span>;
}

function Base({ of }: { of: Image['base'] }) {
  if (!of) return <span className="t3">{s.image.noBase}</span>;
  const name = of.repository ? `${of.repository}${of.tags[0] ? `:${of.tags[0]}` : ''}` : of.distro ?? s.image.noBase;
  return <span>{of.registry && of.repository && of.digest ? <A href={to(imagePath(of.registry, of.repository, of.digest))}>{name}</A> : name}<div className="s t3">{of.how === 'guessed' ? s.image.baseGuessed : of.pushed_at ? <Time at={of.pushed_at} /> : s.image.baseLayers(of.layers)}</div></span>;
}

function ImageFacts({ image, size }: { image: Image; size: number | undefined }) {
  const again = image.first_pushed_at !== undefined && image.first_pushed_at !== image.pushed_at;
  const rows: [string, ReactNode][] = [
    [s.image.digest, [<span key="d" style={{ display: 'flex', gap: 4, alignItems: 'center' }}><span className="mono">{short(image.digest)}</span><Copy text={image.digest} label={`${s.copy}: ${s.image.digest}`} /></span>, <div key="p" className="s t3">{size !== undefined && bytes(size)}</div>]],
    [s.image.pushed, <span key="u"><Time at={image.pushed_at} />{image.pushed_by && <div className="s t3">{s.image.byWhom(image.pushed_by)}</div>}{again && <div className="s t3">{s.image.firstPush} <Time at={image.first_pushed_at} />{image.first_pushed_by && image.first_pushed_by !== image.pushed_by && ` ${s.image.byWhom(image.first_pushed_by)}`}</div>}</span>],
    [s.image.platform, <span key="o">{image.platform || '–'}<div className="s t3">{image.distro.name || image.distro.id}</div>{image.runs_as && <div className="s t3">{s.image.runsAs(image.runs_as)}</div>}</span>], [s.image.base, <Base key="b" of={image.base} />],
    [s.image.pulled, <span key="l"><Time at={image.pulled_at} />{image.pulled_by && <div className="s t3">{s.image.byWhom(image.pulled_by)}</div>}{image.pulled_at && <div className="s t3">{s.image.pulls(image.pulls)}</div>}</span>], [s.image.scanned, <span key="s"><Time at={image.scanned_at} none={s.notYet} />{image.scan_trigger && <div className="s t3">{s.scans.triggers[image.scan_trigger] ?? image.scan_trigger}</div>}</span>],
    [s.image.nextScan, <span key="n"><Time at={image.scan_next_at} none={s.image.noNext} /><div className="s t3">{inShort(image.scan_next_reason)}</div></span>],
  ];
  return <dl className="card tiles even">{rows.map(([k, v]) => <div key={k} className="tile"><dt>{k}</dt><dd>{v}</dd></div>)}</dl>;
}

/** The reason without what follows from it, which the list of scans says. */
const inShort = (reason: string): string => reason.split(': ')[0] ?? reason;

const STEPS = 4;
function Plan({ where, turn, first }: { where: Where; turn: string; first: boolean }) {
  const plan = useApi('getImageRemediation', { path: where, query: { limit: 50 } });
  const { reload } = plan;
  useEffect(() => { if (turn) reload(); }, [turn, reload]); // a new scan may have made another
  const p = plan.data;
  const steps = p?.steps.slice(0, STEPS) ?? [];
  return (
    <section className={first ? 'card first' : 'card'}>
      <header><h2 className="h">{s.image.todo}</h2><span className="end s t3">{s.image.cheapest}</span></header>
      <div className="pad0" style={{ display: 'grid', gap: 16 }}>
        {plan.error && <Failed what={s.image.todo} error={plan.error} retry={plan.reload} operation="getImageRemediation" />}
        {!p && !plan.error && <Bones rows={2} />}
        {p && p.findings === 0 && <p className="t2">{s.image.todoNone}</p>}
        {steps.map((x, i) => <Step key={`${x.kind}${x.type}${x.package}`} of={x} number={i + 1} images={false} />)}
        {p && p.step_count > steps.length && <p className="s t3">{s.image.moreSteps(p.step_count - steps.length)}</p>}
        {p && p.findings > 0 && <p className="s t2 in-text ruled">{p.score_increase !== undefined && s.plan.score(p.score_increase)} <A href={to(['plan'], { registry: where.registry, repository: where.repository })}>{s.plan.planFor(where.repository)}</A></p>}
      </div>
    </section>
  );
}

function Supported({ of }: { of: NonNullable<NonNullable<Image['coverage']>['support']> }) {
  if (of.state === 'ended') return <div className="note warn"><StateGlyph look="late" /><span>{s.image.supportEnd(day(of.extended_end ?? of.standard_end))}</span></div>;
  if (of.state === 'extended') return <p className="s t2">{s.image.extended(day(of.standard_end), of.extended ?? '', of.extended_end ? day(of.extended_end) : '')}</p>;
  return <p className="s t2">{s.image.supported(day(of.standard_end))}</p>;
}

/** A document attached to the image: whether it counts, and why not. */
function Attached({ of }: { of: NonNullable<NonNullable<Image['coverage']>['attached']>[number] }) {
  const t = s.image.attached;
  return (
    <div className="g" style={{ alignItems: 'start' }}>
      <StateGlyph look={of.state === 'applied' ? 'good' : 'none'} />
      <span className="grow">
        {of.state === 'applied' && !of.statements ? t.bill : t.states[of.state]}{of.signature && `, ${t.signatures[of.signature]}`}{of.statements ? `: ${t.statements(of.statements)}` : ''}{of.declared_packages ? `, ${t.declares(of.declared_packages)}` : ''}
        <span className="s t3" style={{ display: 'block', overflowWrap: 'anywhere' }}>{of.type} {of.digest && <span className="mono">{of.digest}</span>}</span>
        {of.note && <span className="s t2" style={{ display: 'block', overflowWrap: 'anywhere' }}>{upper(of.note)}</span>}
      </span>
    </div>
  );
}

function Assessed({ image }: { image: Image }) {
  const c = image.coverage;
  const whole = c?.state === 'assessed';
  return (
    <section className="card">
      <header><h2 className="h">{s.image.assessed}</h2></header>
      <div className="pad0" style={{ display: 'grid', gap: 12 }}>
        {!c && <StateWord look="none" word={s.image.noCoverage} />}
        {c && <div className="g"><StateGlyph look={whole ? 'good' : 'none'} /><span className="grow">{s.image.packagesAssessed(c.packages_assessed, c.packages)}</span></div>}
        {c?.gaps.map((gap) => (
          <div key={gap.reason} className="note unknown"><StateGlyph look="none" /><span className="grow">{upper(gap.reason)}{gap.packages ? `: ${s.packages(gap.packages)}` : ''}{gap.examples.length > 0 && <div className="s t3" style={{ overflowWrap: 'anywhere' }}>{gap.examples.join(', ')}</div>}</span></div>
        ))}
        {c && !c.gaps.length && c.not_assessed.map((x) => <div key={x} className="note unknown"><StateGlyph look="none" /><span>{upper(x)}</span></div>)}
        {c?.support && <Supported of={c.support} />}
        {c?.attached?.map((d) => <Attached key={d.digest ?? d.note} of={d} />)}
        {c?.notes.slice(0, 5).map((n) => <p key={n.text + (n.path ?? '')} className="s t3" style={{ overflowWrap: 'anywhere' }}>{n.path && <span className="mono">{n.path}: </span>}{n.path ? n.text : upper(n.text)}</p>)}
      </div>
    </section>
  );
}

/** What rules disable, and which rule: counted nowhere else. */
function Disabled({ where, open, addressOf }: { where: Where; open: string; addressOf: (f: Finding) => string }) {
  const pages = usePages('listImageFindings', { path: where, query: { state: 'disabled', limit: 1000 } }, ALL);
  if (pages.error) return <Failed what={s.image.tabs.disabled} error={pages.error} retry={pages.reload} operation="listImageFindings" />;
  if (!pages.items.length) return !pages.done ? <Bones /> : <Empty>{s.checks.noneDisabled}</Empty>;
  return (
    <LongTable label={s.image.tabs.disabled} columns={3} pages={pages} noun={s.nouns.findings} className="cards fixed"
      head={<tr role="row"><th role="columnheader" style={{ width: 116 }}>{s.severity}</th><th role="columnheader">{s.findings.check}</th><th role="columnheader" style={{ width: '40%' }}>{s.finding.disabledBy}</th></tr>}
      rows={pages.items.map((f) => ({ key: f.id, current: String(f.id) === open, open: () => go(addressOf(f)), cells: <>
        <td role="cell"><SeverityWord of={f.severity} /></td><td role="cell" className="full"><div className="two"><A href={addressOf(f)}><Title of={f.check} /></A><Fix of={f} /></div></td>
        <td role="cell" className="full">{f.disabled_by && <><DisabledByName of={f.disabled_by} /><div className="s t3">{f.disabled_by.justification}{f.disabled_by.expires_at && `, ${s.finding.until(day(f.disabled_by.expires_at))}`}</div></>}</td>
      </> }))} />
  );
}

function Packages({ where }: { where: Where }) {
  const { query } = usePlace();
  const name = query.get('package') ?? '';
  const [text, setText] = useState(name);
  const pages = usePages('listPackages', { path: where, query: name ? { package: name } : {} });
  return (
    <>
      <form className="filters" role="search" onSubmit={(e) => { e.preventDefault(); change({ package: text.trim() || undefined }); }}>
        <Input aria-label={s.inventory.package} placeholder={s.inventory.package} contentBefore={<SearchRegular />} value={text} onChange={(_, d) => setText(d.value)} />
      </form>
      {pages.error && <Failed what={s.image.tabs.packages} error={pages.error} retry={pages.reload} operation="listPackages" />}
      {!pages.error && !pages.items.length && (pages.loading ? <Bones /> : <Empty>{name ? s.empty.filtered(`${s.inventory.package}: ${name}`) : s.empty.packages}</Empty>)}
      {pages.items.length > 0 && <LongTable label={s.image.tabs.packages} columns={4} pages={pages} noun={s.nouns.packages} className="cards fixed"
        head={<tr role="row"><th role="columnheader">{s.inventory.package}</th><th role="columnheader">{s.inventory.version}</th><th role="columnheader" style={{ width: 90 }}>{s.inventory.type}</th><th role="columnheader">{s.finding.file}</th></tr>}
        rows={pages.items.map((p, i) => ({ key: `${p.purl}${p.path}${i}`, cells: <>
          <td role="cell" className="b" style={{ overflowWrap: 'anywhere' }}>{p.name}</td><td role="cell" className="mono" data-label={s.inventory.version}>{p.version}</td><td role="cell" className="t2" data-label={s.inventory.type}>{p.type}</td><td role="cell" className="mono t3 full">{p.path}</td>
        </> }))} />}
    </>
  );
}

function Scans({ where, next }: { where: Where; next: string }) {
  const pages = usePages('listImageScans', { path: where });
  return <>{next && <p className="s t2" style={{ padding: '12px 16px 0' }}>{s.image.nextScan}: {next}</p>}<ScanRows pages={pages} operation="listImageScans" withImage={false} /></>;
}

/** Deleting the image or one of its tags. */
function Remove({ image, reload }: { image: Image; reload: () => void }) {
  const [asked, setAsked] = useState<string>(); // a tag; "": the image
  const close = () => setAsked(undefined);
  return (
    <>
      <More items={[...(image.kind === 'image' ? [[s.exempt.exemptImage, () => change({ pane: 'exempt', target: targetText(image.registry, image.repository, image.digest) })] as [string, () => void]] : []), ...image.tags.map((tag): [string, () => void] => [s.remove.deleteTag(tag), () => setAsked(tag)]), [s.remove.deleteImage, () => setAsked('')]]} />
      {asked === '' && <RemoveImage of={image} close={close} />}
      {asked && <RemoveTag of={image} tag={asked} close={close} done={() => { close(); reload(); }} />}
    </>
  );
}

const tabs = ['findings', 'disabled', 'packages', 'layers', 'scans', 'referrers', 'raw'] as const;

export default function ImagePage({ where }: { where: Where }) {
  const { registry, repository, digest } = where;
  const { query } = usePlace();
  const filters = useFilters(findingFilters);
  const sort = query.get('sort') ?? undefined;
  const plain = !Object.keys(filters).length && !sort;
  const image = useApi('getImage', { path: where });
  const all = usePages('listImageFindings', { path: where, query: { limit: 1000 } }, ALL);
  const some = usePages('listImageFindings', plain ? null : { path: where, query: { ...filters, ...(sort ? { sort } : {}), limit: 1000 } }, ALL);
  const list = plain ? all : some;
  const layers = useApi('listLayers', { path: where });
  useEvents((e) => { if (e.type === 'scanned' && e.digest === digest) { image.reload(); all.reload(); } });
  const tab = tabs.find((x) => x === query.get('tab')) ?? 'findings';
  const tabList = useChosenInSight(`${tab} ${image.data ? 'shown' : ''}`);
  const open = query.get('finding') ?? '';
  const address = (f: Finding) => { const q = new URLSearchParams(query); q.set('finding', String(f.id)); return to([...repositoryPath(registry, repository), 'images', digest], Object.fromEntries(q)); };
  const index = list.items.findIndex((f) => String(f.id) === open);
  const d = image.data;
  const total = d ? Object.values(d.findings).reduce((n, x) => n + x, 0) : 0;
  const crumbs: [string, string?][] = [[s.registries.title, to(['registries'])], [registry, to(['registries', registry])], [repository, to(repositoryPath(registry, repository))], [short(digest)]];
  const title = repository;
  if (image.error && !d) return <Page title={title} crumbs={crumbs}><section className="card"><Failed what={title} error={image.error} retry={image.reload} operation="getImage" /></section></Page>;
  const counts: Partial<Record<(typeof tabs)[number], number>> = d ? { findings: total, disabled: d.disabled, packages: d.packages } : {};
  return (
    <Page title={title} name={`${repository}${d?.tags[0] ? `:${d.tags[0]}` : `@${short(digest)}`}`} crumbs={crumbs} heading={d && <>{d.tags.slice(0, 6).map((t) => <span key={t} className="tag">{t}</span>)}</>}
      sentence={d && <><StateWord of={d.kind === 'artifact' ? 'artifact' : d.state} /><Sentence image={d} findings={all.items} whole={all.done} /></>} actions={d && <div className="acts">{d.kind === 'image' && <><CompareWith where={where} /><Reports where={where} /><ScanAgain where={where} reload={image.reload} /></>}<Remove image={d} reload={image.reload} /></div>}>
      {!d && <Bones />}
      {d && <>
        {d.reason && <div className="note unknown" style={{ marginBottom: 16 }}><StateGlyph look="none" /><span>{d.state === 'Unverified' ? s.image.notAssessed(d.reason) : upper(d.reason)}</span></div>}
        {d.exemption && <div className="note" style={{ marginBottom: 16 }}><StateGlyph look="off" /><span>{s.exempt.holds} <A href={to(['exceptions'])}>{d.exemption}</A>.</span></div>}
        {d.note && <div className="note" style={{ marginBottom: 16 }}><StateGlyph look="late" /><span>{d.note}</span></div>}
        <ImageFacts image={d} size={layers.data?.size} />
        <div className="split">
          <section className="card" style={{ minWidth: 0 }}>
            <TabList ref={tabList as never} className="tabs" selectedValue={tab} onTabSelect={(_, x) => change({ tab: x.value === 'findings' ? undefined : String(x.value), finding: undefined, package: undefined })}>
              {tabs.map((x) => <Tab key={x} value={x}>{s.image.tabs[x]}{counts[x] !== undefined && <span className="t3"> {counts[x]}</span>}</Tab>)}
            </TabList>
            {tab === 'findings' && <FindingList pages={list} filters={filters} names={findingFilters} choices={ofImage} empty={d.state === 'Healthy' ? s.empty.findings : d.state === 'Pending' ? s.empty.findingsPending : s.empty.findingsUnverified} addressOf={address} isOpen={(f) => String(f.id) === open} />}
            {tab === 'disabled' && <Disabled where={where} open={open} addressOf={address} />}
            {tab === 'packages' && <Packages where={where} />}
            {tab === 'layers' && <Layers of={layers} />}
            {tab === 'scans' && <Scans where={where} next={d.scan_next_reason} />}
            {tab === 'referrers' && <Referrers where={where} />}
            {tab === 'raw' && <Raw where={where} />}
          </section>
          <div className="col"><Plan where={where} turn={d.scanned_at ?? ''} first={tab === 'findings'} /><Assessed image={d} />{layers.data && <Origin of={layers.data} />}{layers.data && <LayersCard of={layers.data} base={d.base?.repository ? `${d.base.repository}${d.base.tags[0] ? `:${d.base.tags[0]}` : ''}` : d.base?.distro ?? s.image.noBase} />}</div>
        </div>
      </>}
      {open && !query.get('pane') && <FindingPane id={open} registry={registry} repository={repository} digest={digest} found={list.items[index]} position={index < 0 ? undefined : [index, list.items.length]} step={(by) => { const f = list.items[index + by]; if (f) go(address(f), true); }} />}
    </Page>
  );
}
