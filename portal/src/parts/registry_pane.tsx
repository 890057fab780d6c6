// A further registry, in a resource group of a subscription.
import { Button, Field, Input, Select } from '@fluentui/react-components';
import { useEffect, useState, type FormEvent } from 'react';
import { asFailure, call, usePages } from '../api/client.ts';
import { go, to } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Pane } from './pane.tsx';

const t = s.newRegistry;
const MANY = 1000;

/** "subscription/resource group" of every place where one can be. */
function usePlaces(): string[] {
  const subscriptions = usePages('listSubscriptions', { query: { limit: MANY } }, MANY);
  const [places, setPlaces] = useState<string[]>([]);
  const names = subscriptions.done ? subscriptions.items.map((x) => x.name).join('\n') : '';
  useEffect(() => {
    let gone = false;
    const groups = names.split('\n').filter(Boolean).map((subscription) => call('listResourceGroups', { path: { subscription }, query: { limit: MANY } }).then((page) => page.items.map((g) => `${subscription}/${g.name}`), () => []));
    void Promise.all(groups).then((lists) => { if (!gone) setPlaces(lists.flat()); });
    return () => { gone = true; };
  }, [names]);
  return places;
}

export function RegistryPane({ close }: { close: () => void }) {
  const may = useMay(action.registry);
  const places = usePlaces();
  const [name, setName] = useState(''), [hosts, setHosts] = useState(''), [chosen, setChosen] = useState(''), [wrong, setWrong] = useState(''), [busy, setBusy] = useState(false);
  const place = chosen || (places[0] ?? '');
  const ready = may && !busy && name.trim() !== '' && place !== '';
  const save = async (e?: FormEvent) => {
    e?.preventDefault();
    if (!ready) return;
    setBusy(true);
    setWrong('');
    const [subscription = '', group = ''] = place.split('/'), list = hosts.split(/[\s,]+/).filter(Boolean);
    try {
      const made = await call('createRegistry', { path: { subscription, resource_group: group }, body: { name: name.trim(), ...(list.length ? { hosts: list } : {}) } });
      go(to(['registries', made.name]));
    } catch (problem) {
      setWrong(asFailure(problem).message);
      setBusy(false);
    }
  };
  return (
    <Pane title={t.title} note={t.note} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => void save()}>{t.add}</Button><Button onClick={close}>{s.cancel}</Button><span className="grow" /><span className="s t3">{may ? '' : needs(action.registry)}</span>
    </>}>
      <form className="body" onSubmit={(e) => void save(e)}><div style={{ display: 'grid', gap: 16 }}>
        <Field label={s.registries.name} required hint={t.nameHint} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input value={name} autoComplete="off" onChange={(_, d) => setName(d.value)} /></Field>
        <Field label={t.place} hint={t.placeHint}><Select value={place} onChange={(_, d) => setChosen(d.value)}>{places.map((x) => <option key={x} value={x}>{x.replace('/', ' / ')}</option>)}</Select></Field>
        <Field label={t.hosts} hint={t.hostsHint}><Input value={hosts} autoComplete="off" onChange={(_, d) => setHosts(d.value)} /></Field>
      </div><button type="submit" hidden /></form>
    </Pane>
  );
}
