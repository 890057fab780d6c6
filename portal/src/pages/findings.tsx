import { usePages } from '../api/client.ts';
import type { Finding } from '../api/schema.ts';
import { FindingPane } from '../parts/finding_pane.tsx';
import { FindingList } from '../parts/findings.tsx';
import { everywhereFilters, useFilters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { go, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

export default function Findings() {
  const { query } = usePlace();
  const filters = useFilters(everywhereFilters);
  const sort = query.get('sort') ?? undefined;
  const pages = usePages('listFindings', { query: { ...filters, ...(sort ? { sort } : {}) } });
  const open = query.get('finding') ?? '', at = query.get('at') ?? '';
  const [, registry = 'local', repository = '', digest = ''] = /^(?:([^:@]+):)?([^@]+)@(.+)$/.exec(at) ?? []; // REGISTRY:REPOSITORY@DIGEST
  const place = (f: Finding) => `${f.registry}:${f.repository}@${f.digest}`;
  const address = (f: Finding) => { const q = new URLSearchParams(query); q.set('finding', String(f.id)); q.set('at', place(f)); return to(['findings'], Object.fromEntries(q)); };
  const isOpen = (f: Finding) => String(f.id) === open && place(f) === `${registry}:${repository}@${digest}`;
  const index = pages.items.findIndex(isOpen);
  return (
    <Page title={s.findings.title} crumbs={[[s.findings.title]]} sentence={s.findings.sentence}>
      <section className="card"><FindingList pages={pages} filters={filters} names={everywhereFilters} everywhere empty={s.empty.findings} addressOf={address} isOpen={isOpen} /></section>
      {open && digest && !query.get('pane') && <FindingPane id={open} registry={registry} repository={repository} digest={digest} found={pages.items[index]} position={index < 0 ? undefined : [index, pages.items.length]} step={(by) => { const f = pages.items[index + by]; if (f) go(address(f), true); }} />}
    </Page>
  );
}
