// One filter bar for every list: typed pills, kept in the address under the API's own names.
import { Button, Checkbox, Input, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Popover, PopoverSurface, PopoverTrigger, Select } from '@fluentui/react-components';
import { DismissRegular, SearchRegular } from '@fluentui/react-icons';
import { useState, type FormEvent, type ReactNode } from 'react';
import { change, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

/** What a list can be filtered by. of: the words of a list that is chosen from, several or one. start: what holds where the address says nothing; "any" in the address takes it away. */
export interface Filter { name: string; kind: 'list' | 'one' | 'yes' | 'number' | 'text'; label: string; hint?: string; of?: [string, string][]; max?: number; start?: string }
const filter = (kind: Filter['kind'], name: string, more: Partial<Filter> = {}): Filter =>
  ({ name, kind, label: s.filters.names[name] ?? name, ...(s.filters.hints[name] ? { hint: s.filters.hints[name] } : {}), ...more });
/** Of findings: the API's criteria. */
export const findingFilters: Filter[] = [
  filter('list', 'severity', { of: s.severities.map((x) => [x, x]) }), filter('yes', 'kev'), filter('yes', 'patchable'), filter('number', 'cvss_gte', { max: 10 }), filter('number', 'epss_gte', { max: 1 }),
  filter('text', 'package'), filter('text', 'cve'), filter('text', 'category'), filter('list', 'status', { of: Object.entries(s.findings.status) }), filter('number', 'age_gte', { max: 36500 }), filter('number', 'age_lt', { max: 36500 }),
];
export const everywhereFilters: Filter[] = [...findingFilters, filter('text', 'repository')];
/** Of a list over many images; less what is fixed by the page. */
export const manyFilters: Filter[] = [...everywhereFilters, filter('text', 'registry'), filter('text', 'os')];

/** Of images. */
export const imageFilters: Filter[] = [
  filter('one', 'state', { of: (['Unhealthy', 'Healthy', 'Unverified', 'Pending'] as const).map((x) => [x, s.state[x] ?? x]) }), filter('text', 'registry'), filter('text', 'repository'),
  filter('one', 'pulled_days', { of: [7, 30, 90].map((n) => [String(n), s.filters.days(n)]) }),
];

const ANY = 'any';
export type Filters = Record<string, string>;
/** What the address asks for, of what this list knows. */
export function useFilters(of: readonly Filter[]): Filters {
  const { query } = usePlace();
  const values = of.map((f): [string, string] => [f.name, query.get(f.name) ?? f.start ?? '']);
  return Object.fromEntries([...values, ['search', query.get('search') ?? '']].filter(([, v]) => v && v !== ANY));
}

function words(f: Filter | undefined, value: string): string {
  if (f?.kind === 'yes') return value === 'true' ? s.filters.yes : s.filters.no;
  if (f?.name.endsWith('_lt')) return value;
  if (f?.kind === 'number') return `${s.filters.atLeast} ${value}`;
  return value.split(',').map((v) => f?.of?.find(([key]) => key === v)?.[1] ?? v).join(', ');
}

function Editor({ of, value, done }: { of: Filter; value: string; done: (value: string) => void }) {
  const [text, setText] = useState(value);
  const submit = (e: FormEvent) => { e.preventDefault(); done(text.trim()); };
  const picked = text.split(',').filter(Boolean);
  const pick = (key: string, yes: boolean) => setText(of.of?.map(([k]) => k).filter((k) => (k === key ? yes : picked.includes(k))).join(',') ?? '');
  return (
    <form className="editor" onSubmit={submit}>
      <div className="b">{of.label}</div>
      {of.kind === 'list' && <div className="checks">{of.of?.map(([key, label]) => <Checkbox key={key} label={label} checked={picked.includes(key)} onChange={(_, d) => pick(key, d.checked === true)} />)}</div>}
      {of.kind === 'one' && <Select aria-label={of.label} value={text} onChange={(_, d) => done(d.value)}><option value="" disabled>{s.filters.choose}</option>{of.of?.map(([key, label]) => <option key={key} value={key}>{label}</option>)}</Select>}
      {of.kind === 'yes' && <div style={{ display: 'flex', gap: 8 }}><Button onClick={() => done('true')}>{s.filters.yes}</Button><Button onClick={() => done('false')}>{s.filters.no}</Button></div>}
      {(of.kind === 'text' || of.kind === 'number') && <Input aria-label={of.label} placeholder={of.hint} value={text} {...(of.kind === 'number' ? { type: 'number', step: 'any', min: 0, max: of.max ?? 10 } as const : {})} onChange={(_, d) => setText(d.value)} />}
      {of.kind !== 'yes' && of.kind !== 'one' && <Button appearance="primary" type="submit">{s.filters.apply}</Button>}
    </form>
  );
}

/** search: what the text box says; none: there is no text box. */
export function FilterBar({ of, search = s.filters.search, children }: { of: readonly Filter[]; search?: string; children?: ReactNode }) {
  const filters = useFilters(of);
  const [editing, setEditing] = useState('');
  const [text, setText] = useState(filters.search ?? '');
  const active = of.filter((f) => filters[f.name]);
  const set = (f: Filter, value: string) => { setEditing(''); change({ [f.name]: value === (f.start ?? '') ? undefined : value || ANY }); };
  const shown = of.filter((f) => filters[f.name] || f.name === editing);
  const setSearch = () => { if (text.trim() !== (filters.search ?? '')) change({ search: text.trim() || undefined }); };
  return (
    <div className="filters" role="search">
      {search && <form onSubmit={(e) => { e.preventDefault(); setSearch(); }}>
        <Input style={{ width: 148 }} aria-label={search} title={search} placeholder={s.filters.find} contentBefore={<SearchRegular />} value={text} onChange={(_, d) => setText(d.value)} onBlur={setSearch} />
      </form>}
      {shown.map((f) => (
        <span key={f.name} className="pill">
          <Popover open={editing === f.name} onOpenChange={(_, d) => setEditing(d.open ? f.name : '')} trapFocus>
            <PopoverTrigger disableButtonEnhancement><button type="button" aria-label={`${s.filters.edit(f.label)}: ${filters[f.name] ? words(f, filters[f.name] ?? '') : ''}`}>{f.label}{filters[f.name] && <>: <b>{words(f, filters[f.name] ?? '')}</b></>}</button></PopoverTrigger>
            <PopoverSurface aria-label={f.label}><Editor key={`${f.name}${filters[f.name] ?? ''}`} of={f} value={filters[f.name] ?? ''} done={(v) => set(f, v)} /></PopoverSurface>
          </Popover>
          <button type="button" aria-label={s.filters.remove(f.label)} onClick={() => set(f, '')}><DismissRegular fontSize={12} /></button>
        </span>
      ))}
      {active.length < of.length && <Menu>
        <MenuTrigger disableButtonEnhancement><button type="button" className="add">+ {s.filters.add}</button></MenuTrigger>
        <MenuPopover><MenuList>{of.filter((f) => !filters[f.name]).map((f) => <MenuItem key={f.name} onClick={() => setTimeout(() => setEditing(f.name), 0)}>{f.label}</MenuItem>)}</MenuList></MenuPopover>
      </Menu>}
      {active.filter((f) => filters[f.name] !== f.start).length > 1 && <Button size="small" appearance="subtle" onClick={() => change(Object.fromEntries([...of.map((f) => [f.name, f.start ? ANY : undefined]), ['search', undefined]]))}>{s.filters.clear}</Button>}
      <span className="grow" />
      {children}
    </div>
  );
}

/** Nothing matches: which filters there are, and one to take away; without: how many each hides, where that is known. */
export function NoMatch({ of, filters, without = {} }: { of: readonly Filter[]; filters: Filters; without?: Record<string, number> }) {
  const names = Object.keys(filters);
  const label = (n: string) => of.find((f) => f.name === n)?.label ?? s.filters.names[n] ?? n;
  return (
    <div className="state">
      <p className="t2">{s.empty.filtered(names.map((n) => `${label(n)}: ${words(of.find((f) => f.name === n), filters[n] ?? '')}`).join(', '))}</p>
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        {names.map((n) => <Button key={n} size="small" onClick={() => change({ [n]: of.find((f) => f.name === n)?.start ? ANY : undefined })}>{s.empty.removeOne(label(n))}{without[n] ? `: ${s.empty.gives(without[n])}` : ''}</Button>)}
      </div>
    </div>
  );
}
