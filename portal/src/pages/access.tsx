import { Button, Field, Input, Select, Tab, TabList } from '@fluentui/react-components';
import { useState, type FormEvent, type ReactNode } from 'react';
import { asFailure, call, usePages } from '../api/client.ts';
import { inWords, useActions } from '../parts/actions.ts';
import { Bones, Code, Empty, Failed, Time, day } from '../parts/basics.tsx';
import { FilterBar, NoMatch, useFilters, type Filter } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { A, change, to, usePlace } from '../route.tsx';
import { action, rolesOf, useMay, useSession } from '../session.tsx';
import { s } from '../strings.ts';

const t = s.access;

/** What a role comes to, in words. */
function Allows({ actions }: { actions: string[] | undefined }) {
  const words = useActions();
  if (!actions || !words.length) return null;
  return <p className="s t2" style={{ flexBasis: '100%', paddingBottom: 8 }}>{actions.length ? <>{t.allows} {actions.map((x, i) => <span key={x} title={x}>{i > 0 && ', '}{lower(inWords(words, x))}</span>)}.</> : t.nothing}</p>;
}
const lower = (text: string) => text.slice(0, 1).toLowerCase() + text.slice(1);

function Assign({ done }: { done: () => void }) {
  const roles = usePages('listRoles', {}, 1000);
  const [user, setUser] = useState('');
  const [role, setRole] = useState('AcrPull');
  const [scope, setScope] = useState('');
  const [wrong, setWrong] = useState('');
  const submit = () => {
    setWrong('');
    call('createRoleAssignment', { body: { user: user.trim(), role, ...(scope.trim() ? { scope: scope.trim() } : {}) } }).then(() => { setUser(''); done(); }, (x: unknown) => setWrong(asFailure(x).message));
  };
  return (
    <form className="pad0" onSubmit={(e) => { e.preventDefault(); submit(); }} style={{ display: 'flex', gap: 12, alignItems: 'flex-start', flexWrap: 'wrap', paddingTop: 12 }}>
      <Field label={t.user} hint={t.userHint}><Input value={user} autoComplete="off" onChange={(_, d) => setUser(d.value)} /></Field>
      <Field label={t.role}><Select value={role} onChange={(_, d) => setRole(d.value)}>{roles.items.map((x) => <option key={x.id}>{x.name}</option>)}</Select></Field>
      <Field label={t.scope} hint={t.scopeHint} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input value={scope} placeholder="/registries/local" onChange={(_, d) => setScope(d.value)} /></Field>
      <Button type="submit" style={{ marginTop: 26 }} disabledFocusable={!user.trim()}>{t.assign}</Button>
      <Allows actions={roles.items.find((x) => x.name === role)?.allows} />
    </form>
  );
}

const byUser: Filter[] = [{ name: 'user', kind: 'text', label: t.user, hint: t.userHint }];
function Roles() {
  const filters = useFilters(byUser);
  const pages = usePages('listRoleAssignments', { query: filters });
  const write = useMay(action.accessWrite);
  const above = write ? <Assign done={pages.reload} /> : <p className="s t3" style={{ padding: '12px 16px 0' }}>{t.readOnly(rolesOf(action.accessWrite))}</p>;
  return <>{above}<FilterBar of={byUser} search="" /><Assignments pages={pages} write={write} none={Object.keys(filters).length ? <NoMatch of={byUser} filters={filters} /> : <Empty>{s.empty.roles}</Empty>} /></>;
}

function Assignments({ pages, write, none }: { pages: ReturnType<typeof usePages<'listRoleAssignments'>>; write: boolean; none: ReactNode }) {
  const [wrong, setWrong] = useState('');
  const take = (x: { user?: string; role: string; scope: string }) => { setWrong(''); call('deleteRoleAssignment', { query: { user: x.user ?? '', role: x.role, scope: x.scope } }).then(pages.reload, (e: unknown) => setWrong(asFailure(e).message)); };
  if (pages.error) return <Failed what={t.tabs.roles} error={pages.error} retry={pages.reload} operation="listRoleAssignments" />;
  if (!pages.items.length) return pages.loading ? <Bones /> : none;
  return <><div role="alert" className="s pad0">{wrong}</div><LongTable label={t.tabs.roles} columns={write ? 5 : 4} pages={pages} noun={s.nouns.entries}
    head={<tr role="row"><th role="columnheader">{t.user}</th><th role="columnheader">{t.role}</th><th role="columnheader">{t.scope}</th><th role="columnheader" className="num">{t.since}</th>{write && <th role="columnheader"><span className="vh">{t.take}</span></th>}</tr>}
    rows={pages.items.map((x) => ({ key: `${x.user}${x.role_id}${x.scope}`, cells: <>
      <td role="cell" className="b">{x.user}</td><td role="cell" data-label={t.role}>{x.role}</td><td role="cell" className="full" data-label={t.scope}>{x.scope === '/' ? t.everything : <span className="mono">{x.scope}</span>}</td><td role="cell" className="num gone"><Time at={x.created_at} /></td>{write && <td role="cell" className="num"><Button size="small" appearance="subtle" aria-label={t.takeOf(x.user ?? '', x.role)} onClick={() => take(x)}>{t.take}</Button></td>}
    </> }))} /></>;
}

