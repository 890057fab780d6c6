import { Tab, TabList } from '@fluentui/react-components';
import { useState } from 'react';
import { useApi, usePages, type Failure } from '../api/client.ts';
import type { Cve, Finding, Image } from '../api/schema.ts';
import { ActionButton, Bones, Due, Empty, Failed, Time, day, percent, short } from '../parts/basics.tsx';
import { CheckPane } from '../parts/check_pane.tsx';
import { DisabledByName } from '../parts/finding_pane.tsx';
import { Fix, Title } from '../parts/findings.tsx';
import { Page } from '../parts/frame.tsx';
import { Kev, SeverityWord, StateGlyph, StateWord } from '../parts/glyphs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { A, change, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { count, s } from '../strings.ts';

const t = s.cve;
const READ = 5000; // findings and images that are read to be put together
const WEEK_MS = 7 * 86400000;

/** An image with what of it the CVE is in. */
interface Row { key: string; registry: string; repository: string; digest: string; findings: Finding[]; image: Image | undefined }
/** A rule or a document decided about all of it. */
const isDecided = (r: Row): boolean => r.findings.every((f) => f.state === 'disabled');
const keyOf = (x: { registry?: string; repository?: string; digest?: string }) => `${x.registry}/${x.repository}@${x.digest}`;

function rowsOf(findings: Finding[], images: Image[]): Row[] {
  const known = new Map(images.map((i) => [keyOf(i), i]));
  const rows = new Map<string, Row>();
  for (const f of findings) {
    const key = keyOf(f), row = rows.get(key);
    if (row) row.findings.push(f);
    else rows.set(key, { key, registry: f.registry ?? '', repository: f.repository ?? '', digest: f.digest ?? '', findings: [f], image: known.get(key) });
  }
  const pulled = (r: Row) => (r.image?.pulled_at ? Date.parse(r.image.pulled_at) : 0);
  return [...rows.values()].toSorted((a, b) => Number(isDecided(a)) - Number(isDecided(b)) || pulled(b) - pulled(a));
}

function useAssessed(): { assessed: number; left: number } | undefined {
  const list = usePages('listRegistries', {}, 1000);
  if (!list.done) return undefined;
  const sum = (of: (r: (typeof list.items)[number]) => number) => list.items.reduce((n, r) => n + of(r), 0);
  return { assessed: sum((r) => r.healthy + r.unhealthy), left: sum((r) => r.unverified + r.pending) };
}

const Missing = ({ children }: { children: string }) => <span className="t3" style={{ fontWeight: 400 }}>{children}</span>;

/** The sentence has three forms; what was not assessed may be affected in all of them. */
function Answer({ cve, rows, decided, done, assessed, built }: { cve: Cve | undefined; rows: Row[]; decided: number; done: boolean; assessed: { assessed: number; left: number } | undefined; built: string | undefined }) {
  const fixable = rows.filter((r) => r.findings.some((f) => f.patchable)).length;
  const [now] = useState(() => Date.now());
  const recent = rows.filter((r) => r.image?.pulled_at && now - Date.parse(r.image.pulled_at) < WEEK_MS).length;
  const n = Math.max(cve?.images ?? 0, rows.length);
  return (
    <section className="card pad" style={{ marginBottom: 16 }}>
      <div className="g" style={{ gap: 16 }}>
        <div style={{ flex: '1 1 420px' }}>
          <h2 className="h answer">{n ? t.affected(n, cve?.images_exact === false, assessed?.assessed ?? n) : decided ? t.allDecided(decided) : assessed?.assessed ? t.notFound(assessed.assessed) : t.nothingAssessed}</h2>
          <p className="t2">{n > 0 && done && `${t.recent(recent)} ${t.fixable(fixable)} ${decided ? `${t.decided(decided)} ` : ''}`}{n === 0 && decided === 0 && <>{t.unknown} <Time at={built} none={s.advisories.none} />. </>}{t.within}</p>
        </div>
        {cve && <dl className="numbers">
          <div><dt className="k">{t.score}</dt><dd className="b">{cve.cvss?.toFixed(1) ?? <Missing>{s.findings.notScored}</Missing>}</dd></div>
          <div><dt className="k">{s.findings.epss}</dt><dd className="b">{cve.epss === undefined ? <Missing>{s.findings.notScored}</Missing> : percent(cve.epss)}</dd></div>
          <div><dt className="k">{s.filters.names.kev}</dt><dd className="b">{cve.kev ? s.filters.yes : <Missing>{t.notListed}</Missing>}</dd></div>
          <div><dt className="k">{s.finding.published}</dt><dd className="b">{cve.published ? day(cve.published) : <Missing>{t.notGiven}</Missing>}</dd></div>
        </dl>}
      </div>
      {cve?.kev_action && <p className="s t2" style={{ marginTop: 8 }}><b>{s.finding.requiredAction}{cve.kev_due_by && `, ${s.finding.says(cve.kev_due_by)}`}:</b> {cve.kev_action}</p>}
      {assessed && assessed.left > 0 && <p className="s t2 g" style={{ marginTop: 8, flexWrap: 'nowrap' }}><StateGlyph look="none" />{t.left(assessed.left)}</p>}
    </section>
  );
}

