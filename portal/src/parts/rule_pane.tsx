// Hide findings on purpose, seeing what is hidden. Nothing is stored while it is edited.
import { Button, Checkbox, Field, Input, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components';
import { MoreHorizontalRegular } from '@fluentui/react-icons';
import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { asFailure, call, useApi, usePages } from '../api/client.ts';
import type { Rule, RulePreview } from '../api/schema.ts';
import { A, change, to, usePlace } from '../route.tsx';
import { action, needs, rolesOf, useMay } from '../session.tsx';
import { count, s } from '../strings.ts';
import { Bones, Failed, Segments } from './basics.tsx';
import { SeverityGlyph, StateGlyph } from './glyphs.tsx';
import { Pane } from './pane.tsx';
import { Place, repositoryOf } from './place.tsx';

const t = s.rule;
type Criteria = NonNullable<Rule['criteria']>;
type Effect = 'disable' | 'observe';
/** A criterion as a row: list: values that are alternatives; number; word: one of some; flag: it holds or it is not asked for. */
interface Row { key: keyof Criteria & string; kind: 'list' | 'number' | 'word' | 'flag'; hint: string; max?: number; of?: readonly string[] }
const first: Row[] = [
  { key: 'severity_below', kind: 'word', hint: '', of: ['Critical', 'High', 'Medium', 'Low'] }, { key: 'patchable', kind: 'flag', hint: t.hints.patchable }, { key: 'cvss_lt', kind: 'number', hint: '6.5', max: 10 },
  { key: 'text', kind: 'list', hint: t.hints.text }, { key: 'category', kind: 'list', hint: t.hints.category }, { key: 'check_id', kind: 'list', hint: '178388; 178602' },
];
const further: Row[] = [
  { key: 'cve', kind: 'list', hint: 'CVE-2023-5363; CVE-2021-44228' }, { key: 'package', kind: 'list', hint: 'openssl; libwebp' }, { key: 'repository', kind: 'list', hint: 'team/*' }, { key: 'tag', kind: 'list', hint: 'pr-*' },
  { key: 'digest', kind: 'list', hint: 'sha256:…' }, { key: 'os', kind: 'list', hint: 'debian:11' }, { key: 'epss_lt', kind: 'number', hint: '0.01', max: 1 }, { key: 'kev', kind: 'flag', hint: t.hints.kev },
];
const rows = [...first, ...further];

interface Draft { scope: string; match: 'any' | 'all'; on: ReadonlySet<string>; values: Record<string, string>; name: string; justification: string; ticket: string; expires: string; fix: boolean; kev: boolean; epss: string }

const asText = (value: unknown): string => (Array.isArray(value) ? value.join('; ') : value === undefined || value === false ? '' : String(value));
const upwards = ['Unknown', 'Negligible', 'Low', 'Medium', 'High', 'Critical'];
/** A rule's criterion; "below a severity" is kept as the severities that are. */
function criterionOf(of: Rule, key: string): unknown {
  const criteria = of.criteria as Record<string, unknown>;
  const severities = criteria.severity as string[] | undefined;
  if (key !== 'severity_below' || !severities?.length) return criteria[key];
  return upwards[Math.max(...severities.map((x) => upwards.indexOf(x))) + 1];
}
const NAME_MAX = 128;
/** What the address asks for when it opens the pane: rule_check_id=…, rule_cve=…. */
function startOf(query: URLSearchParams, of: Rule | undefined): Draft {
  const given = Object.fromEntries(rows.flatMap((r): [string, string][] => {
    const value = of ? criterionOf(of, r.key) : query.get(`rule_${r.key}`);
    if (value === undefined || value === null || (Array.isArray(value) && !value.length)) return [];
    return [[r.key, asText(value)]];
  }));
  const ends = of?.ends_when;
  return {
    scope: of?.scope.path ?? query.get('rule_scope') ?? '', match: of?.match ?? 'any', on: new Set(Object.keys(given)), values: { severity_below: 'Medium', ...given }, name: of?.name ?? (query.get('rule_name') ?? '').slice(0, NAME_MAX), justification: of?.justification ?? '', ticket: of?.ticket ?? '',
    expires: of?.expires_at?.slice(0, 10) ?? '', fix: ends?.fix_available ?? false, kev: ends?.kev ?? false, epss: asText(ends?.epss_gte),
  };
}

function criteriaOf(d: Draft): Criteria | undefined {
  const out: Record<string, unknown> = {};
  for (const r of rows) {
    if (!d.on.has(r.key)) continue;
    const text = (d.values[r.key] ?? '').trim();
    if (r.kind === 'flag') out[r.key] = false; // not patchable, not in KEV
    else if (!text) continue;
    else if (r.kind === 'number') out[r.key] = Number(text);
    else if (r.kind === 'word') out[r.key] = text;
    else { const list = text.split(/[;\n]/).map((x) => x.trim()).filter(Boolean); out[r.key] = r.key === 'check_id' ? list.map(Number) : list; }
  }
  return Object.keys(out).length ? out as Criteria : undefined;
}
function bodyOf(d: Draft, effect: Effect) {
  const criteria = criteriaOf(d);
  if (!criteria || !d.scope) return undefined;
  const ends = { ...(d.fix ? { fix_available: true } : {}), ...(d.kev ? { kev: true } : {}), ...(d.epss ? { epss_gte: Number(d.epss) } : {}) };
  return {
    scope: d.scope, name: d.name.trim() || t.nameOf(Object.keys(criteria).map((k) => t.criteria[k] ?? k)), effect, match: d.match, criteria, justification: d.justification.trim(), ...(d.ticket.trim() ? { ticket: d.ticket.trim() } : {}),
    ...(d.expires ? { expires_at: `${d.expires}T23:59:59Z` } : {}), ...(Object.keys(ends).length ? { ends_when: ends } : {}),
  };
}
type Body = NonNullable<ReturnType<typeof bodyOf>>;

/** What the draft would hide, a moment after the last change; the figures of before stay, dimmed, until new ones are there. */
function usePreview(body: Body | undefined, replaces: number | undefined): { preview: RulePreview | undefined; stale: boolean; wrong: string } {
  const text = body ? JSON.stringify({ ...body, ...(replaces ? { replaces } : {}) }) : '';
  const [got, setGot] = useState<{ text: string; preview?: RulePreview | undefined; wrong: string }>({ text: '', wrong: '' });
  useEffect(() => {
    if (!text) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      call('previewRule', { body: JSON.parse(text) as Body }, stop.signal).then((preview) => setGot({ text, preview, wrong: '' }), (e: unknown) => { if (!stop.signal.aborted) setGot((was) => ({ text, preview: was.preview, wrong: asFailure(e).message })); });
    }, 300);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text]);
  return { preview: text ? got.preview : undefined, stale: got.text !== text, wrong: got.text === text ? got.wrong : '' };
}

