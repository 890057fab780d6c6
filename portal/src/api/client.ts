// The API, by its operations. Types and paths are generated (schema.ts).
import { useCallback, useEffect, useEffectEvent, useRef, useState } from 'react';
import { scopePath, usePlace } from '../route.tsx';
import { operations, type Operations, type Problem } from './schema.ts';

/** Key of the recommendation that is about vulnerabilities, and scored. */
export const VULNERABILITIES = 'dbd0cb49-b563-45e7-9724-889e799fa648';

export type Operation = keyof Operations;
type Args<O extends Operation> =
  (Operations[O]['path'] extends undefined ? { path?: undefined } : { path: Operations[O]['path'] }) &
  { query?: Operations[O]['query'] } &
  (Operations[O]['body'] extends undefined ? { body?: undefined } : { body: Operations[O]['body'] });
export type Reply<O extends Operation> = Operations[O]['reply'];

/** What went wrong, in the server's words. */
export class Failure extends Error {
  constructor(readonly status: number, message: string, readonly retryAfter = 0) { super(message); }
}
const lost = new Set<() => void>();
/** Called when the server no longer knows who asks. */
export function onSignedOut(tell: () => void): () => void {
  lost.add(tell);
  return () => { lost.delete(tell); };
}

const TIMEOUT_MS = 10000, REMOVAL_MS = 180000; // what holds much takes long to delete

/** Narrowed to the scope of the page's address, unless a scope is given; an empty one: everything. */
function scoped<O extends Operation>(operation: O, args: Args<O>): Args<O> {
  const scope = operations[operation][3] ? scopePath() : '';
  return scope && !('scope' in (args.query ?? {})) ? { ...args, query: { ...(args.query as object | undefined), scope } } : args;
}

/** Where it is asked: also what a link to a file names. */
export function addressOf<O extends Operation>(operation: O, args: Args<O>): string {
  const asked = scoped(operation, args);
  const path = operations[operation][1].replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String((args.path as Record<string, string>)[name])));
  const query = new URLSearchParams();
  for (const [k, v] of Object.entries(asked.query ?? {})) if (v !== undefined && v !== '') query.set(k, String(v));
  return path + (query.size ? `?${query}` : '');
}

