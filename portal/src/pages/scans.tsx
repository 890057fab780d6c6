import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useEvents, usePages, type Pages } from '../api/client.ts';
import type { Scan } from '../api/schema.ts';
import { Bones, Empty, Failed, Time, short, upper } from '../parts/basics.tsx';
import { FilterBar, NoMatch, imageFilters, useFilters, type Filter } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { StateWord } from '../parts/glyphs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { A, imagePath, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const took = (ms: number | undefined) => (ms === undefined ? '' : ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

export function ScanRows({ pages, operation, withImage, none }: { pages: Pages<Scan>; operation: 'listScans' | 'listImageScans'; withImage: boolean; none?: ReactNode }) {
  if (pages.error) return <Failed what={s.scans.title} error={pages.error} retry={pages.reload} operation={operation} />;
  if (!pages.items.length) return pages.loading ? <Bones /> : none ?? <Empty>{s.empty.scans}</Empty>;
  return (
    <LongTable label={s.scans.title} columns={withImage ? 5 : 4} pages={pages} noun={s.nouns.scans} className="cards fixed"
      head={<tr role="row"><th role="columnheader" style={{ width: 150 }}>{s.scans.status}</th>{withImage && <th role="columnheader">{s.scans.image}</th>}<th role="columnheader">{s.scans.trigger}</th><th role="columnheader" className="num" style={{ width: 90 }}>{s.scans.took}</th><th role="columnheader" className="num" style={{ width: 130 }}>{s.scans.queued}</th></tr>}
      rows={pages.items.map((x) => ({ key: x.id, cells: <>
        <td role="cell"><StateWord of={x.status} /></td>
        {withImage && <td role="cell" className="full"><A href={to(imagePath(x.registry, x.repository, x.digest))}>{x.repository}</A><div className="s t3">{x.registry} <span className="mono">{short(x.digest)}</span></div></td>}
        <td role="cell" data-label={s.scans.trigger}>{s.scans.triggers[x.trigger]}{x.reason && <div className="s t3">{upper(x.reason)}</div>}</td><td role="cell" className="num gone">{took(x.duration_ms)}</td><td role="cell" className="num" data-label={s.scans.queued}><Time at={x.queued_at} /></td>
      </> }))} />
  );
}

const statuses: Scan['status'][] = ['queued', 'running', 'completed', 'failed', 'unsupported'];
const status: Filter = { name: 'status', kind: 'list', label: s.scans.status, of: statuses.map((x) => [x, s.state[x] ?? x]) };
const named = (name: string) => imageFilters.filter((f) => f.name === name);
const EACH_MS = 1000; // at most one reading a second, however much happens

export default function Scans() {
  const { query } = usePlace();
  const names = [status, ...named('repository'), ...(query.get('repository') ? named('registry') : [])]; // a registry is asked for where the repository is in several
  const filters = useFilters(names);
  const pages = usePages('listScans', { query: filters });
  const [said, setSaid] = useState('');
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  const live = useEvents((e) => {
    due.current ??= setTimeout(() => { due.current = undefined; pages.reload(); setSaid(`${e.repository}: ${e.type}`); }, EACH_MS);
  });
  useEffect(() => () => clearTimeout(due.current), []);
  return (
    <Page title={s.scans.title} crumbs={[[s.scans.title]]} sentence={<><span>{s.scans.sentence}</span><StateWord look={live ? 'done' : 'wait'} word={live ? s.scans.live : s.scans.paused} /></>}>
      <span className="vh" role="status">{said}</span>
      <section className="card">
        <FilterBar of={names} search="" />
        <ScanRows pages={pages} operation="listScans" withImage none={Object.keys(filters).length > 0 && <NoMatch of={names} filters={filters} />} />
      </section>
    </Page>
  );
}
