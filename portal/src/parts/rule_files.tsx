// Disable rules from files of other tools and of exports: what a file comes to is shown before anything is created.
import { Button, Field, Input } from '@fluentui/react-components';
import { useEffect, useState } from 'react';
import { addressOf, asFailure, call } from '../api/client.ts';
import type { ImportedRules } from '../api/schema.ts';
import { scopePath } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Pane } from './pane.tsx';

const t = s.ruleFiles;

function Found({ of }: { of: ImportedRules }) {
  return (
    <div role="status" style={{ display: 'grid', gap: 8 }}>
      <b>{t.comesTo(of.rules, of.vulnerabilities, t.formats[of.format] ?? of.format)}</b>
      {of.left_out > 0 && <span>{t.leftOut(of.left_out)}</span>}
      {of.notes.length > 0 && <ul className="s t2">{of.notes.slice(0, 20).map((x, i) => <li key={i}>{x}</li>)}</ul>}
    </div>
  );
}

export function RuleFilesPane({ close, done }: { close: () => void; done: () => void }) {
  const may = useMay(action.rule);
  const [file, setFile] = useState<File>();
  const [scope, setScope] = useState(scopePath());
  const [found, setFound] = useState<ImportedRules>();
  const [wrong, setWrong] = useState('');
  const [busy, setBusy] = useState(false);
  const query = { scope: scope.trim() }; // empty: not the page's
  const asked = JSON.stringify(query);
  useEffect(() => { // what it comes to, a moment after the last change
    if (!file || !may) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      call('importRules', { query: { ...JSON.parse(asked) as object, dry_run: 'true' } }, stop.signal, file).then((x) => { setFound(x); setWrong(''); }, (e: unknown) => { if (!stop.signal.aborted) { setFound(undefined); setWrong(asFailure(e).message); } });
    }, 300);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [file, asked, may]);
  const ready = may && !busy && found !== undefined && found.rules > 0;
  const save = () => {
    if (!ready || !file) return;
    setBusy(true);
    call('importRules', { query }, undefined, file).then(done, (e: unknown) => { setWrong(asFailure(e).message); setBusy(false); });
  };
  return (
    <Pane title={t.title} note={t.note} close={close} footer={<>
      <Button appearance="primary" disabledFocusable={!ready} onClick={save}>{found ? t.create(found.rules) : t.createNone}</Button><Button onClick={close}>{s.cancel}</Button>
      <span className="grow" /><span className="s t3">{may ? t.atOnce : needs(action.rule)}</span>
    </>}>
      <div className="body" style={{ display: 'grid', gap: 16, alignContent: 'start' }}>
        <Field label={t.file} hint={t.fileHint} required><input type="file" aria-label={t.file} onChange={(e) => { setFile(e.target.files?.[0]); setFound(undefined); setWrong(''); }} /></Field>
        <Field label={t.scope} hint={t.scopeHint} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input value={scope} placeholder="/registries/local" onChange={(_, d) => setScope(d.value)} /></Field>
        {found && <Found of={found} />}
      </div>
    </Pane>
  );
}

/** Where the browser fetches the rules as a file. */
export const exportHref = (format: 'openvex' | 'json'): string => addressOf('exportRules', { query: { format } });