/** A reply that says that it worked; else a Failure. */
async function ask<O extends Operation>(operation: O, args: Args<O>, accept: string, signal?: AbortSignal, file?: Blob): Promise<Response> {
  const [method] = operations[operation];
  const ms = method === 'DELETE' ? REMOVAL_MS : TIMEOUT_MS, limit = AbortSignal.timeout(ms);
  let reply: Response;
  try {
    reply = await fetch(addressOf(operation, args), {
      method, credentials: 'same-origin', signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: { accept, ...(file ? { 'content-type': 'application/octet-stream' } : args.body === undefined ? {} : { 'content-type': 'application/json' }) },
      body: file ?? (args.body === undefined ? null : JSON.stringify(args.body)),
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new Failure(0, limit.aborted ? `The server did not answer within ${ms / 1000} seconds.` : 'The server cannot be reached.');
  }
  if (reply.ok) return reply;
  const problem = await reply.json().catch(() => ({})) as Partial<Problem>;
  if (reply.status === 401 && operation !== 'createSession') for (const tell of lost) tell();
  throw new Failure(reply.status, problem.detail ?? `The server answered ${reply.status}.`, Number(reply.headers.get('retry-after') ?? 0));
}

/** file: the body, as it is. */
export async function call<O extends Operation>(operation: O, args: Args<O>, signal?: AbortSignal, file?: Blob): Promise<Reply<O>> {
  const reply = await ask(operation, args, 'application/json', signal, file);
  return (reply.status === 204 || reply.status === 202 && !reply.headers.get('content-type') ? undefined : await reply.json()) as Reply<O>;
}

/** A reply as it is, as text. null: ask nothing. */
export function useText<O extends Operation>(operation: O, args: Args<O> | null): Loaded<string> {
  const key = args ? operation + JSON.stringify(args) : '';
  const [state, setState] = useState<{ key: string; data?: string; error?: Failure }>({ key: '' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!key) return undefined;
    const stop = new AbortController();
    ask(operation, JSON.parse(key.slice(operation.length)) as Args<O>, '*/*', stop.signal).then((r) => r.text()).then(
      (data) => setState({ key, data }), (error: unknown) => { if (!stop.signal.aborted) setState({ key, error: asFailure(error) }); });
    return () => stop.abort();
  }, [operation, key, turn]);
  return { data: state.key === key ? state.data : undefined, error: state.key === key ? state.error : undefined, reload: () => setTurn((n) => n + 1) };
}

export interface Loaded<T> {
  data: T | undefined;
  error: Failure | undefined;
  reload: () => void;
}
const cache = new Map<string, unknown>();
const CACHE_MAX = 60;
function keep(key: string, value: unknown): void {
  cache.delete(key);
  cache.set(key, value);
  const oldest = cache.keys().next().value;
  if (cache.size > CACHE_MAX && oldest !== undefined) cache.delete(oldest);
}

/** One reply; what was there before is shown until the new one comes. null: ask nothing. again: another number asks again. */
export function useApi<O extends Operation>(operation: O, args: Args<O> | null, again = 0): Loaded<Reply<O>> {
  usePlace(); // the scope is in the address
  const text = args ? JSON.stringify(scoped(operation, args)) : '';
  const key = text && operation + text;
  const [state, setState] = useState<{ key: string; data?: Reply<O> | undefined; error?: Failure | undefined }>({ key: '' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (!text) return undefined;
    const stop = new AbortController();
    call(operation, JSON.parse(text) as Args<O>, stop.signal).then(
      (data) => { keep(key, data); setState({ key, data }); },
      (error: unknown) => { if (!stop.signal.aborted) setState({ key, data: cache.get(key) as Reply<O> | undefined, error: asFailure(error) }); });
    return () => stop.abort();
  }, [operation, key, text, turn, again]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  const mine = state.key === key ? state : { data: cache.get(key) as Reply<O> | undefined, error: undefined };
  return { data: mine.data, error: mine.error, reload };
}

export function asFailure(e: unknown): Failure {
  return e instanceof Failure ? e : new Failure(0, String(e));
}

/** exact false: at least so many. */
export interface Total { count: number; exact: boolean }

export interface Pages<T> {
  items: T[];
  done: boolean; // there is no further page
  total: Total | undefined; // of all pages, where the server counts them
  loading: boolean;
  error: Failure | undefined;
  more: () => void;
  reload: () => void;
}
type ListOperation = { [O in Operation]: Reply<O> extends { items: unknown[]; next?: string } ? O : never }[Operation];
type Item<O extends ListOperation> = Reply<O> extends { items: (infer T)[] } ? T : never;

interface Read<T> { key: string; items: T[]; total?: Total | undefined; next: string | undefined; error: Failure | undefined; loading: boolean }

/** A list, page by page; all: read on until the end or so many items. */
export function usePages<O extends ListOperation>(operation: O, args: Args<O> | null, all = 0): Pages<Item<O>> {
  usePlace(); // the scope is in the address
  const text = args ? JSON.stringify(scoped(operation, args)) : '';
  const key = text && operation + text;
  const [state, setState] = useState<Read<Item<O>>>({ key: '', items: [], next: '', error: undefined, loading: true });
  const [turn, setTurn] = useState(0);
  const stop = useRef<AbortController>(undefined);
  const load = useCallback(async (from: string, before: Item<O>[]) => {
    const mine = stop.current;
    if (!mine || !text) return;
    const given = JSON.parse(text) as Args<O>;
    let cursor: string | undefined = from, items = before, total: Total | undefined;
    setState((was) => ({ ...was, key, loading: true, error: undefined, items: before.length || was.key === key ? was.items : [] }));
    try {
      for (let got = 0; cursor !== undefined && (items.length < all || got === 0);) { // a page may be empty and still have a next
        const query = { ...(given.query as Record<string, string | number> | undefined), ...(cursor ? { cursor } : {}) };
        const page = await call(operation, { ...given, query } as Args<O>, mine.signal) as { items: Item<O>[]; next?: string; total?: number; total_exact?: boolean };
        got += page.items.length;
        items = [...items, ...page.items];
        cursor = page.next;
        if (page.total !== undefined) total = { count: page.total, exact: page.total_exact ?? true }; // some lists count on their first page
        if (total?.exact && items.length >= total.count) cursor = undefined; // the last page may be followed by an empty one
        const counted = total;
        const now: Read<Item<O>> = { key, items, next: cursor, error: undefined, loading: cursor !== undefined && (items.length < all || got === 0) };
        setState((was) => ({ ...now, total: counted ?? (was.key === key ? was.total : undefined) }));
      }
    } catch (e) {
      if (!mine.signal.aborted) setState((was) => ({ ...was, key, loading: false, error: asFailure(e) }));
    }
  }, [operation, key, text, all]);
  useEffect(() => {
    if (!key) return undefined;
    stop.current = new AbortController();
    void load('', []);
    return () => stop.current?.abort();
  }, [key, turn, load]);
  const mine: Read<Item<O>> = state.key === key ? state : { key, items: [], next: '', error: undefined, loading: true };
  const more = () => { if (mine.next && !mine.loading) void load(mine.next, mine.items); };
  return { items: mine.items, done: !mine.loading && !mine.next, total: mine.total, loading: mine.loading, error: mine.error, more, reload: () => setTurn((n) => n + 1) };
}

export interface LiveEvent { id: number; type: string; registry: string; repository: string; digest?: string; tag?: string; at: string; detail?: Record<string, unknown> }
/** What happens on the server, as it happens. */
export function useEvents(heard: (e: LiveEvent) => void): boolean {
  const [open, setOpen] = useState(false);
  const tell = useEffectEvent((m: MessageEvent<string>) => heard(JSON.parse(m.data) as LiveEvent));
  useEffect(() => {
    const source = new EventSource('/api/v1/events');
    source.addEventListener('open', () => setOpen(true));
    source.addEventListener('error', () => setOpen(false));
        for (const type of ['pushed', 'pulled', 'imported', 'deleted', 'damaged', 'mended', 'scanned', 'import']) source.addEventListener(type, (m: Event) => tell(m as MessageEvent<string>));
    return () => source.close();
  }, []);
  return open;
}
