// Take registries, the images of a repository or one image out of a recommendation, with a reason and an end: create and change.
import { Button, Field, Input, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components';
import { useId, useState, type FormEvent } from 'react';
import { VULNERABILITIES, asFailure, call, useApi, usePages } from '../api/client.ts';
import type { AssessedRegistry, Exemption } from '../api/schema.ts';
import { usePlace } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Bones, Failed, short } from './basics.tsx';
import { StateGlyph } from './glyphs.tsx';
import { Pane } from './pane.tsx';
import { Place, repositoryOf, repositoryScope } from './place.tsx';

const t = s.exempt;
const categories = ['Mitigated', 'Waiver'] as const;
type Category = (typeof categories)[number];
const NEWEST = 100; // images of a repository to choose from
const SUGGESTED = 50; // repositories

/** The images of a repository; with digest, one of them. */
interface Target { registry: string; repository: string; digest: string }
interface Draft { scopes: string[]; target: Target | undefined; name: string; category: Category; expires: string; description: string }
const IMAGES = 'images'; // the choice of a target instead of scopes

/** Of targetText. */
function targetOf(text: string): Target | undefined {
  const [, registry = '', repository = '', digest = ''] = /^([^:@]+):([^@]+)(?:@(.+))?$/.exec(text) ?? [];
  return registry ? { registry, repository, digest } : undefined;
}

/** A day's end in UTC, as the API takes it. */
const endOf = (day: string): string | undefined => (day ? `${day}T23:59:59Z` : undefined);

/** Which repository, and which image of it. */
function TargetFields({ of, registries, set }: { of: Target; registries: string[]; set: (target: Target) => void }) {
  const repositories = usePages('listRepositories', of.registry ? { path: { registry: of.registry }, query: { limit: SUGGESTED, ...(of.repository ? { search: of.repository } : {}) } } : null);
  const known = repositories.items.some((x) => x.name === of.repository);
  const images = useApi('listImages', known ? { path: { registry: of.registry, repository: of.repository }, query: { kind: 'image', limit: NEWEST } } : null);
  const list = useId();
  const items = images.data?.items ?? [];
  return (
    <div className="target">
      <Field label={t.kinds.registry}><Select value={of.registry} onChange={(_, d) => set({ registry: d.value, repository: '', digest: '' })}>{registries.map((x) => <option key={x}>{x}</option>)}</Select></Field>
      <Field label={t.repository}><Input value={of.repository} list={list} autoComplete="off" onChange={(_, d) => set({ ...of, repository: d.value, digest: '' })} /></Field>
      <datalist id={list}>{repositories.items.map((x) => <option key={x.name} value={x.name} />)}</datalist>
      <Field label={t.image} hint={t.imageHint(items.length >= NEWEST)}><Select value={of.digest} onChange={(_, d) => set({ ...of, digest: d.value })}>
        <option value="">{t.allImages}</option>
        {of.digest && !items.some((x) => x.digest === of.digest) && <option value={of.digest}>{short(of.digest)}</option>}
        {items.map((x) => <option key={x.digest} value={x.digest}>{[x.tags.slice(0, 3).join(', '), short(x.digest)].filter(Boolean).join(' · ')}</option>)}
      </Select></Field>
    </div>
  );
}

function ScopeChoice({ draft, picked, images, set }: { draft: Draft; picked: string[]; images: boolean; set: (d: Partial<Draft>) => void }) {
  const groups = usePages('listManagementGroups', {}, 1000), subscriptions = usePages('listSubscriptions', {}, 1000), registries = usePages('listRegistries', {}, 1000);
  const failed = groups.error ?? subscriptions.error ?? registries.error;
  if (failed) return <Failed what={t.scope} error={failed} retry={() => { groups.reload(); subscriptions.reload(); registries.reload(); }} operation="listSubscriptions" />;
  if (!groups.done || !subscriptions.done || !registries.done) return <Bones rows={2} />;
  const rows: [string, string, string][] = [
    ...(picked.length > 1 ? [['picked', t.picked(picked.length), picked.join(', ')] as [string, string, string]] : []),
    ...groups.items.map((x): [string, string, string] => [x.scope, x.title || x.name, t.kinds.group]), ...subscriptions.items.map((x): [string, string, string] => [x.scope, x.title || x.name, t.kinds.subscription]),
    ...registries.items.map((x): [string, string, string] => [`/registries/${x.name}`, x.name, t.kinds.registry]),
    ...(images && registries.items.length ? [[IMAGES, t.images, ''] as [string, string, string]] : []),
  ];
  const choose = (x: string) => set(x === IMAGES ? { scopes: [], target: { registry: picked[0] ?? registries.items[0]?.name ?? '', repository: '', digest: '' } } : { target: undefined, scopes: x === 'picked' ? picked.map((p) => `/registries/${p}`) : [x] });
  return (
    <>
      <RadioGroup className="choice" value={draft.target ? IMAGES : draft.scopes.length > 1 ? 'picked' : draft.scopes[0] ?? ''} onChange={(_, d) => choose(d.value)} aria-label={t.scope}>{rows.map(([scope, name, kind]) => <Radio key={scope} value={scope} label={<>{name} <span className="s t3">{kind}</span></>} />)}</RadioGroup>
      {draft.target && <TargetFields of={draft.target} registries={registries.items.map((x) => x.name)} set={(target) => set({ target })} />}
    </>
  );
}

