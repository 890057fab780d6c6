// Messages that the server sends by webhook or mail: where to, what for, and what became of them.
import { Button, Checkbox, Field, Input, Radio, RadioGroup, Select, Switch, Textarea } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { useEffect, useEffectEvent, useState, type FormEvent } from 'react';
import { asFailure, call, useApi, usePages } from '../api/client.ts';
import type { Notification, NotificationDelivery } from '../api/schema.ts';
import { change, usePlace } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { count, s } from '../strings.ts';
import { ActionButton, Bones, Empty, Failed, Time } from './basics.tsx';
import { Delete } from './delete.tsx';
import { Section } from './finding_pane.tsx';
import { StateGlyph, StateWord } from './glyphs.tsx';
import { LongTable } from './long_table.tsx';
import { Pane } from './pane.tsx';
import { Place } from './place.tsx';

const t = s.notifications;
type Event = Notification['events'][number];
type Kind = Notification['kind'];
const events = Object.keys(t.events) as Event[];
const MANY = 1000, AGAIN_MS = 2000; // while messages wait

/** What became of its messages, the newest first. */
function Status({ of }: { of: Notification }) {
  if (!of.enabled) return <StateWord look="off" word={t.off} />;
  if (of.paused) return <><StateWord look="late" word={t.paused} /><div className="s t2">{of.paused}</div></>;
  if (of.last_error) return <><StateWord look="late" word={of.waiting ? t.retrying : t.failed} /><div className="s t2 path">{of.last_error}</div></>;
  if (of.waiting) return <StateWord look="run" word={t.waiting(of.waiting)} />;
  return of.delivered_at ? <span className="g"><StateWord look="good" word={t.delivered} /> <Time at={of.delivered_at} /></span> : <StateWord look="wait" word={t.nothing} />;
}

const target = (of: Notification): string => (of.kind === 'email' ? of.recipients?.join(', ') ?? '' : of.url ?? '');
/** What it is sent for, in words. */
const sentFor = (of: Notification): string => of.events.map((x) => (x === 'findings' ? t.findingsFrom(of.severity_gte) : t.events[x])).join('; ');

export function Notifications() {
  const { query } = usePlace();
  const pages = usePages('listNotifications', {});
  const open = query.get('notification') ?? '';
  const close = () => change({ notification: undefined });
  return (
    <section className="card" aria-labelledby="notifications">
      <header><h2 className="h" id="notifications">{t.title}</h2><span className="s t3">{t.what}</span><span className="end"><ActionButton action={action.rule} icon={<AddRegular />} onClick={() => change({ notification: 'new' })}>{t.add}</ActionButton></span></header>
      {pages.error && <Failed what={t.title} error={pages.error} retry={pages.reload} operation="listNotifications" />}
      {!pages.error && !pages.items.length && (!pages.done ? <Bones rows={2} /> : <Empty>{t.none}</Empty>)}
      {pages.items.length > 0 && <LongTable label={t.title} columns={5} pages={pages} noun={t.noun}
        head={<tr role="row"><th role="columnheader">{s.registries.name}</th><th role="columnheader">{s.exceptions.scope}</th><th role="columnheader">{t.sentFor}</th><th role="columnheader">{s.scans.status}</th><th role="columnheader"><span className="vh">{s.exceptions.actions}</span></th></tr>}
        rows={pages.items.map((x) => ({ key: x.id, current: String(x.id) === open, open: () => change({ notification: String(x.id) }), cells: <>
          <td role="cell" className="full"><button type="button" className="link" onClick={() => change({ notification: String(x.id) })}>{x.name}</button><div className="s t3 path">{t.kinds[x.kind]}: {target(x)}</div></td>
          <td role="cell" className="full"><Place of={x.scope} /></td><td role="cell" className="full t2">{sentFor(x)}</td><td role="cell" className="full"><Status of={x} /></td>
          <td role="cell" className="num full"><Delete what={x.name} sure={t.sure(x.name)} may={action.rule} remove={() => call('deleteNotification', { path: { id: x.id } }).then(pages.reload)} /></td>
        </> }))} />}
      {open && <NotificationPane key={open} id={open} close={close} changed={pages.reload} />}
    </section>
  );
}

