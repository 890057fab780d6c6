// The address is the state: which page, which filters, what is open.
import { createContext, useContext, useEffect, useMemo, useState, type AnchorHTMLAttributes, type MouseEvent, type ReactNode } from 'react';

const base = '/portal';

export interface Place {
  parts: string[]; // of the path, decoded
  query: URLSearchParams;
}
/** What the address says. */
export function placeNow(): Place {
  const parts = location.pathname.slice(base.length).split('/').filter(Boolean).map((p) => decodeURIComponent(p));
  return { parts, query: new URLSearchParams(location.search) };
}

/** What is looked at, on every address: "sub:NAME" or "mg:NAME"; empty: everything. */
export const scopeOf = (query: URLSearchParams): string => (/^(?:sub|mg):./.test(query.get('scope') ?? '') ? query.get('scope') ?? '' : '');
/** As the API takes it. */
export function scopePath(): string {
  const scope = scopeOf(new URLSearchParams(location.search));
  return scope && (scope.startsWith('sub:') ? '/subscriptions/' : '/managementGroups/') + scope.slice(scope.indexOf(':') + 1);
}

/** An address: its parts are encoded, those of the query that are empty are left out; the scope stays. */
export function to(parts: string[], query: Record<string, string | number | undefined> = {}): string {
  const q = new URLSearchParams();
  const scope = scopeOf(new URLSearchParams(location.search));
  if (scope && !('scope' in query)) q.set('scope', scope);
  for (const [k, v] of Object.entries(query)) if (v !== undefined && v !== '') q.set(k, String(v));
  const path = `${base}/${parts.map(encodeURIComponent).join('/')}`;
  return readable(q) ? `${path}?${readable(q)}` : path;
}
/** Digests and lists are read by people: ":" and "," need no escape in a query. */
function readable(q: URLSearchParams): string {
  return q.toString().replaceAll('%3A', ':').replaceAll('%2C', ',');
}

export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}
/** Change parameters of this address; undefined takes one away. */
export function change(values: Record<string, string | undefined>, replace = false): void {
  const q = new URLSearchParams(location.search);
  for (const [k, v] of Object.entries(values)) {
    if (v === undefined || v === '') q.delete(k);
    else q.set(k, v);
  }
  go(location.pathname + (readable(q) ? `?${readable(q)}` : ''), replace);
}

const Where = createContext<Place>({ parts: [], query: new URLSearchParams() });
export const usePlace = (): Place => useContext(Where);

export function Router({ children }: { children: ReactNode }) {
  const [href, setHref] = useState(location.href);
  useEffect(() => {
    const moved = () => setHref(location.href);
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  // href is what it reads.
  const place = useMemo(() => (href ? placeNow() : placeNow()), [href]);
  return <Where.Provider value={place}>{children}</Where.Provider>;
}

/** A link inside the portal. */
export function A({ href, onClick, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string }) {
  const click = (e: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(e);
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    go(href);
  };
  return <a href={href} onClick={click} {...rest}>{children}</a>;
}

export const repositoryPath = (registry: string, repository: string): string[] => ['registries', registry, 'repositories', repository];
export const imagePath = (registry: string, repository: string, digest: string): string[] => [...repositoryPath(registry, repository), 'images', digest];
