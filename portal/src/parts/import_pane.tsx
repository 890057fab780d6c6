// Have the server fetch an image of another registry.
import { Button, Checkbox, Field, Input, Radio, RadioGroup } from '@fluentui/react-components';
import { useState, type FormEvent } from 'react';
import { asFailure, call } from '../api/client.ts';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Pane } from './pane.tsx';

const t = s.imports;

interface Draft { source: string; repository: string; tags: string; all: boolean; force: boolean; username: string; password: string }
const empty: Draft = { source: '', repository: '', tags: '', all: false, force: false, username: '', password: '' };

/** What was left empty has a default at the server. */
function bodyOf(d: Draft) {
  const tags = d.tags.split(/[\s,]+/).filter(Boolean);
  return {
    source: d.source.trim(), mode: d.force ? 'Force' as const : 'NoForce' as const, all_platforms: d.all,
    ...(d.repository.trim() ? { repository: d.repository.trim() } : {}), ...(tags.length ? { tags } : {}),
    ...(d.username ? { credentials: { username: d.username, password: d.password } } : {}),
  };
}

function Fields({ draft, set, wrong }: { draft: Draft; set: (d: Partial<Draft>) => void; wrong: string }) {
  return (
    <div style={{ display: 'grid', gap: 16 }}>
      <Field label={t.source} required hint={t.sourceHint} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input value={draft.source} placeholder={t.example} onChange={(_, d) => set({ source: d.value })} /></Field>
      <Field label={t.repository} hint={t.repositoryHint}><Input value={draft.repository} onChange={(_, d) => set({ repository: d.value })} /></Field>
      <Field label={t.tags} hint={t.tagsHint}><Input value={draft.tags} onChange={(_, d) => set({ tags: d.value })} /></Field>
      <Checkbox label={t.force} checked={draft.force} onChange={(_, d) => set({ force: d.checked === true })} />
      <Field label={t.platforms}>
        <RadioGroup value={draft.all ? 'all' : 'one'} onChange={(_, d) => set({ all: d.value === 'all' })}><Radio value="one" label={t.one} /><Radio value="all" label={<>{t.all}<div className="s t3">{t.allText}</div></>} /></RadioGroup>
      </Field>
      <Field label={t.username} hint={t.credentialsHint}><Input value={draft.username} autoComplete="off" onChange={(_, d) => set({ username: d.value })} /></Field>
      <Field label={t.password}><Input type="password" value={draft.password} autoComplete="off" disabled={!draft.username} onChange={(_, d) => set({ password: d.value })} /></Field>
    </div>
  );
}

export function ImportPane({ registry, close, done }: { registry: string; close: () => void; done: () => void }) {
  const may = useMay(action.import);
  const [draft, setDraft] = useState(empty);
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const ready = may && !busy && draft.source.trim() !== '';
  const save = async (e?: FormEvent) => {
    e?.preventDefault();
    if (!ready) return;
    setBusy(true);
    setWrong('');
    try {
      await call('createImport', { path: { registry }, body: bodyOf(draft) });
      done();
    } catch (problem) {
      setWrong(asFailure(problem).message);
      setBusy(false);
    }
  };
  return (
    <Pane title={t.title} note={t.into(registry)} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={() => void save()} title={may ? '' : needs(action.import)}>{t.button}</Button><Button onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{may ? t.background : needs(action.import)}</span>
    </>}>
      <form className="body" onSubmit={(e) => void save(e)}>
        <Fields draft={draft} set={(d) => setDraft((was) => ({ ...was, ...d }))} wrong={wrong} />
        <button type="submit" className="vh" tabIndex={-1} aria-hidden="true">{t.button}</button>
      </form>
    </Pane>
  );
}
