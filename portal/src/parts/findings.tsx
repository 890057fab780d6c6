// The list of findings of one image or of all, and the pane of one of them.
import { useState, type ReactNode } from 'react';
import type { Pages } from '../api/client.ts';
import type { Finding } from '../api/schema.ts';
import { A, change, go, imagePath, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Empty, Failed, Segments, percent, short } from './basics.tsx';
import { FilterBar, NoMatch, type Filter, type Filters } from './filters.tsx';
import { Chevron, Kev, SeverityWord } from './glyphs.tsx';
import { LongTable, type Row } from './long_table.tsx';

/** What the image holds itself, not a package of it: who builds the image can change that. */
export const isContent = (of: { category?: string }): boolean => ['Secrets', 'Accounts', 'Permissions', 'Configuration'].includes(of.category ?? '');

export function Fix({ of }: { of: { installed_version: string; fixed_version: string; status: string; package: string; category?: string } }) {
  return (
    <span className="fix"><b>{of.package}</b> {of.installed_version} {of.fixed_version ? <>→ <b>{of.fixed_version}</b></> : <>· {isContent(of) ? s.findings.changeImage : s.findings.noFixText(s.findings.status[of.status] ?? of.status)}</>}</span>
  );
}

/** A check's title; the advisory in parentheses at its end is not broken in two, and left out where it is a CVE that stands beside it. */
export function Title({ of, beside = '' }: { of: string; beside?: string | undefined }) {
  const [, words, id = ''] = /^(.*\S) \(([^()]{1,32})\)$/.exec(of) ?? [];
  if (!id) return <>{of}</>;
  return id === beside ? <>{words}</> : <>{words} <span className="nw">({id})</span></>;
}

/** How a list may be grouped: by what is done, by package, by vulnerability, by image. */
export type Group = 'fix' | 'package' | 'cve' | 'image' | 'none';
export const ofImage: readonly Group[] = ['fix', 'package', 'cve', 'none'];
export const ofMany: readonly Group[] = ['none', 'cve', 'package', 'fix', 'image'];
/** By the address; the first choice where it says nothing. */
export function useGroup(choices: readonly Group[]): Group {
  const { query } = usePlace();
  return choices.find((g) => g === query.get('group')) ?? choices[0] ?? 'none';
}
/** The filter bar of every list of findings, with what it is grouped by. */
export function GroupBar({ names, choices }: { names: readonly Filter[]; choices: readonly Group[] }) {
  const by = useGroup(choices);
  return (
    <FilterBar of={names}>
      {choices.length > 1 && <><span className="s t3 hide-phone" aria-hidden="true">{s.image.groupBy}</span><Segments label={s.image.groupBy} value={by} options={choices.map((g) => [g, s.image.groups[g] ?? g])} onChange={(g) => change({ group: g === choices[0] ? undefined : g, finding: undefined, at: undefined })} /></>}
    </FilterBar>
  );
}
const sorts: [string, string][] = [['severity', s.severity], ['cvss', s.findings.cvss], ['epss', s.findings.epss]];

/** Key and title of its group. In a list over many images, which comes package by package, each package waits for its own fix. */
function groupOf(f: Finding, by: Group, everywhere: boolean): [string, ReactNode] {
  if (by === 'fix' && isContent(f)) return [`1 ${f.check}`, s.image.changeFor(f.check)];
  if (by === 'fix' && everywhere) return f.patchable ? [`1${f.package} ${f.fixed_version}`, s.image.upgradeTo(f.package, f.fixed_version)] : [`2${f.package}`, s.image.waitFor(f.package)];
  if (by === 'fix') return f.patchable ? [`1${f.package}`, s.image.upgrade(f.package)] : ['2', s.image.wait];
  if (by === 'package') return [f.package, f.package];
  return [f.cves[0] ?? '', f.cves[0] ?? s.findings.noCve];
}

function Cells({ f, address, everywhere }: { f: Finding; address: string; everywhere: boolean }) {
  const others = f.match_count - 1;
  return (
    <>
      <td role="cell" className="lead"><SeverityWord of={f.severity} /></td>
      <td role="cell" className="full">
        <div className="two">
          <A href={address}><Title of={f.check} beside={f.cves[0]} /></A>
          <span><Fix of={f} />{others > 0 && <span className="s t3"> {s.findings.morePackages(others)}</span>}</span>
        </div>
      </td>
      {everywhere && <td role="cell" className="full"><A href={to(imagePath(f.registry ?? '', f.repository ?? '', f.digest ?? ''))}>{f.repository}</A><div className="s t3">{f.registry} <span className="mono">{short(f.digest ?? '')}</span></div></td>}
      <td role="cell"><div style={{ display: 'flex', gap: '2px 6px', flexWrap: 'wrap', alignItems: 'center' }}><span className="nw">{f.cves[0] ?? ''}{f.cves.length > 1 ? `, +${f.cves.length - 1}` : ''}</span>{f.kev && <Kev ransomware={f.ransomware ?? false} />}</div></td>
      <td role="cell" className="num up" data-label={s.findings.cvss}>{f.cvss ? f.cvss.base.toFixed(1) : <span className="t3 s nw">{s.findings.notScored}</span>}</td>
      <td role="cell" className={f.epss === undefined ? 'num gone' : 'num'} data-label={s.findings.epss}>{f.epss === undefined ? <span className="t3 s nw">{s.findings.notScored}</span> : percent(f.epss)}</td>
    </>
  );
}