function Users() {
  const pages = usePages('listUsers', {});
  if (pages.error) return <Failed what={t.tabs.users} error={pages.error} retry={pages.reload} operation="listUsers" />;
  if (!pages.items.length) return pages.loading ? <Bones /> : <Empty>{s.empty.users}</Empty>;
  return <LongTable label={t.tabs.users} columns={4} pages={pages} noun={s.nouns.entries}
    head={<tr role="row"><th role="columnheader">{t.user}</th><th role="columnheader">{t.kind}</th><th role="columnheader">{t.password}</th><th role="columnheader">{t.role}</th></tr>}
    rows={pages.items.map((x) => ({ key: x.name, cells: <>
      <td role="cell" className="b">{x.name}</td><td role="cell" data-label={t.kind}>{t.kinds[x.kind]}</td><td role="cell" data-label={t.password}>{x.has_password ? t.has : t.hasNot}</td><td role="cell" className="full" data-label={x.roles.length ? t.role : undefined}>{x.roles.length > 0 && <A href={to(['access'], { user: x.name })} title={t.assignments(x.name)}>{[...new Set(x.roles.map((r) => r.role))].join(', ')}</A>}</td>
    </> }))} />;
}

function NewToken({ user, made }: { user: string; made: () => void }) {
  const [label, setLabel] = useState('');
  const [days, setDays] = useState('90');
  const [secret, setSecret] = useState('');
  const [wrong, setWrong] = useState('');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setWrong('');
    call('createToken', { path: { user }, body: { ...(label ? { label } : {}), ...(days ? { days: Number(days) } : {}) } }).then((x) => { setSecret(x.token); setLabel(''); made(); }, (x: unknown) => setWrong(asFailure(x).message));
  };
  return (
    <form className="pad0" onSubmit={submit} style={{ display: 'flex', gap: 12, alignItems: 'flex-end', flexWrap: 'wrap', paddingTop: 12 }}>
      <Field label={t.label}><Input value={label} onChange={(_, d) => setLabel(d.value)} /></Field>
      <Field label={t.days} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}><Input type="number" min={1} max={3650} value={days} style={{ width: 100 }} onChange={(_, d) => setDays(d.value)} /></Field>
      <Button type="submit">{t.make}</Button>
      <div role="status" style={{ flexBasis: '100%' }}>{secret && <><p className="s t2">{t.shown}</p><Code text={secret} /></>}</div>
    </form>
  );
}

/** A browser as people name it, of what it says of itself. */
function browserOf(agent: string): string {
  const [, name = '', version = ''] = /(Firefox|Edg|OPR|Chrome)\/(\d+)/.exec(agent.replace(/Chrome\/\S+(?=.*(?:Edg|OPR)\/)/, '')) ?? /(Version)\/(\d+).*Safari/.exec(agent) ?? [];
  const system = /Windows|Android|iPhone|iPad|Mac OS X|Linux/.exec(agent)?.[0] ?? '';
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Version: 'Safari' };
  return name ? `${names[name] ?? name} ${version}${system && `, ${system === 'Mac OS X' ? 'macOS' : system}`}` : agent;
}

function Tokens() {
  const { name } = useSession();
  const write = useMay(action.accessWrite);
  const pages = usePages('listTokens', { path: { user: name } });
  const end = (id: number) => void call('deleteToken', { path: { user: name, id } }).finally(pages.reload);
  return (
    <>
      {write && <NewToken user={name} made={pages.reload} />}
      {pages.error && <Failed what={t.tabs.tokens} error={pages.error} retry={pages.reload} operation="listTokens" />}
      {!pages.error && !pages.items.length && (pages.loading ? <Bones /> : <Empty>{s.empty.tokens}</Empty>)}
      {pages.items.length > 0 && <LongTable label={t.tabs.tokens} columns={5} pages={pages} noun={s.nouns.entries} className="cards fixed"
        head={<tr role="row"><th role="columnheader">{t.label}</th><th role="columnheader" style={{ width: 140 }}>{t.kind}</th><th role="columnheader" style={{ width: 120 }}>{t.made}</th><th role="columnheader" style={{ width: 140 }}>{t.expires}</th><th role="columnheader" style={{ width: 90 }}><span className="vh">{s.close}</span></th></tr>}
        rows={pages.items.map((x) => ({ key: x.id, cells: <>
          <td role="cell" className="cut full" title={x.label}>{(x.kind === 'session' ? browserOf(x.label ?? '') : x.label) || <span className="t3">–</span>}</td><td role="cell" data-label={t.kind}>{t.tokenKinds[x.kind] ?? x.kind}</td><td role="cell" className="gone"><Time at={x.created_at} /></td><td role="cell" data-label={t.expires}>{x.expires_at ? day(x.expires_at) : t.noEnd}</td>
          <td role="cell" className="num">{write && <Button size="small" aria-label={t.end(x.label || String(x.id))} onClick={() => end(x.id)}>{t.end('')}</Button>}</td>
        </> }))} />}
    </>
  );
}

const tabs = ['roles', 'users', 'tokens'] as const;
export default function Access() {
  const { query } = usePlace();
  const tab = tabs.find((x) => x === query.get('tab')) ?? 'roles';
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <TabList selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'roles' ? undefined : String(d.value), user: undefined })} className="tabs">{tabs.map((x) => <Tab key={x} value={x}>{t.tabs[x]}</Tab>)}</TabList>
        {tab === 'roles' && <Roles />}{tab === 'users' && <Users />}{tab === 'tokens' && <Tokens />}
      </section>
    </Page>
  );
}
