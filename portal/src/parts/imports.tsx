// The imports of a registry: how far they are, and why one failed.
import { useEffect, useEffectEvent, useRef } from 'react';
import { call, useEvents, usePages } from '../api/client.ts';
import type { Import } from '../api/schema.ts';
import { A, change, repositoryPath, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';
import { ActionButton, Failed, Time, bytes } from './basics.tsx';
import { StateWord } from './glyphs.tsx';
import { ImportPane } from './import_pane.tsx';
import { LongTable } from './long_table.tsx';

const t = s.imports;
const looks: Record<Import['state'], string> = { Queued: 'wait', Running: 'run', Succeeded: 'done', Failed: 'late', Cancelled: 'none' };
const isOpen = (x: Import) => x.state === 'Queued' || x.state === 'Running';
const EACH_MS = 1000; // at most one reading a second

/** Reads again as the server says that something moved; only while something can. */
function Follow({ reload }: { reload: () => void }) {
  const due = useRef<ReturnType<typeof setTimeout>>(undefined);
  const live = useEvents((e) => {
    if (e.type === 'import') due.current ??= setTimeout(() => { due.current = undefined; reload(); }, EACH_MS);
  });
  const again = useEffectEvent(reload);
  useEffect(() => { if (live) again(); }, [live]); // what moved before the stream was open
  useEffect(() => () => clearTimeout(due.current), []);
  return null;
}

function Progress({ of }: { of: Import }) {
  if (!of.blobs_total) return <span className="t3">{of.state === 'Running' ? t.reading : ''}</span>;
  return <>{t.blobs(of.blobs_done, of.blobs_total)}<div className="s t3">{bytes(of.bytes_done)} / {bytes(of.bytes_total)}</div></>;
}

export function ImportButton() {
  return <ActionButton action={action.import} onClick={() => change({ import: 'new' })}>{t.button}</ActionButton>;
}

/** The list, where there is something in it, and the pane that is open by the address. moved: something did. */
export function Imports({ registry, moved }: { registry: string; moved: () => void }) {
  const { query } = usePlace();
  const pages = usePages('listImports', { query: { registry } });
  const cancel = (x: Import) => call('cancelImport', { path: { id: x.id } }).finally(pages.reload);
  return (
    <>
      {pages.items.some(isOpen) && <Follow reload={() => { pages.reload(); moved(); }} />}
      {pages.error && pages.error.status !== 403 && <section className="card" style={{ marginTop: 16 }}><Failed what={t.list} error={pages.error} retry={pages.reload} operation="listImports" /></section>}
      {pages.items.length > 0 && <section className="card" style={{ marginTop: 16 }}>
        <header><h2 className="h">{t.list}</h2></header>
        <LongTable label={t.list} columns={5} pages={pages} noun={t.noun} className="cards fixed"
          head={<tr role="row"><th role="columnheader">{t.source}</th><th role="columnheader">{t.repository}</th><th role="columnheader">{t.state}</th><th role="columnheader" style={{ width: 150 }}>{t.progress}</th><th role="columnheader" style={{ width: 100 }}><span className="vh">{t.actions}</span></th></tr>}
          rows={pages.items.map((x) => ({ key: x.id, cells: <>
            <td role="cell" className="full" style={{ overflowWrap: 'anywhere' }}>{x.source}<div className="s t3">{x.requested_by}, <Time at={x.created_at} /></div></td>
            <td role="cell" className="full" style={{ overflowWrap: 'anywhere' }}>{x.state === 'Succeeded' ? <A href={to(repositoryPath(registry, x.repository))}>{x.repository}</A> : x.repository}<div className="s t3">{x.tags.join(', ')}</div></td>
            <td role="cell" className="full" style={{ overflowWrap: 'anywhere' }}><StateWord look={looks[x.state]} word={t.states[x.state]} />{x.reason && <div className="s t3">{x.reason}</div>}</td>
            <td role="cell" className="full" style={{ overflowWrap: 'anywhere' }}><Progress of={x} /></td>
            <td role="cell" className="num">{isOpen(x) && <ActionButton action={action.import} size="small" appearance="subtle" aria-label={`${s.cancel}: ${x.source}`} onClick={() => void cancel(x)}>{s.cancel}</ActionButton>}</td>
          </> }))} />
      </section>}
      {query.get('import') === 'new' && <ImportPane registry={registry} close={() => change({ import: undefined })} done={() => { change({ import: undefined }); pages.reload(); }} />}
    </>
  );
}
