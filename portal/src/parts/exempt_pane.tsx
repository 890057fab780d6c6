// Take registries out of a recommendation, with a reason and an end: create and change.
import { Button, Field, Input, Radio, RadioGroup, Textarea } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { asFailure, call, useApi, usePages } from '../api/client.ts';
import type { AssessedRegistry, Exemption } from '../api/schema.ts';
import { usePlace } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Bones, Failed } from './basics.tsx';
import { StateGlyph } from './glyphs.tsx';
import { Pane } from './pane.tsx';

const t = s.exempt;
const categories = ['Mitigated', 'Waiver'] as const;
type Category = (typeof categories)[number];

interface Draft { scopes: string[]; name: string; category: Category; expires: string; description: string }

/** A day's end in UTC, as the API takes it. */
const endOf = (day: string): string | undefined => (day ? `${day}T23:59:59Z` : undefined);

export function ScopeChoice({ value, picked, onChange }: { value: string; picked: string[]; onChange: (scope: string) => void }) {
  const groups = usePages('listManagementGroups', {}, 1000), subscriptions = usePages('listSubscriptions', {}, 1000), registries = usePages('listRegistries', {}, 1000);
  const failed = groups.error ?? subscriptions.error ?? registries.error;
  if (failed) return <Failed what={t.scope} error={failed} retry={() => { groups.reload(); subscriptions.reload(); registries.reload(); }} operation="listSubscriptions" />;
  if (!groups.done || !subscriptions.done || !registries.done) return <Bones rows={2} />;
  const rows: [string, string, string][] = [
    ...(picked.length > 1 ? [['picked', t.picked(picked.length), picked.join(', ')] as [string, string, string]] : []),
    ...groups.items.map((x): [string, string, string] => [x.scope, x.title || x.name, t.kinds.group]), ...subscriptions.items.map((x): [string, string, string] => [x.scope, x.title || x.name, t.kinds.subscription]),
    ...registries.items.map((x): [string, string, string] => [`/registries/${x.name}`, x.name, t.kinds.registry]),
  ];
  return <RadioGroup className="choice" value={value} onChange={(_, d) => onChange(d.value)} aria-label={t.scope}>{rows.map(([scope, name, kind]) => <Radio key={scope} value={scope} label={<>{name} <span className="s t3">{kind}</span></>} />)}</RadioGroup>;
}

/** What leaves the score, and what that makes of it; a management group's members are not known here. */
function Effect({ registries, scopes, category }: { registries: AssessedRegistry[]; scopes: string[]; category: Category }) {
  const inside = (x: AssessedRegistry) => scopes.includes(`/registries/${x.registry}`) || scopes.includes(`/subscriptions/${x.subscription}`);
  const out = registries.filter(inside), scored = registries.filter((x) => x.state !== 'NotApplicable'), left = scored.filter((x) => !inside(x));
  const percent = (list: AssessedRegistry[]) => (list.length ? `${Math.round((list.filter((x) => x.state === 'Healthy').length / list.length) * 100)}%` : t.noScore);
  return (
    <div className="note" role="status" style={{ marginTop: 16 }}><StateGlyph look="done" /><span>
      {scopes.some((x) => x.startsWith('/managementGroups/')) ? t.effectGroup : t.effect(out.length, percent(scored), percent(left))} {t.effects[category]}
    </span></div>
  );
}

function Fields({ draft, set, picked, fixedScope, wrong }: { draft: Draft; set: (d: Partial<Draft>) => void; picked: string[]; fixedScope: string | undefined; wrong: string }) {
  const chosen = draft.scopes.length > 1 ? 'picked' : draft.scopes[0] ?? '';
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      <Field label={t.scope}>{fixedScope ? <span className="mono">{fixedScope}</span> : <ScopeChoice value={chosen} picked={picked} onChange={(x) => set({ scopes: x === 'picked' ? picked.map((p) => `/registries/${p}`) : [x] })} />}</Field>
      <Field label={t.name} required {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input value={draft.name} maxLength={128} onChange={(_, d) => set({ name: d.value })} /></Field>
      <Field label={t.category}>
        <RadioGroup value={draft.category} onChange={(_, d) => set({ category: d.value as Category })}>{categories.map((x) => <Radio key={x} value={x} label={<>{t.categories[x]}<div className="s t3">{t.categoryText[x]}</div></>} />)}</RadioGroup>
      </Field>
      <Field label={t.expires} hint={t.expiresHint}><Input type="date" value={draft.expires} onChange={(_, d) => set({ expires: d.value })} style={{ width: 180 }} /></Field>
      <Field label={t.description}><Textarea value={draft.description} rows={3} onChange={(_, d) => set({ description: d.value })} /></Field>
    </div>
  );
}

/** of: the exemption to change; none: a new one for this recommendation. */
export function ExemptPane({ recommendation, of, close, done }: { recommendation: string; of?: Exemption | undefined; close: () => void; done: () => void }) {
  const { query } = usePlace();
  const picked = (query.get('registry') ?? '').split(',').filter(Boolean);
  const may = useMay(action.exempt);
  const [draft, setDraft] = useState<Draft>({ scopes: picked.map((x) => `/registries/${x}`), name: of?.name ?? '', category: of?.category === 'Waiver' ? 'Waiver' : 'Mitigated', expires: of?.expires_at?.slice(0, 10) ?? '', description: of?.description ?? '' });
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const about = useApi('getRecommendation', { path: { key: recommendation } }).data;
  const registries = usePages('listAssessedRegistries', { path: { key: recommendation }, query: { limit: 1000 } }, 1000);
  const ready = may && !busy && draft.name.trim() !== '' && (of !== undefined || draft.scopes.length > 0);
  const save = async (e?: FormEvent) => {
    e?.preventDefault();
    if (!ready) return;
    setBusy(true);
    setWrong('');
    const expires = endOf(draft.expires);
    const body = { name: draft.name.trim(), category: draft.category, description: draft.description, ...(expires ? { expires_at: expires } : {}) };
    try {
      if (of) await call('changeExemption', { path: { id: of.id }, body });
      else for (const scope of draft.scopes) await call('createExemption', { body: { ...body, scope, recommendation } }); // one after the other: what fails is said, what came before holds
      done();
    } catch (problem) {
      setWrong(asFailure(problem).message);
      setBusy(false);
    }
  };
  const label = of ? t.save : draft.scopes.length > 1 ? s.recommendation.exemptN(draft.scopes.length) : t.create;
  return (
    <Pane title={of ? t.change : t.title} note={about?.name} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => void save()} title={may ? '' : needs(action.exempt)}>{label}</Button><Button onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{may ? t.atOnce : needs(action.exempt)}</span>
    </>}>
      <form className="body" onSubmit={(e) => void save(e)}>
        <Fields draft={draft} set={(d) => setDraft((was) => ({ ...was, ...d }))} picked={picked} fixedScope={of?.scope} wrong={wrong} />
        {registries.done && <Effect registries={registries.items} scopes={of ? [of.scope] : draft.scopes} category={draft.category} />}
        <button type="submit" className="vh" tabIndex={-1} aria-hidden="true">{label}</button>
      </form>
    </Pane>
  );
}
