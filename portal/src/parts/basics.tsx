// Small parts that every page uses: times, copying, what is shown while loading, when there is nothing and when something failed.
import { Button, Tooltip } from '@fluentui/react-components';
import { CheckmarkRegular, CopyRegular } from '@fluentui/react-icons';
import { useEffect, useRef, useState, type ComponentProps, type ReactNode } from 'react';
import { operations, type Operations } from '../api/schema.ts';
import type { Failure } from '../api/client.ts';
import { A, change, scopeOf, to, usePlace } from '../route.tsx';
import { needs, rolesOf, useMay, useSession } from '../session.tsx';
import { s } from '../strings.ts';
import { inWords, useActions } from './actions.ts';
import { StateWord } from './glyphs.tsx';

const units: [number, string][] = [[60, 's'], [3600, 'min'], [86400, 'h'], [86400 * 60, 'd'], [86400 * 730, 'months'], [Infinity, 'years']];
const sizes = [1, 60, 3600, 86400, 86400 * 30.44, 86400 * 365.25];
export function relative(at: number, now = Date.now()): string {
  const sec = Math.abs(now - at) / 1000;
  if (sec < 10) return 'just now';
  const i = units.findIndex(([limit]) => sec < limit);
  const text = `${Math.floor(sec / (sizes[i] ?? 1))} ${units[i]?.[1] ?? ''}`;
  return at > now ? `in ${text}` : `${text} ago`;
}
const exact = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });
export const utc = (at: string): string => `${exact.format(new Date(at))} UTC`;
const dayOnly = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const noYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
export const dayMonth = (at: number): string => noYear.format(new Date(at));
export const day = (at: string): string => dayOnly.format(new Date(at));

/** How long ago, in words; exactly on hover and focus. */
export function Time({ at, none = s.never }: { at: string | undefined; none?: string }) {
  const [, turn] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => turn((n) => n + 1), 30000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span className="t3">{none}</span>;
  return <Tooltip content={utc(at)} relationship="description"><time dateTime={at} tabIndex={-1}>{relative(Date.parse(at))}</time></Tooltip>;
}

const DAY_MS = 86400000;
/** By when a list of exploited vulnerabilities wants it remedied: the end of that day, UTC. */
export function Due({ on, bare = false }: { on: string | undefined; bare?: boolean }) {
  const [now] = useState(() => Date.now());
  if (!on) return null;
  const left = Math.floor(Date.parse(on) / DAY_MS) - Math.floor(now / DAY_MS);
  return <span className={left < 0 ? 's due late' : 's due'}>{bare ? '' : `${s.finding.dueBy} `}{s.finding.due(day(on), left)}</span>;
}

export function bytes(n: number): string {
  const names = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0, x = n;
  while (x >= 1000 && i < names.length - 1) { x /= 1000; i++; }
  return `${x >= 100 || i === 0 ? Math.round(x) : x.toFixed(1)} ${names[i]}`;
}
export const short = (digest: string): string => digest.replace(/^\w+:/, '').slice(0, 12);
/** The server's reasons, where they stand alone. */
export const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
export const percent = (p: number): string => `${(p * 100).toFixed(1)}%`;

export function useTitle(title: string): void {
  useEffect(() => { document.title = `${title} – ${s.name}`; }, [title]);
}

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { // no clipboard without TLS: an old way works there
    const area = document.createElement('textarea');
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}
export function useCopy(): [boolean, (text: string) => void] {
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return [done, (text) => void copyText(text).then((ok) => {
    setDone(ok);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), 2000);
  })];
}
export function Copy({ text, label = s.copy }: { text: string; label?: string }) {
  const [done, copy] = useCopy();
  return (
    <button type="button" className="plain" aria-label={label} title={label} onClick={() => copy(text)}>
      {done ? <CheckmarkRegular /> : <CopyRegular />}<span className="vh" role="status">{done ? s.copied : ''}</span>
    </button>
  );
}
/** A command to copy. */
export function Code({ text }: { text: string }) {
  return <div className="code"><code>{text}</code><Copy text={text} label={`${s.copy}: ${text}`} /></div>;
}

/** Bones in the shape of rows, after a moment: what comes at once needs none. */
export function Bones({ rows = 6 }: { rows?: number }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <div aria-busy="true" style={{ minHeight: rows * 44 }} />;
  return (
    <div aria-busy="true" style={{ minHeight: rows * 44 }}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} style={{ display: 'flex', gap: 24, alignItems: 'center', height: 44, padding: '0 16px' }}>
          <span className="bone" style={{ width: 70 }} /><span className="bone" style={{ width: `${30 + (i * 13) % 25}%` }} /><span className="grow" /><span className="bone" style={{ width: 90 }} />
        </div>
      ))}
    </div>
  );
}

export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return <div className="state"><p className="t2">{children}</p>{action}</div>;
}

/** Only the part that failed is replaced, and says what failed, why, and what to do. */
export function Failed({ what, error, retry, operation }: { what: string; error: Failure; retry?: () => void; operation: keyof Operations }) {
  const session = useSession();
  const [done, copy] = useCopy();
  const { query } = usePlace();
  const lacks = error.status === 403 ? operations[operation][2] : '', words = inWords(useActions(lacks !== ''), lacks);
  if (error.status === 404 && scopeOf(query)) return <div className="state"><StateWord look="none" word={s.errors.notFound} /><p className="t2">{s.errors.outside}</p><Button size="small" onClick={() => change({ scope: undefined })}>{s.scope.everything}</Button></div>;
  if (error.status === 404) return <div className="state"><StateWord look="none" word={s.errors.notFound} /><p className="t2">{s.errors.notFoundText}</p><p><A href={to(['overview'])}>{s.errors.back}</A></p></div>;
  if (error.status === 403) {
    return (
      <div className="state">
        <StateWord look="none" word={s.errors.denied} />
        <p className="t2">{s.errors.deniedText(lacks, words === lacks ? '' : words, rolesOf(lacks), session.name, error.message.endsWith(' at /'))}</p>
        <Button size="small" onClick={() => copy(s.errors.requestText(session.name, lacks, location.href))}>{done ? s.copied : s.errors.request}</Button>
      </div>
    );
  }
  return (
    <div className="state" role="alert">
      <StateWord look="late" word={s.errors.title(what)} />
      <p className="t2">{error.message} {s.errors.holds}</p>
      {retry && <Button size="small" onClick={retry}>{s.retry}</Button>}
    </div>
  );
}

export function Segments<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: [T, string][]; onChange: (value: T) => void }) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map(([v, text]) => <button key={v} type="button" aria-pressed={v === value} onClick={() => onChange(v)}>{text}</button>)}
    </div>
  );
}

/** A button for those who may; for others it says which role it takes, and does nothing. */
export function ActionButton({ action, onClick, children, ...rest }: { action: string; onClick: () => void } & Omit<ComponentProps<typeof Button>, 'onClick' | 'action'>) {
  const may = useMay(action);
  const button = <Button {...(rest as object)} disabledFocusable={!may} onClick={() => { if (may) onClick(); }}>{children as ReactNode}</Button>;
  return may ? button : <Tooltip content={needs(action)} relationship="description">{button}</Tooltip>;
}