export const keyOf = (f: Finding): string => `${f.id}${f.registry ?? ''}/${f.repository ?? ''}${f.digest ?? ''}`;
/** The row of a finding. */
export const findingRow = (f: Finding, address: string, everywhere: boolean, isOpen: boolean): Row => ({
  key: keyOf(f), current: isOpen, open: () => go(address), cells: <Cells f={f} address={address} everywhere={everywhere} />,
});
export function Density({ dense, setDense }: { dense: boolean; setDense: (dense: boolean) => void }) {
  return <Segments label={s.density.label} value={dense ? 'compact' : 'comfortable'} options={[['comfortable', s.density.comfortable], ['compact', s.density.compact]]} onChange={(d) => setDense(d === 'compact')} />;
}

/** addressOf: where a finding opens; isOpen: it is the one in the pane. everywhere: over all images, which each row names. choices: of groups. */
export function FindingList({ pages, filters, names, everywhere = false, choices, empty, addressOf, isOpen }: {
  pages: Pages<Finding>; filters: Filters; names: readonly Filter[]; everywhere?: boolean; choices: readonly Group[]; empty: string;
  addressOf: (f: Finding) => string; isOpen: (f: Finding) => boolean;
}) {
  const { query } = usePlace();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const by = useGroup(choices);
  const sort = everywhere && by !== 'none' ? '' : query.get('sort') ?? 'severity';
  const [dense, setDense] = useState(false);
  const columns = everywhere ? 6 : 5;
  const line = (f: Finding): Row => findingRow(f, addressOf(f), everywhere, isOpen(f));
  const rows: Row[] = [];
  if (by === 'none') rows.push(...pages.items.map(line));
  else {
    const heads = new Map<string, { title: ReactNode; list: Finding[] }>();
    for (const f of pages.items) {
      const [key, title] = groupOf(f, by, everywhere);
      const head = heads.get(key);
      if (head) head.list.push(f);
      else heads.set(key, { title, list: [f] });
    }
    const order = [...heads].toSorted(([a], [b]) => (by === 'fix' ? Number(a === '2') - Number(b === '2') : 0)), last = order.at(-1)?.[0];
    for (const [key, { title, list }] of order) {
      const more = everywhere && !pages.done && key === last; // it goes on in the next page
      const open = !closed.has(key);
      const fold = (yes: boolean) => setClosed((was) => { const now = new Set(was); if (yes) now.delete(key); else now.add(key); return now; });
      rows.push({ key: `group ${key}`, className: 'group', fold, cells: (
        <td role="cell" colSpan={columns} className="full"><div className="g">
          <button type="button" className="fold" aria-expanded={open} onClick={() => fold(!open)}><Chevron />{title}</button>
          {list.some((f) => f.kev) && <Kev />}
          <span className="mark end">{by === 'fix' && !key.startsWith('2') ? s.image.clears(list.length, more) : s.vulnerabilities(list.length, more)}</span>
        </div></td>
      ) });
      if (open) rows.push(...list.map(line));
    }
  }
  const header = (name: string, label: string, num = false) => (
    <th role="columnheader" className={num ? 'num' : ''} style={num ? { width: 92 } : { width: 116 }} {...(sort === name ? { 'aria-sort': 'descending' as const } : {})}>
      {sort ? <button type="button" onClick={() => change({ sort: name === 'severity' ? undefined : name })}>{label}{sort === name && ' ↓'}</button> : label}
    </th>
  );
  const filtered = Object.keys(filters).length > 0;
  return (
    <>
      <GroupBar names={names} choices={choices} />
      {pages.error && <Failed what={s.pages.findings} error={pages.error} retry={pages.reload} operation="listFindings" />}
      {!pages.error && !rows.length && (pages.loading ? <Bones /> : filtered ? <NoMatch of={names} filters={filters} /> : <Empty>{empty}</Empty>)}
      {rows.length > 0 && (
        <div className={dense ? 'compact' : ''}>
          <LongTable label={s.pages.findings} columns={columns} rows={rows} pages={pages} noun={s.nouns.vulnerabilities} className="cards fixed" foot={<Density dense={dense} setDense={setDense} />} head={(
            <tr role="row">
              {header('severity', sorts[0]?.[1] ?? '')}<th role="columnheader">{s.findings.check}</th>{everywhere && <th role="columnheader" style={{ width: '22%' }}>{s.findings.where}</th>}<th role="columnheader" style={{ width: everywhere ? 150 : 136 }}>{s.findings.cve}</th>
              {header('cvss', s.findings.cvss, true)}{header('epss', s.findings.epss, true)}
            </tr>
          )} />
        </div>
      )}
    </>
  );
}
