import { Tab, TabList } from '@fluentui/react-components';
import { useState } from 'react';
import { asFailure, call, useApi } from '../api/client.ts';
import { ActionButton, Bones, Failed, Time } from '../parts/basics.tsx';
import { Page, isLate } from '../parts/frame.tsx';
import { StateGlyph, StateWord } from '../parts/glyphs.tsx';
import { Notifications } from '../parts/notifications.tsx';
import { Plans } from '../parts/plans.tsx';
import { Usage } from '../parts/usage.tsx';
import { change, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { count, feedName, s } from '../strings.ts';

function General() {
  const vdb = useApi('getVulndb', {});
  const version = useApi('getVersion', {});
  const d = vdb.data;
  return (
    <>
      <Plans />
      <Usage />
      {vdb.error && <section className="card"><Failed what={s.settings.vdb} error={vdb.error} retry={vdb.reload} operation="getVulndb" /></section>}
      {!d && !vdb.error && <Bones />}
      {d && !d.present && <div className="note warn" style={{ marginBottom: 16 }}><StateGlyph look="late" /><span>{s.settings.none}</span></div>}
      {d?.present && <>
        <section className="card" style={{ marginBottom: 16 }}>
          <header><h2 className="h">{s.settings.feeds}</h2><span className="s t3">{s.settings.database(d.advisories ?? 0, d.packages ?? 0, d.exploits ?? 0)} <Time at={d.built_at} /></span></header>
          <table className="cards">
            <thead><tr><th>{s.settings.feed}</th><th>{s.settings.source}</th><th>{s.settings.fetched}</th><th className="num">{s.settings.records}</th><th className="num">{s.settings.notes}</th></tr></thead>
            <tbody>{d.sources?.map((f) => (
              <tr key={f.feed + f.source}>
                <td className="b">{feedName(f.feed)}</td><td className="mono t2 full">{f.source}</td>
                <td data-label={s.settings.fetched}>{f.fetched_at ? <StateWord look={isLate(f.fetched_at) ? 'late' : 'good'} word="" /> : <StateWord look="none" word="" />} <Time at={f.fetched_at} none={s.settings.local} /></td>
                <td className="num" data-label={s.settings.records}>{count(f.records)}</td><td className={f.notes ? 'num' : 'num t3'} data-label={s.settings.notes}>{count(f.notes)}</td>
              </tr>
            ))}</tbody>
          </table>
        </section>
      </>}
      <section className="card"><header><h2 className="h">{s.settings.server}</h2></header><div className="pad0"><dl className="facts"><dt>{s.settings.version}</dt><dd>{version.data?.version ?? ''}</dd><dt>{s.settings.portal}</dt><dd><a href="/portal/licences.txt">{s.settings.licences}</a></dd></dl></div></section>
    </>
  );
}

const tabs = ['general', 'notifications'] as const;
export default function Settings() {
  const { query } = usePlace();
  const [said, setSaid] = useState('');
  const update = () => { call('updateVulndb', {}).then(() => setSaid(s.settings.updating), (e: unknown) => setSaid(asFailure(e).message)); };
  const tab = tabs.find((x) => x === query.get('tab')) ?? 'general';
  return (
    <Page title={s.settings.title} crumbs={[[s.settings.title]]} sentence={s.settings.sentence} actions={tab === 'general' && <div><ActionButton action={action.update} onClick={update}>{s.settings.update}</ActionButton><div role="status" className="s t3">{said}</div></div>}>
      <TabList className="page-tabs" selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'general' ? undefined : String(d.value), notification: undefined })}>{tabs.map((x) => <Tab key={x} value={x}>{s.settings.tabs[x]}</Tab>)}</TabList>
      {tab === 'general' ? <General /> : <Notifications />}
    </Page>
  );
}
