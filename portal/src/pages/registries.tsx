import { AddRegular } from '@fluentui/react-icons';
import { usePages } from '../api/client.ts';
import { ActionButton, Bones, Empty, Failed, bytes, upper } from '../parts/basics.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, StateWord } from '../parts/glyphs.tsx';
import { RegistryPane } from '../parts/registry_pane.tsx';
import { A, change, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';

export default function Registries() {
  const { query } = usePlace();
  const list = usePages('listRegistries', {});
  return (
    <Page title={s.registries.title} crumbs={[[s.registries.title]]} sentence={list.done && s.registries.sentence(list.items.length, list.items.filter((r) => r.state === 'Unhealthy').length, list.items.filter((r) => r.state === 'NotApplicable').length)} actions={<ActionButton action={action.registry} icon={<AddRegular />} onClick={() => change({ pane: 'registry' })}>{s.newRegistry.add}</ActionButton>}>
      <section className="card">
        {list.error && <Failed what={s.registries.title} error={list.error} retry={list.reload} operation="listRegistries" />}
        {!list.error && !list.items.length && (list.loading ? <Bones rows={2} /> : <Empty>{s.errors.notFoundText}</Empty>)}
        {list.items.length > 0 && (
          <table className="cards">
            <thead><tr><th>{s.registries.name}</th><th>{s.recommendation.subscription}</th><th>{s.registries.state}</th><th className="num">{s.registries.images}</th><th>{s.counts}</th><th className="num">{s.registries.stored}</th></tr></thead>
            <tbody>
              {list.items.map((r) => (
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