/** Of an image whose findings are all decided about the list of images knows nothing. */
function ImageCells({ r }: { r: Row }) {
  const image = useApi('getImage', r.image ? null : { path: { registry: r.registry, repository: r.repository, digest: r.digest } }).data ?? r.image;
  const by = r.findings.find((f) => f.disabled_by)?.disabled_by, decided = isDecided(r);
  return (
    <>
      <td role="cell"><A className="b" href={to(imagePath(r.registry, r.repository, r.digest), decided ? { tab: 'disabled' } : { finding: r.findings[0]?.id })}>{r.repository}</A><div className="s t3">{r.registry} <span className="mono">{short(r.digest)}</span></div></td>
      <td role="cell" data-label={image?.tags.length ? s.repository.tags : undefined}>{image && (image.tags.length ? <span className="mono">{image.tags.slice(0, 3).join(', ')}{image.tags.length > 3 ? ` +${image.tags.length - 3}` : ''}</span> : <span className="s t3">{s.repository.noTags}</span>)}</td>
      <td role="cell" className="full">{r.findings.map((f) => <div key={f.id}><Fix of={f} /></div>)}</td>
      <td role="cell" className="num" data-label={s.repository.pulled}>{image && <Time at={image.pulled_at} />}</td><td role="cell"><StateWord look={decided ? 'off' : 'bad'} word={decided ? t.disabled : t.open} /></td>
      <td role="cell" className={by ? 'full' : 'gone'}>{by ? <><DisabledByName of={by} /><div className="s t3">{by.justification}</div></> : <span className="t3">{t.nobody}</span>}</td>
    </>
  );
}

function Images({ rows, pages }: { rows: Row[]; pages: { done: boolean; loading: boolean; more: () => void } }) {
  return (
    <LongTable label={t.images} columns={6} pages={{ ...pages, items: rows, total: undefined }} noun={s.nouns.images}
      head={<tr role="row"><th role="columnheader">{s.repository.image}</th><th role="columnheader">{s.repository.tags}</th><th role="columnheader">{t.packages}</th><th role="columnheader" className="num">{s.repository.pulled}</th><th role="columnheader">{s.scans.status}</th><th role="columnheader">{t.decidedBy}</th></tr>}
      rows={rows.map((r) => ({ key: r.key, cells: <ImageCells r={r} /> }))} />
  );
}

function Repositories({ rows }: { rows: Row[] }) {
  const by = new Map<string, Row[]>();
  for (const r of rows) by.set(`${r.registry}/${r.repository}`, [...by.get(`${r.registry}/${r.repository}`) ?? [], r]);
  return (
    <table className="cards" aria-label={t.tabs.repositories}><thead><tr><th>{s.registries.repository}</th><th>{s.finding.registry}</th><th className="num">{t.images}</th><th className="num">{s.repository.pulled}</th></tr></thead>
      <tbody>{[...by.values()].map(([first, ...rest]) => first && (
        <tr key={`${first.registry}/${first.repository}`}><td><A className="b" href={to(repositoryPath(first.registry, first.repository))}>{first.repository}</A></td><td data-label={s.finding.registry}>{first.registry}</td><td className="num" data-label={t.images}>{count(rest.length + 1)}</td><td className="num" data-label={s.repository.pulled}><Time at={first.image?.pulled_at} /></td></tr>
      ))}</tbody></table>
  );
}

function Packages({ rows }: { rows: Row[] }) {
  const by = new Map<string, { f: Finding; images: Set<string> }>();
  for (const r of rows) {
    for (const f of r.findings) {
      const key = `${f.package} ${f.installed_version} ${f.fixed_version}`, row = by.get(key) ?? { f, images: new Set<string>() };
      row.images.add(r.key);
      by.set(key, row);
    }
  }
  return (
    <table className="cards" aria-label={t.tabs.packages}><thead><tr><th>{t.packages}</th><th>{s.cve.source}</th><th className="num">{t.images}</th></tr></thead>
      <tbody>{[...by.values()].toSorted((a, b) => b.images.size - a.images.size).map(({ f, images }) => (
        <tr key={`${f.package}${f.installed_version}${f.fixed_version}`}><td className="full"><A href={to(['inventory'], { q: `${f.package} = ${f.installed_version}` })}>{f.package}</A> <Fix of={{ ...f, package: '' }} /></td><td data-label={s.cve.source}>{f.category}</td><td className="num" data-label={t.images}>{count(images.size)}</td></tr>
      ))}</tbody></table>
  );
}

