// One filter bar for every list of findings: typed pills, kept in the address under the API's own names.
import { Button, Checkbox, Input, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components';
import { DismissRegular, SearchRegular } from '@fluentui/react-icons';
import { useState, type FormEvent, type ReactNode } from 'react';
import { change, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

type Kind = 'list' | 'yes' | 'number' | 'text';
const kinds: Record<string, Kind> = { severity: 'list', kev: 'yes', patchable: 'yes', cvss_gte: 'number', epss_gte: 'number', package: 'text', cve: 'text', category: 'text', status: 'list', repository: 'text' };
const choices: Record<string, [string, string][]> = {
  severity: s.severities.map((x) => [x, x]),
  status: Object.entries(s.findings.status),
};
export type Filters = Record<string, string>;

/** What the address asks for; names: those that this list knows. */
export function useFilters(names: readonly string[]): Filters {
  const { query } = usePlace();
  return Object.fromEntries([...names, 'search'].flatMap((n) => (query.get(n) ? [[n, query.get(n) ?? '']] : [])));
}
export const filterNames = ['severity', 'kev', 'patchable', 'cvss_gte', 'epss_gte', 'package', 'cve', 'category', 'status'] as const;

function words(name: string, value: string): string {
  if (kinds[name] === 'yes') return value === 'true' ? s.filters.yes : s.filters.no;
  if (kinds[name] === 'number') return `${s.filters.atLeast} ${value}`;
  return value.split(',').map((v) => choices[name]?.find(([key]) => key === v)?.[1] ?? v).join(', ');
}

function Editor({ name, value, done }: { name: string; value: string; done: (value: string) => void }) {
  const [text, setText] = useState(value);
  const submit = (e: FormEvent) => { e.preventDefault(); done(text.trim()); };
  const picked = text.split(',').filter(Boolean);
  const kind = kinds[name];
  return (
    <form className="editor" onSubmit={submit}>
      <div className="b">{s.filters.names[name]}</div>
      {kind === 'list' && <div className="checks">{choices[name]?.map(([key, label]) => (
        <Checkbox key={key} label={label} checked={picked.includes(key)} onChange={(_, d) => setText(choices[name]?.map(([k]) => k).filter((k) => (k === key ? d.checked : picked.includes(k))).join(',') ?? '')} />
      ))}</div>}
      {kind === 'yes' && <div style={{ display: 'flex', gap: 8 }}><Button onClick={() => done('true')}>{s.filters.yes}</Button><Button onClick={() => done('false')}>{s.filters.no}</Button></div>}
      {(kind === 'text' || kind === 'number') && <Input aria-label={s.filters.names[name]} placeholder={s.filters.hints[name]} value={text} {...(kind === 'number' ? { type: 'number', step: 'any', min: 0, max: name === 'epss_gte' ? 1 : 10 } as const : {})} onChange={(_, d) => setText(d.value)} />}
      {kind !== 'yes' && <Button appearance="primary" type="submit">{s.filters.apply}</Button>}
    </form>
  );
}

export function FilterBar({ names, children }: { names: readonly string[]; children?: ReactNode }) {
  const filters = useFilters(names);
  const [editing, setEditing] = useState('');
  const [text, setText] = useState(filters.search ?? '');
  const active = names.filter((n) => filters[n]);
  const set = (name: string, value: string) => { setEditing(''); change({ [name]: value || undefined }); };
  const shown = editing && !active.includes(editing) ? [...active, editing] : active;
  return (
    <div className="filters" role="search">
      <form onSubmit={(e) => { e.preventDefault(); set('search', text.trim()); }}>
        <Input style={{ width: 190 }} aria-label={s.filters.search} placeholder={s.filters.search} contentBefore={<SearchRegular />} value={text} onChange={(_, d) => setText(d.value)} onBlur={() => { if (text.trim() !== (filters.search ?? '')) set('search', text.trim()); }} />
      </form>
      {shown.map((name) => (
        <span key={name} className="pill">
          <Popover open={editing === name} onOpenChange={(_, d) => setEditing(d.open ? name : '')} trapFocus>
            <PopoverTrigger disableButtonEnhancement><button type="button" aria-label={`${s.filters.edit(s.filters.names[name] ?? name)}: ${filters[name] ? words(name, filters[name]) : ''}`}>{s.filters.names[name]}{filters[name] && <>: <b>{words(name, filters[name])}</b></>}</button></PopoverTrigger>
            <PopoverSurface aria-label={s.filters.names[name] ?? name}><Editor key={`${name}${filters[name] ?? ''}`} name={name} value={filters[name] ?? ''} done={(v) => set(name, v)} /></PopoverSurface>
          </Popover>
          <button type="button" aria-label={s.filters.remove(s.filters.names[name] ?? name)} onClick={() => set(name, '')}><DismissRegular fontSize={12} /></button>
        </span>
      ))}
      <Menu>
        <MenuTrigger disableButtonEnhancement><button type="button" className="add">+ {s.filters.add}</button></MenuTrigger>
        <MenuPopover><MenuList>{names.filter((n) => !active.includes(n)).map((n) => <MenuItem key={n} onClick={() => setTimeout(() => setEditing(n), 0)}>{s.filters.names[n]}</MenuItem>)}</MenuList></MenuPopover>
      </Menu>
      {active.length > 1 && <Button size="small" appearance="subtle" onClick={() => change(Object.fromEntries([...names, 'search'].map((n) => [n, undefined])))}>{s.filters.clear}</Button>}
      <span className="grow" />
      {children}
    </div>
  );
}

/** Nothing matches: which filters there are, and one to take away. */
export function NoMatch({ filters }: { filters: Filters }) {
  const names = Object.keys(filters);
  return (
    <div className="state">
      <p className="t2">{s.empty.filtered(names.map((n) => `${s.filters.names[n]}: ${words(n, filters[n] ?? '')}`).join(', '))}</p>
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        {names.map((n) => <Button key={n} size="small" onClick={() => change({ [n]: undefined })}>{s.empty.removeOne(s.filters.names[n] ?? n)}</Button>)}
      </div>
    </div>
  );
}
