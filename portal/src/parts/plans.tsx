// The plan of each subscription: whether its registries are assessed. Nothing is stored before Save.
import { Switch } from '@fluentui/react-components';
import { useState } from 'react';
import { asFailure, call, useApi, usePages } from '../api/client.ts';
import type { Scope } from '../api/schema.ts';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { ActionButton, Bones, Empty, Failed, Time, day } from './basics.tsx';

const t = s.plans;
type Tier = 'Standard' | 'Free';

function Row({ of, wanted, want, turn }: { of: Scope; wanted: Tier | undefined; want: (tier: Tier | undefined) => void; turn: number }) {
  const plan = useApi('getPlan', { path: { subscription: of.name } }, turn);
  const may = useMay(action.plan);
  const p = plan.data, tier = wanted ?? p?.tier;
  return (
    <tr>
      <td><b>{of.title || of.name}</b>{of.title && of.title !== of.name && <div className="s t3">{of.name}</div>}</td>
      <td>{p && <Switch checked={tier === 'Standard'} disabled={!may} label={tier === 'Standard' ? t.on : t.off} aria-label={t.labelOf(of.title || of.name)} onChange={(_, d) => { const now: Tier = d.checked ? 'Standard' : 'Free'; want(now === p.tier ? undefined : now); }} />}{plan.error && <span className="s t2">{plan.error.message}</span>}</td>
      <td className="full s t2">{wanted === 'Free' ? t.willBeOff : wanted === 'Standard' ? t.willBeOn : p?.trial_until && p.tier === 'Standard' ? t.trial(day(p.trial_until)) : p?.tier === 'Free' ? t.isOff : ''}</td>
      <td className="s t3" data-label={p?.changed_by && t.changed}>{p?.changed_by && <>{p.changed_by}, <Time at={p.changed_at} /></>}</td>
    </tr>
  );
}

export function Plans() {
  const list = usePages('listSubscriptions', { query: { limit: 100 } });
  const may = useMay(action.plan);
  const [wanted, setWanted] = useState<Record<string, Tier>>({});
  const [said, setSaid] = useState('');
  const [turn, setTurn] = useState(0);
  const names = Object.keys(wanted);
  const save = async () => {
    setSaid('');
    for (const name of names) {
      try {
        await call('setPlan', { path: { subscription: name }, body: { tier: wanted[name] ?? 'Standard' } });
        setWanted((was) => Object.fromEntries(Object.entries(was).filter(([k]) => k !== name)));
      } catch (e) {
        setSaid(`${name}: ${asFailure(e).message}`);
      }
    }
    setTurn((n) => n + 1);
  };
  return (
    <section className="card" aria-labelledby="plans" style={{ marginBottom: 16 }}>
      <header><h2 className="h" id="plans">{t.title}</h2><span className="s t3">{t.what}</span></header>
      {list.error && <Failed what={t.title} error={list.error} retry={list.reload} operation="listSubscriptions" />}
      {!list.error && !list.items.length && (list.loading ? <Bones rows={1} /> : <Empty>{t.none}</Empty>)}
      {list.items.length > 0 && <>
        <table className="cards"><thead><tr><th>{s.recommendation.subscription}</th><th>{t.plan}</th><th><span className="vh">{t.effect}</span></th><th>{t.changed}</th></tr></thead>
          <tbody>{list.items.map((x) => <Row key={x.name} of={x} wanted={wanted[x.name]} turn={turn} want={(tier) => setWanted((was) => { const now = { ...was }; if (tier) now[x.name] = tier; else delete now[x.name]; return now; })} />)}</tbody></table>
        <div className={said || !may || names.length || !list.done ? 'under' : ''}><span role="status">{said || (may ? '' : needs(action.plan))}</span><span className="grow" />{!list.done && <button type="button" className="link" onClick={list.more}>{s.more}</button>}
          {names.length > 0 && <ActionButton action={action.plan} size="small" appearance="primary" onClick={() => void save()}>{s.exempt.save}</ActionButton>}</div>
      </>}
    </section>
  );
}