const percent = (healthy: number, scored: number) => (scored ? `${Math.round((healthy / scored) * 100)}%` : t.noScore);
const isHealthy = (x: AssessedRegistry) => x.state === 'Healthy';
const isScored = (x: AssessedRegistry) => x.state !== 'NotApplicable';

/** What leaves the score, and what that makes of it; a management group's members are not known here. */
function Effect({ registries, scopes, category }: { registries: AssessedRegistry[]; scopes: string[]; category: Category }) {
  const inside = (x: AssessedRegistry) => scopes.includes(`/registries/${x.registry}`) || scopes.includes(`/subscriptions/${x.subscription}`);
  const out = registries.filter(inside), scored = registries.filter(isScored), left = scored.filter((x) => !inside(x));
  return (
    <div className="note" role="status" style={{ marginTop: 16 }}><StateGlyph look="done" /><span>
      {scopes.some((x) => x.startsWith('/managementGroups/')) ? t.effectGroup : t.effect(out.length, percent(scored.filter(isHealthy).length, scored.length), percent(left.filter(isHealthy).length, left.length))} {t.effects[category]}
    </span></div>
  );
}

/** The state of a registry without some of its images. */
function without(x: AssessedRegistry, images: number, unhealthy: number): AssessedRegistry['state'] {
  if (x.unhealthy > unhealthy) return 'Unhealthy';
  return x.images <= images || x.unverified + x.pending > 0 ? 'NotApplicable' : 'Healthy';
}

/** The same of images: what of their registry's state and of the score they hold up. Where images are exempt already, which of them are others is not known here. */
function ImagesEffect({ registries, of, category }: { registries: AssessedRegistry[]; of: Target; category: Category }) {
  const path = { registry: of.registry, repository: of.repository };
  const one = useApi('getImage', of.digest ? { path: { ...path, digest: of.digest } } : null);
  const all = useApi('listImages', of.digest ? null : { path, query: { kind: 'image', limit: 1 } }), bad = useApi('listImages', of.digest ? null : { path, query: { kind: 'image', state: 'Unhealthy', limit: 1 } });
  const error = one.error ?? all.error;
  if (error) return error.status === 404 ? null : <p className="s t2" style={{ marginTop: 16 }}>{error.message}</p>;
  const n = of.digest ? (one.data ? 1 : undefined) : all.data?.total, unhealthy = of.digest ? Number(one.data?.state === 'Unhealthy') : bad.data?.total;
  if (n === undefined || unhealthy === undefined) return null;
  const x = registries.find((r) => r.registry === of.registry), sure = x && x.exempt_images === 0;
  const scored = registries.filter(isScored), before = percent(scored.filter(isHealthy).length, scored.length);
  const now = sure ? without(x, n, unhealthy) : undefined, others = registries.filter((r) => r !== x);
  const after = percent(others.filter(isHealthy).length + Number(now === 'Healthy'), others.filter(isScored).length + Number(now !== 'NotApplicable'));
  return (
    <div className="note" role="status" style={{ marginTop: 16 }}><StateGlyph look="done" /><span>
      {t.effectImages(n, of.registry)} {x && now && t.effectState(of.registry, s.state[x.state] ?? '', s.state[now] ?? '', before, after)} {t.effects[category]}
    </span></div>
  );
}