/** A list that is longer than its place begins with the chosen one in sight. */
const showChosen = (list: HTMLDivElement | null): void => list?.querySelector(':checked')?.closest('.g')?.scrollIntoView({ block: 'nearest' });

function Where({ scope, rules, choose, reload }: { scope: string; rules: Rule[]; choose: (scope: string) => void; reload: () => void }) {
  const groups = usePages('listManagementGroups', {}, 1000), subscriptions = usePages('listSubscriptions', {}, 1000), registries = usePages('listRegistries', {}, 1000);
  const failed = groups.error ?? subscriptions.error ?? registries.error;
  if (failed) return <Failed what={t.where} error={failed} retry={() => { groups.reload(); subscriptions.reload(); registries.reload(); }} operation="listSubscriptions" />;
  if (!groups.done || !subscriptions.done || !registries.done) return <Bones rows={2} />;
  const list: [string, string, string][] = [...groups.items.map((x): [string, string, string] => [x.scope, x.title || x.name, s.exempt.kinds.group]), ...subscriptions.items.map((x): [string, string, string] => [x.scope, x.title || x.name, s.exempt.kinds.subscription]), ...registries.items.map((x): [string, string, string] => [`/registries/${x.name}`, x.name, s.exempt.kinds.registry])];
  const at = repositoryOf(scope);
  if (scope && !list.some(([x]) => x === scope)) list.push(at ? [scope, at[1], `${s.exempt.kinds.repository}, ${at[0]}`] : [scope, scope, '']);
  return (
    <RadioGroup ref={showChosen as never} className="choice scopes" value={scope} onChange={(_, d) => choose(d.value)} aria-label={t.where}>
      {list.map(([path, name, kind]) => {
        const here = rules.filter((r) => r.scope.path === path);
        return (
          <div key={path} className="g"><Radio value={path} label={<>{name} <span className="s t3">{kind}</span></>} /><span className="grow" />
            {here.length > 0 && <><span className="mark">{t.applied(here.length)}</span><Menu><MenuTrigger disableButtonEnhancement><Button size="small" appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={t.rulesAt(name)} /></MenuTrigger><MenuPopover><MenuList>
              {here.slice(0, 8).map((r) => [<MenuItem key={`v${r.id}`} onClick={() => change({ rule: String(r.id) })}>{t.view(r.name)}</MenuItem>, <MenuItem key={`d${r.id}`} onClick={() => { void call('deleteRule', { path: { id: r.id } }).finally(reload); }}>{t.remove(r.name)}</MenuItem>])}
              <MenuItem onClick={() => change({ pane: undefined, rule: undefined })}><A href={to(['exceptions'], { tab: 'rules' })}>{t.allRules}</A></MenuItem>
            </MenuList></MenuPopover></Menu></>}
          </div>
        );
      })}
    </RadioGroup>
  );
}

