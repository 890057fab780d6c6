// Deleting what is stored. It cannot be undone, so the question says what goes with it and whether it is used; what holds many things is asked for by its name.
import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input } from '@fluentui/react-components';
import { useState, type ReactNode } from 'react';
import { asFailure, call, useApi, type Failure } from '../api/client.ts';
import type { Image, Registry } from '../api/schema.ts';
import { go, repositoryPath, to } from '../route.tsx';
import { action, needs, useMay } from '../session.tsx';
import { s } from '../strings.ts';
import { Time, short } from './basics.tsx';
import { StateWord } from './glyphs.tsx';

const t = s.remove;
const DAYS = 30;

const sum = (of: object): number => Object.values(of).reduce((n: number, x: number) => n + x, 0);

/** facts: what goes, a line each. name: to be written before it can be done. */
function Question({ title, facts, name, may, run, close, children }: { title: string; facts: ReactNode[]; name?: string; may: string; run: () => Promise<unknown>; close: () => void; children?: ReactNode }) {
  const [written, setWritten] = useState('');
  const [wrong, setWrong] = useState<Failure>();
  const [busy, setBusy] = useState(false);
  const allowed = useMay(may);
  const ready = allowed && !busy && (!name || written.trim() === name);
  const remove = () => {
    if (!ready) return;
    setBusy(true);
    setWrong(undefined);
    run().catch((e: unknown) => { setWrong(asFailure(e)); setBusy(false); });
  };
  return (
    <Dialog open onOpenChange={(_, d) => { if (!d.open && !busy) close(); }}>
      <DialogSurface aria-describedby={undefined} className="ask">
        <form onSubmit={(e) => { e.preventDefault(); remove(); }}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent>
              <ul className="goes">{facts.filter(Boolean).map((x, i) => <li key={i}>{x}</li>)}</ul>
              {children}
              {allowed && name && <Field label={t.write(name)}><Input autoComplete="off" spellCheck={false} value={written} onChange={(_, d) => setWritten(d.value)} /></Field>}
              <div role="alert">{!allowed ? <StateWord look="none" word={needs(may)} /> : wrong && <StateWord look="late" word={wrong.status === 403 ? needs(may) : wrong.message} />}</div>
            </DialogContent>
            <DialogActions>
              <Button onClick={close} disabled={busy}>{s.cancel}</Button>
              <Button type="submit" className="danger" disabledFocusable={!ready}>{busy ? t.busy : t.button}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  );
}

/** Whether images are in use, from their last pulls. */
function Pulled({ registry, repository }: { registry: string; repository?: string }) {
  const used = useApi('listAllImages', { query: { registry, ...(repository ? { repository } : {}), pulled_days: DAYS, limit: 1 } }).data;
  if (!used) return null;
  return used.total === 0 ? <StateWord look="done" word={t.unused(DAYS)} /> : <StateWord look="late" word={t.used(used.total, used.total_exact, DAYS)} />;
}
const findings = (n: number) => (n ? t.findings(n) : t.noFindings);

export function RemoveImage({ of, close }: { of: Image; close: () => void }) {
  const { registry, repository, digest } = of;
  const pulled = of.pulled_at ? <><StateWord look="late" word={t.lastPulled} /> <Time at={of.pulled_at} />. {t.pullsFail}</> : <StateWord look="done" word={t.neverPulled} />;
  return (
    <Question title={t.image(short(digest), repository)} may={action.remove} close={close}
      facts={[of.tags.length ? t.tags(of.tags.length, of.tags.slice(0, 8).join(', ')) : t.noTags, of.kind === 'image' && findings(sum(of.findings)), of.disabled > 0 && t.disabled(of.disabled), pulled]}
      run={() => call('deleteImage', { path: { registry, repository, digest } }).then(() => go(to(repositoryPath(registry, repository))))} />
  );
}

export function RemoveTag({ of, tag, close, done }: { of: Image; tag: string; close: () => void; done: () => void }) {
  const { registry, repository } = of;
  return (
    <Question title={t.tag(tag, repository)} may={action.remove} close={close}
      facts={[t.imageStays(short(of.digest), of.tags.length - 1), of.tags.length === 1 && t.lastTag, of.pulled_at ? <><StateWord look="late" word={t.lastPulled} /> <Time at={of.pulled_at} />. {t.tagPullsFail}</> : <StateWord look="done" word={t.neverPulled} />]}
      run={() => call('deleteTag', { path: { registry, repository, tag } }).then(done)} />
  );
}

export function RemoveRepository({ registry, repository, close }: { registry: string; repository: string; close: () => void }) {
  const found = useApi('listRepositories', { path: { registry }, query: { search: repository, limit: 1000 } }).data;
  const of = found?.items.find((r) => r.name === repository);
  return (
    <Question title={t.repository(repository)} may={action.remove} name={repository} close={close}
      facts={[of ? t.images(of.images) : t.everything, of && findings(sum(of.findings)), <Pulled key="p" registry={registry} repository={repository} />]}
      run={() => call('deleteRepository', { path: { registry, repository } }).then(() => go(to(['registries', registry])))} />
  );
}

export function RemoveRegistry({ of, repositories, close }: { of: Registry; repositories: number; close: () => void }) {
  return (
    <Question title={t.registry(of.name)} may={action.registry} name={of.name} close={close}
      facts={[t.repositories(repositories, of.images), findings(sum(of.findings)), of.hosts.length > 0 && t.hosts(of.hosts.join(', ')), t.roles, <Pulled key="p" registry={of.name} />]}
      run={() => call('deleteRegistry', { path: { registry: of.name } }).then(() => go(to(['registries'])))} />
  );
}