interface Draft { name: string; scope: string; kind: Kind; url: string; recipients: string; secret: string; dropSecret: boolean; events: ReadonlySet<Event>; severity: Notification['severity_gte']; patchable: boolean; on: boolean }
const startOf = (of: Notification | undefined): Draft => ({
  name: of?.name ?? '', scope: of?.scope ?? '', kind: of?.kind ?? 'webhook', url: of?.url ?? '', recipients: of?.recipients?.join('\n') ?? '', secret: '', dropSecret: false,
  events: new Set(of?.events ?? ['findings', 'state']), severity: of?.severity_gte ?? 'High', patchable: of?.criteria?.patchable === true, on: of?.enabled ?? true,
});
/** What the form does not show is sent as it was. */
function bodyOf(d: Draft, of: Notification | undefined) {
  const kept = Object.entries(of?.criteria ?? {}).filter(([k, v]) => k !== 'patchable' && v !== 0);
  const criteria = Object.fromEntries<unknown>([...kept, ...(d.patchable ? [['patchable', true] as const] : [])]);
  return {
    name: d.name.trim(), events: events.filter((x) => d.events.has(x)), severity_gte: d.severity, enabled: d.on, ...(Object.keys(criteria).length ? { criteria } : {}),
    ...(d.kind === 'email' ? { recipients: d.recipients.split(/[\s,;]+/).filter(Boolean) } : { ...(d.url.trim() === (of?.url ?? '') ? {} : { url: d.url.trim() }), ...(d.secret ? { secret: d.secret } : {}) }),
  };
}

/** Every place that a notification can be about. */
function Scopes({ value, choose }: { value: string; choose: (scope: string) => void }) {
  const groups = usePages('listManagementGroups', { query: { limit: MANY } }, MANY), subscriptions = usePages('listSubscriptions', { query: { limit: MANY } }, MANY), registries = usePages('listRegistries', {}, MANY);
  const kinds = s.exempt.kinds;
  const list: [string, string][] = [
    ...groups.items.map((x): [string, string] => [x.scope, `${x.title || x.name} (${kinds.group})`]), ...subscriptions.items.map((x): [string, string] => [x.scope, `${x.title || x.name} (${kinds.subscription})`]),
    ...registries.items.map((x): [string, string] => [`/registries/${x.name}`, `${x.name} (${kinds.registry})`]),
  ];
  return (
    <Field label={t.about} hint={t.aboutHint} required><Select value={value} onChange={(_, d) => choose(d.value)}>
      <option value="">{t.choose}</option>{list.map(([path, name]) => <option key={path} value={path}>{name}</option>)}
    </Select></Field>
  );
}

function Target({ draft, set, of }: { draft: Draft; set: (d: Partial<Draft>) => void; of: Notification | undefined }) {
  if (draft.kind === 'email') return <Field label={t.recipients} hint={t.recipientsHint} required><Textarea value={draft.recipients} rows={2} onChange={(_, d) => set({ recipients: d.value })} /></Field>;
  return (
    <>
      <Field label={t.url} hint={t.urlHint} required><Input value={draft.url} type="url" placeholder="https://hooks.example/plimsoll" autoComplete="off" onChange={(_, d) => set({ url: d.value })} /></Field>
      <Field label={t.secret} hint={of?.has_secret ? t.secretStays : t.secretHint}><Input value={draft.secret} type="password" autoComplete="new-password" disabled={draft.dropSecret} onChange={(_, d) => set({ secret: d.value })} /></Field>
      {of?.has_secret && <Checkbox label={t.dropSecret} checked={draft.dropSecret} onChange={(_, d) => set({ dropSecret: d.checked === true, secret: '' })} />}
    </>
  );
}

function Fields({ draft, set, of }: { draft: Draft; set: (d: Partial<Draft>) => void; of: Notification | undefined }) {
  const toggle = (x: Event, yes: boolean) => { const now = new Set(draft.events); if (yes) now.add(x); else now.delete(x); set({ events: now }); };
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      <Field label={s.registries.name} required><Input value={draft.name} maxLength={128} autoComplete="off" onChange={(_, d) => set({ name: d.value })} /></Field>
      {of ? <Field label={t.about}><div><Place of={of.scope} /></div></Field> : <Scopes value={draft.scope} choose={(scope) => set({ scope })} />}
      {!of && <Field label={t.how}><RadioGroup layout="horizontal" value={draft.kind} onChange={(_, d) => set({ kind: d.value as Kind })}>{(['webhook', 'email'] as const).map((x) => <Radio key={x} value={x} label={t.kinds[x]} />)}</RadioGroup></Field>}
      <Target draft={draft} set={set} of={of} />
      <fieldset className="plain-set"><legend className="b">{t.sentFor}</legend>
        {events.map((x) => <div key={x}><Checkbox label={t.events[x]} checked={draft.events.has(x)} onChange={(_, d) => toggle(x, d.checked === true)} />{x === 'findings' && draft.events.has(x) && (
          <div className="inside"><Select aria-label={t.severity} value={draft.severity} onChange={(_, d) => set({ severity: d.value as Draft['severity'] })}>{s.severities.map((y) => <option key={y} value={y}>{t.from(y)}</option>)}</Select><Checkbox label={t.patchable} checked={draft.patchable} onChange={(_, d) => set({ patchable: d.checked === true })} /></div>
        )}</div>)}
      </fieldset>
      <Switch label={draft.on ? t.on : t.off} checked={draft.on} onChange={(_, d) => set({ on: d.checked })} />
    </div>
  );
}