function Criterion({ of, draft, set }: { of: Row; draft: Draft; set: (d: Partial<Draft>) => void }) {
  const on = draft.on.has(of.key), label = t.criteria[of.key] ?? of.key, value = draft.values[of.key] ?? '';
  const toggle = (yes: boolean) => { const now = new Set(draft.on); if (yes) now.add(of.key); else now.delete(of.key); set({ on: now }); };
  const type = (text: string) => { const now = new Set(draft.on); if (text) now.add(of.key); else now.delete(of.key); set({ values: { ...draft.values, [of.key]: text }, on: now }); };
  let editor: ReactNode = <span className="t2 s">{of.hint}</span>;
  if (of.kind === 'word') editor = <Select aria-label={label} value={value} onChange={(_, d) => set({ values: { ...draft.values, [of.key]: d.value }, on: new Set([...draft.on, of.key]) })}>{of.of?.map((x) => <option key={x}>{x}</option>)}</Select>;
  if (of.kind === 'list' || of.kind === 'number') editor = <Input aria-label={label} placeholder={of.hint} value={value} {...(of.kind === 'number' ? { type: 'number', step: 'any', min: 0, max: of.max ?? 10 } as const : {})} onChange={(_, d) => type(d.value)} />;
  return <div className="criterion"><Checkbox label={label} checked={on} onChange={(_, d) => toggle(d.checked === true)} />{editor}</div>;
}