function Vendors({ cve }: { cve: Cve }) {
  const { query, parts } = usePlace();
  return (
    <section className="card" aria-labelledby="vendors">
      <header><h2 className="h" id="vendors">{t.vendors}</h2><span className="s t3">{t.decides}</span></header>
      <table className="cards">
        <thead><tr><th>{t.source}</th><th>{t.title}</th><th>{s.severity}</th><th>{s.finding.patchable}</th><th className="num">{t.images}</th></tr></thead>
        <tbody>{cve.checks.toSorted((a, b) => b.images - a.images).map((c) => (
          <tr key={c.id} className={query.get('check') === String(c.id) ? 'open' : ''}>
            <td className="b">{c.category}</td><td className="full"><A href={to(parts, { ...Object.fromEntries(query), check: c.id })}><Title of={c.title} /></A><div className="s t3">{c.advisory} · {c.source_name}</div></td>
            <td><SeverityWord of={c.severity} /></td><td className="nw">{c.patchable ? s.filters.yes : s.filters.no}</td><td className={c.images ? 'num b' : 'num t3'} data-label={t.images}>{count(c.images)}{c.images_exact ? '' : '+'}</td>
          </tr>
        ))}</tbody>
      </table>
    </section>
  );
}

const tabs = ['images', 'repositories', 'packages'] as const;
const isMissing = (e: Failure | undefined) => e?.status === 404;

export default function CvePage({ id }: { id: string }) {
  const { query } = usePlace();
  const one = useApi('getCve', { path: { id } });
  const none = isMissing(one.error), ask = one.data ? {} : null;
  const findings = usePages('listFindings', ask && { query: { cve: id, state: 'all', limit: 1000 } }, READ);
  const images = usePages('listCveImages', ask && { path: { id }, query: { limit: 1000 } }, READ);
  const assessed = useAssessed();
  const vdb = useApi('getVulndb', {}).data;
  const cve = one.data;
  const rows = rowsOf(findings.items, images.items), open = rows.filter((r) => !isDecided(r));
  const done = findings.done && images.done;
  const tab = tabs.find((x) => x === query.get('tab')) ?? 'images';
  const failed = (none ? undefined : one.error) ?? findings.error ?? images.error;
  const counts = { images: rows.length, repositories: new Set(open.map((r) => `${r.registry}/${r.repository}`)).size, packages: new Set(open.flatMap((r) => r.findings.map((f) => `${f.package} ${f.installed_version} ${f.fixed_version}`))).size };
  const check = query.get('check');
  return (
    <Page title={id} crumbs={[[s.pages.inventory, to(['inventory'])], [id]]} heading={cve && <><SeverityWord of={cve.severity} />{cve.kev && <Kev />}<Due on={cve.kev_due} /></>} sentence={cve?.summary} actions={cve && <ActionButton action={action.rule} onClick={() => change({ pane: 'rule', rule_cve: id })}>{s.finding.disable}</ActionButton>}>
      {failed && <section className="card"><Failed what={id} error={failed} retry={() => { one.reload(); findings.reload(); images.reload(); }} operation="getCve" /></section>}
      {!failed && !cve && !none && <Bones />}
      {!failed && (cve || none) && <Answer cve={cve} rows={open} decided={rows.length - open.length} done={done} assessed={assessed} built={vdb?.built_at} />}
      {!failed && cve && <>
        <section className="card" style={{ marginBottom: 16 }}>
          <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'images' ? undefined : String(d.value) })}>{tabs.map((x) => <Tab key={x} value={x}>{t.tabs[x]} <span className="t3">{count(counts[x])}{done ? '' : '+'}</span></Tab>)}</TabList>
          {!done && !rows.length && <Bones rows={2} />}
          {done && !rows.length && <Empty>{t.nowhere}</Empty>}
          {rows.length > 0 && (tab === 'images' ? <Images rows={rows} pages={{ done, loading: findings.loading, more: findings.more }} /> : tab === 'repositories' ? <Repositories rows={open} /> : <Packages rows={open} />)}
        </section>
        <Vendors cve={cve} />
      </>}
      {none && <p className="in-text t2">{t.elsewhere} <A href={to(['inventory'])}>{s.pages.inventory}</A>.</p>}
      {check && <CheckPane id={check} close={() => change({ check: undefined })} />}
    </Page>
  );
}