const looks: Record<NotificationDelivery['state'], string> = { waiting: 'run', delivered: 'good', failed: 'late' };
/** The last messages, with what went wrong. */
function Deliveries({ id, turn }: { id: number; turn: number }) {
  const pages = usePages('listNotificationDeliveries', { path: { id }, query: { limit: 10 } });
  const { reload } = pages, waits = pages.items.some((x) => x.state === 'waiting');
  const again = useEffectEvent(reload);
  useEffect(() => { if (turn) again(); }, [turn]);
  useEffect(() => {
    if (!waits) return undefined;
    const timer = setInterval(() => again(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [waits]);
  return (
    <Section title={t.messages}>
      {pages.error && <Failed what={t.messages} error={pages.error} retry={reload} operation="listNotificationDeliveries" />}
      {!pages.error && pages.done && !pages.items.length && <p className="t2">{t.nothing}</p>}
      <div role="status"><ul className="messages">{pages.items.map((x) => (
        <li key={x.id}><StateWord look={looks[x.state]} word={t.states[x.state]} /><span className="grow"><span className="path">{x.subject}</span><div className="s t3">{count(x.attempts)} {t.attempts(x.attempts)}, <Time at={x.ended_at ?? x.created_at} />{x.next_at && <>, {t.next} <Time at={x.next_at} /></>}</div>{x.error && <div className="s t2 path">{x.error}</div>}</span></li>
      ))}</ul></div>
    </Section>
  );
}

function Form({ of, close, changed }: { of: Notification | undefined; close: () => void; changed: () => void }) {
  const may = useMay(action.rule);
  const [draft, setDraft] = useState<Draft>(() => startOf(of));
  const [wrong, setWrong] = useState(''), [busy, setBusy] = useState(false), [turn, setTurn] = useState(0);
  const set = (d: Partial<Draft>) => setDraft((was) => ({ ...was, ...d }));
  const missing = !draft.name.trim() ? t.needsName : !of && !draft.scope ? t.needsScope : !(draft.kind === 'email' ? draft.recipients : draft.url).trim() ? t.needsTarget : draft.events.size ? '' : t.needsEvent;
  const ready = may && !busy && !missing;
  const run = async (what: () => Promise<unknown>, then: () => void) => {
    setBusy(true);
    setWrong('');
    try { await what(); changed(); then(); } catch (problem) { setWrong(asFailure(problem).message); }
    setBusy(false);
  };
  const save = (e?: FormEvent) => {
    e?.preventDefault();
    if (!ready) return;
    const body = bodyOf(draft, of);
    void run(() => (of ? call('changeNotification', { path: { id: of.id }, body: { ...body, ...(draft.dropSecret ? { drop_secret: true } : {}) } }) : call('createNotification', { body: { ...body, scope: draft.scope, kind: draft.kind } })), close);
  };
  const test = () => { if (of) void run(() => call('testNotification', { path: { id: of.id } }), () => setTurn((n) => n + 1)); };
  return (
    <Pane title={of ? t.change : t.create} note={t.note} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => save()}>{of ? s.exempt.save : t.add}</Button>{of && <ActionButton action={action.rule} onClick={test}>{t.test}</ActionButton>}<Button appearance="subtle" onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{may ? missing : needs(action.rule)}</span>
    </>}>
      <form className="body" onSubmit={save}>
        <Fields draft={draft} set={set} of={of} />
        {wrong && <div className="note warn" role="alert" style={{ marginTop: 16 }}><StateGlyph look="late" /><span>{wrong}</span></div>}
        {of && <Deliveries id={of.id} turn={turn} />}
        <button type="submit" hidden />
      </form>
    </Pane>
  );
}

function NotificationPane({ id, close, changed }: { id: string; close: () => void; changed: () => void }) {
  const one = useApi('getNotification', id === 'new' ? null : { path: { id } });
  if (id === 'new') return <Form of={undefined} close={close} changed={changed} />;
  if (one.data) return <Form of={one.data} close={close} changed={() => { changed(); one.reload(); }} />;
  return <Pane title={t.change} close={close}>{one.error ? <Failed what={t.title} error={one.error} retry={one.reload} operation="getNotification" /> : <Bones />}</Pane>;
}