function Preview({ of, stale, wrong, body, keep }: { of: RulePreview | undefined; stale: boolean; wrong: string; body: Body | undefined; keep: (() => void) | undefined }) {
  const order = ['Critical', 'High', 'Medium', 'Low', 'Negligible', 'Unknown'] as const;
  const most = of ? Math.max(1, ...order.map((x) => of.by_severity[x])) : 1;
  return (
    <div className="preview" role="status" aria-live="polite" {...(stale && body ? { 'aria-busy': true } : {})}>
      <div className="k">{t.preview}{stale && body && of ? ` · ${t.updating}` : ''}</div>
      {!body && <p className="s t2">{t.choose}</p>}
      {wrong && <p className="s"><StateGlyph look="late" /> {wrong}</p>}
      {body && !of && !wrong && <Bones rows={2} />}
      {body && of && (
        <div className={stale ? 'dim' : ''} style={{ display: 'grid', gap: 12 }}>
          <div><div className="big">{count(of.findings)}{of.exact ? '' : '+'}</div><span className="t2">{t.would(of.findings, of.images)}</span></div>
          <div className="bars">{order.filter((x) => of.by_severity[x] > 0 || x !== 'Unknown').map((x) => <div key={x} style={{ display: 'contents' }}><span className={`sev ${x}`}><SeverityGlyph of={x} />{x}</span><span className={of.by_severity[x] ? 'num b' : 'num t3'}>{count(of.by_severity[x])}</span><span>{of.by_severity[x] > 0 && <i className={`f-${x}`} style={{ width: `${(of.by_severity[x] / most) * 100}%` }} />}</span></div>)}</div>
          <dl className="sums">{of.new_findings < of.findings && <><dt>{t.already}</dt><dd>{count(of.findings - of.new_findings)}</dd></>}<dt>{t.haveFix}</dt><dd>{count(of.patchable)}</dd><dt>{t.exploited}</dt><dd>{count(of.kev)}</dd></dl>
          {of.kev > 0 && <div className="note warn"><StateGlyph look="late" /><span><b>{t.hides(of.kev)}</b> {of.exploited_checks.slice(0, 3).map((x) => x.title).join('; ')} {keep && <button type="button" className="link warn" onClick={keep}>{t.keep}</button>}</span></div>}
          {of.warning && of.kev === 0 && <div className="note warn"><StateGlyph look="late" /><span>{of.warning}</span></div>}
          <p className="s t3">{t.unknown}</p>
        </div>
      )}
    </div>
  );
}