function Fields({ draft, set, picked, images, fixed }: { draft: Draft; set: (d: Partial<Draft>) => void; picked: string[]; images: boolean; fixed: { scope: string; digest: string } | undefined }) {
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      <Field label={t.scope}>{fixed ? <div><Place of={fixed.scope} digest={fixed.digest} /></div> : <div><ScopeChoice draft={draft} picked={picked} images={images} set={set} /></div>}</Field>
      <Field label={t.name} required><Input value={draft.name} maxLength={128} onChange={(_, d) => set({ name: d.value })} /></Field>
      <Field label={t.category}>
        <RadioGroup value={draft.category} onChange={(_, d) => set({ category: d.value as Category })}>{categories.map((x) => <Radio key={x} value={x} label={<>{t.categories[x]}<div className="s t3">{t.categoryText[x]}</div></>} />)}</RadioGroup>
      </Field>
      <Field label={t.expires} hint={t.expiresHint}><Input type="date" value={draft.expires} onChange={(_, d) => set({ expires: d.value })} style={{ width: 180 }} /></Field>
      <Field label={t.description}><Textarea value={draft.description} rows={3} onChange={(_, d) => set({ description: d.value })} /></Field>
    </div>
  );
}

/** of: the exemption to change; none: a new one for this recommendation, of what the address names. */
export default function ExemptPane({ recommendation, of, close, done }: { recommendation: string; of?: Exemption | undefined; close: () => void; done: () => void }) {
  const { query } = usePlace();
  const asked = of ? undefined : targetOf(query.get('target') ?? '');
  const picked = asked || of ? [] : (query.get('registry') ?? '').split(',').filter(Boolean);
  const may = useMay(action.exempt);
  const changed = of && repositoryOf(of.scope);
  const [draft, setDraft] = useState<Draft>({
    scopes: picked.map((x) => `/registries/${x}`), target: asked ?? (changed ? { registry: changed[0], repository: changed[1], digest: of.digest ?? '' } : undefined), name: of?.name ?? '', category: of?.category === 'Waiver' ? 'Waiver' : 'Mitigated',
    expires: of?.expires_at?.slice(0, 10) ?? '', description: of?.description ?? '',
  });
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const about = useApi('getRecommendation', { path: { key: recommendation } }).data;
  const registries = usePages('listAssessedRegistries', { path: { key: recommendation }, query: { limit: 1000 } }, 1000);
  const { target } = draft;
  const scopes = target ? (target.registry && target.repository ? [repositoryScope(target.registry, target.repository)] : []) : draft.scopes;
  const ready = may && !busy && draft.name.trim() !== '' && (of !== undefined || scopes.length > 0);
  const save = async (e?: FormEvent) => {
    e?.preventDefault();
    if (!ready) return;
    setBusy(true);
    setWrong('');
    const expires = endOf(draft.expires);
    const body = { name: draft.name.trim(), category: draft.category, description: draft.description, ...(expires ? { expires_at: expires } : {}) };
    try {
      if (of) await call('changeExemption', { path: { id: of.id }, body });
      else for (const scope of scopes) await call('createExemption', { body: { ...body, scope, recommendation, ...(target?.digest ? { digest: target.digest } : {}) } }); // one after the other: what fails is said, what came before holds
      done();
    } catch (problem) {
      setWrong(asFailure(problem).message);
      setBusy(false);
    }
  };
  const label = of ? t.save : scopes.length > 1 ? s.recommendation.exemptN(scopes.length) : t.create;
  const fixed = of ? { scope: of.scope, digest: of.digest ?? '' } : asked && { scope: repositoryScope(asked.registry, asked.repository), digest: asked.digest };
  return (
    <Pane title={of ? t.change : asked?.digest ? t.titleImage : asked ? t.titleRepository : t.title} note={about?.name} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => void save()} title={may ? '' : needs(action.exempt)}>{label}</Button><Button onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{may ? t.atOnce : needs(action.exempt)}</span>
    </>}>
      <form className="body" onSubmit={(e) => void save(e)}>
        <Fields draft={draft} set={(d) => setDraft((was) => ({ ...was, ...d }))} picked={picked} images={recommendation.toLowerCase() === VULNERABILITIES} fixed={fixed} />
        {registries.done && (target ? scopes.length > 0 && <ImagesEffect registries={registries.items} of={target} category={draft.category} /> : <Effect registries={registries.items} scopes={of ? [of.scope] : scopes} category={draft.category} />)}
        {wrong && <div className="note warn" role="alert" style={{ marginTop: 16 }}><StateGlyph look="late" /><span>{wrong}</span></div>}
        <button type="submit" className="vh" tabIndex={-1} aria-hidden="true">{label}</button>
      </form>
    </Pane>
  );
}
