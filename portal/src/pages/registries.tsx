import { AddRegular } from '@fluentui/react-icons';
import { usePages } from '../api/client.ts';
import { ActionButton, Bones, Empty, Failed, bytes, upper } from '../parts/basics.tsx';
import type { Registry } from '../api/schema.ts';
import { FilterBar, NoMatch, useFilters, type Filter } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, StateWord } from '../parts/glyphs.tsx';
import { RegistryPane } from '../parts/registry_pane.tsx';
import { SortHead } from '../parts/sort_head.tsx';
import { A, change, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';

const ALL = 10000; // are read to be ordered
const states = ['Unhealthy', 'Healthy', 'NotApplicable', 'Deleting'] as const;
const names: Filter[] = [{ name: 'state', kind: 'one', label: s.registries.state, of: states.map((x) => [x, s.state[x] ?? x]) }, { name: 'subscription', kind: 'text', label: s.recommendation.subscription }];
/** The worst first; names as they are read. */
const severe = (r: Registry) => s.severities.map((x) => r.findings[x]);
const sorts: Record<string, (a: Registry, b: Registry) => number> = {
  name: () => 0, subscription: (a, b) => a.subscription.localeCompare(b.subscription), state: (a, b) => states.indexOf(a.state) - states.indexOf(b.state), images: (a, b) => b.images - a.images, stored: (a, b) => b.stored_bytes - a.stored_bytes,
  severity: (a, b) => { const x = severe(a), y = severe(b), i = x.findIndex((n, k) => n !== y[k]); return i < 0 ? 0 : (y[i] ?? 0) - (x[i] ?? 0); },
};

export default function Registries() {
  const { query } = usePlace();
  const list = usePages('listRegistries', {}, ALL);
  const filters = useFilters(names), sort = sorts[query.get('sort') ?? ''] ?? sorts.name;
  const shown = list.items.filter((r) => (!filters.state || r.state === filters.state) && (!filters.subscription || r.subscription === filters.subscription) && (!filters.search || r.name.includes(filters.search.toLowerCase()))).toSorted((a, b) => sort?.(a, b) || a.name.localeCompare(b.name));
  return (
    <Page title={s.registries.title} crumbs={[[s.registries.title]]} sentence={list.done && s.registries.sentence(list.items.length, list.items.filter((r) => r.state === 'Unhealthy').length, list.items.filter((r) => r.state === 'NotApplicable').length)} actions={<ActionButton action={action.registry} icon={<AddRegular />} onClick={() => change({ pane: 'registry' })}>{s.newRegistry.add}</ActionButton>}>
      <section className="card">
        {list.error && <Failed what={s.registries.title} error={list.error} retry={list.reload} operation="listRegistries" />}
        {!list.error && !list.items.length && (list.loading ? <Bones rows={2} /> : <Empty>{s.errors.notFoundText}</Empty>)}
        {list.items.length > 0 && <FilterBar of={names} search={s.registries.search} />}
        {list.items.length > 0 && !shown.length && <NoMatch of={names} filters={filters} />}
        {shown.length > 0 && (
          <table className="cards">
            <thead><tr><SortHead name="name" first="name" up>{s.registries.name}</SortHead><SortHead name="subscription" first="name" up>{s.recommendation.subscription}</SortHead><SortHead name="state" first="name">{s.registries.state}</SortHead><SortHead name="images" first="name" num>{s.registries.images}</SortHead><SortHead name="severity" first="name">{s.counts}</SortHead><SortHead name="stored" first="name" num>{s.registries.stored}</SortHead></tr></thead>
            <tbody>
              {shown.map((r) => (
                <tr key={r.name}>
                  <td><A className="b" href={to(['registries', r.name])}>{r.name}</A>{r.hosts.length > 0 && <div className="s t3">{r.hosts.join(', ')}</div>}</td>
                  <td data-label={s.recommendation.subscription}>{r.subscription}</td>
                  <td><StateWord of={r.state} />{r.reason && <div className="s t3">{upper(r.reason)}</div>}</td>
                  <td className="num" data-label={s.registries.images}>{r.images}</td>
                  <td className="full"><Counts of={r.findings} /></td>
                  <td className="num" data-label={s.registries.stored}>{bytes(r.stored_bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
      {query.get('pane') === 'registry' && <RegistryPane close={() => change({ pane: undefined })} />}
    </Page>
  );
}