function Editor({ draft, set, rules, reload, fixed, wrong, preview }: { draft: Draft; set: (d: Partial<Draft>) => void; rules: Rule[]; reload: () => void; fixed: boolean; wrong: string; preview: ReactNode }) {
  const [more, setMore] = useState(() => further.some((r) => draft.on.has(r.key)));
  return (
    <div className="ruled-form">
      <div style={{ display: 'grid', gap: 16, minWidth: 0 }}>
        <section><h3 className="b">{t.where}</h3>{fixed ? <Place of={draft.scope} /> : <Where scope={draft.scope} rules={rules} choose={(scope) => set({ scope })} reload={reload} />}</section>
        <section>
          <div className="g" style={{ marginBottom: 8 }}><b>{t.that}</b><Segments label={t.that} value={draft.match} options={[['any', t.any], ['all', t.all]]} onChange={(match) => set({ match })} /><span>{t.ofThese}</span></div>
          {(more ? rows : first).map((r) => <Criterion key={r.key} of={r} draft={draft} set={set} />)}
          {!more && <button type="button" className="link" onClick={() => setMore(true)}>+ {t.further}</button>}
          <p className="s t3">{t.lists}</p>
        </section>
        <Field label={t.justification} required {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Textarea value={draft.justification} rows={2} onChange={(_, d) => set({ justification: d.value })} /></Field>
        <div className="two-fields">
          <Field label={t.ends} hint={t.endsHint}><Input type="date" value={draft.expires} onChange={(_, d) => set({ expires: d.value })} /></Field>
          <Field label={t.ticket}><Input value={draft.ticket} maxLength={256} onChange={(_, d) => set({ ticket: d.value })} /></Field>
        </div>
        <section><h3 className="b">{t.orWhen}</h3><p className="s t3">{t.orWhenHint}</p>
          <Checkbox label={t.fixShips} checked={draft.fix} onChange={(_, d) => set({ fix: d.checked === true })} /><Checkbox label={t.inKev} checked={draft.kev} onChange={(_, d) => set({ kev: d.checked === true })} />
          <div className="criterion"><span className="pad-check">{t.epssAbove}</span><Input aria-label={t.epssAbove} type="number" step="any" min={0} max={1} placeholder="0.5" value={draft.epss} onChange={(_, d) => set({ epss: d.value })} /></div>
        </section>
        <Field label={t.name} hint={t.nameHint}><Input value={draft.name} maxLength={128} onChange={(_, d) => set({ name: d.value })} /></Field>
      </div>
      {preview}
    </div>
  );
}

/** Take it from the address, with what it was opened with. */
const closeRule = (): void => change(Object.fromEntries(['pane', 'rule', 'rule_scope', 'rule_name', ...rows.map((r) => `rule_${r.key}`)].map((k) => [k, undefined])));

/** of: the rule to change; else a new one. */
function Form({ of, done }: { of: Rule | undefined; done: () => void }) {
  const { query } = usePlace();
  const close = closeRule;
  const may = useMay(action.rule);
  const rules = usePages('listRules', { query: { limit: 1000 } }, 1000);
  const [draft, setDraft] = useState<Draft>(() => startOf(query, of));
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const body = bodyOf(draft, 'disable');
  const { preview, stale, wrong: refused } = usePreview(may ? body : undefined, of?.id);
  const set = (d: Partial<Draft>) => setDraft((was) => ({ ...was, ...d }));
  const missing = !draft.scope ? t.needsScope : !body ? t.needsCriterion : !draft.justification.trim() ? t.needsJustification : '';
  const ready = may && !busy && !missing;
  const save = async (effect: Effect, e?: FormEvent) => {
    e?.preventDefault();
    const now = bodyOf(draft, effect);
    if (!ready || !now) { if (missing) setWrong(missing); return; }
    setBusy(true);
    setWrong('');
    try {
      if (of) { const { scope: _, ...rest } = now; await call('changeRule', { path: { id: of.id }, body: rest }); }
      else await call('createRule', { body: now });
      close();
      done();
    } catch (problem) {
      setWrong(asFailure(problem).message);
      setBusy(false);
    }
  };
  const label = !preview ? t.disable : preview.findings === 0 ? t.matchesNothing : t.disableN(preview.findings, preview.exact);
  return (
    <Pane wide title={of ? t.change : t.title} note={t.note} close={close} footer={<>
      {preview && <span className="only-phone s" style={{ flexBasis: '100%' }}><b>{t.inShort(preview.findings, preview.images)}</b> {preview.kev > 0 && <span className="High">{t.hides(preview.kev)}</span>}</span>}
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => void save('disable')}>{label}</Button><Button disabledFocusable={!ready} onClick={() => void save('observe')}>{t.observe}</Button><Button appearance="subtle" onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{!may ? t.youNeed(rolesOf(action.rule)) : missing || t.atOnce}</span>
    </>}>
      <form className="body" onSubmit={(e) => void save('disable', e)} aria-label={may ? t.title : needs(action.rule)}>
        <Editor draft={draft} set={set} rules={rules.items} reload={rules.reload} fixed={of !== undefined} wrong={wrong}
          preview={<Preview of={preview} stale={stale} wrong={refused} body={body} keep={draft.kev ? undefined : () => set({ kev: true })} />} />
      </form>
    </Pane>
  );
}

/** id: the rule to change; empty: a new one. done: something was stored. */
export default function RulePane({ id, done }: { id: string; done: () => void }) {
  const rule = useApi('getRule', id ? { path: { id } } : null);
  if (!id) return <Form of={undefined} done={done} />;
  if (rule.data) return <Form of={rule.data} done={done} />;
  return <Pane wide title={t.change} close={closeRule}>{rule.error ? <Failed what={t.title} error={rule.error} retry={rule.reload} operation="getRule" /> : <Bones />}</Pane>;
}
