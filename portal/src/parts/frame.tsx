// The frame of every page: bar, navigation, breadcrumb, title.
import { Button, Input, Menu, MenuDivider, MenuGroup, MenuGroupHeader, MenuItem, MenuItemCheckbox, MenuItemRadio, MenuList, MenuPopover, MenuTrigger, OverlayDrawer } from '@fluentui/react-components';
import { BoxRegular, DocumentTextRegular, HomeRegular, CubeRegular, LinkRegular, NavigationRegular, OptionsRegular, PersonRegular, ProhibitedRegular, QuestionCircleRegular, ScanRegular, SearchRegular, ServerRegular, ShieldErrorRegular, TaskListLtrRegular } from '@fluentui/react-icons';
import { useEffect, useEffectEvent, useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useApi } from '../api/client.ts';
import { A, change, go, scopeOf, to, usePlace } from '../route.tsx';
import { action, useMay, useSession } from '../session.tsx';
import { s } from '../strings.ts';
import { keepKeys, keysAreOn, type Choice } from '../theme.ts';
import { Time, useCopy, useTitle } from './basics.tsx';
import { Chevron, Mark } from './glyphs.tsx';
import { Pane } from './pane.tsx';

const LATE_MS = 2 * 86400000;
export const isLate = (at: string): boolean => Date.now() - Date.parse(at) > LATE_MS;

function Nav({ side, chosen }: { side: boolean; chosen?: () => void }) {
  const { parts } = usePlace();
  const may = { security: useMay(action.security), access: useMay(action.accessRead) };
  const vdb = useApi('getVulndb', may.security ? {} : null).data;
  const at = parts[0] === 'cve' ? 'inventory' : parts[0] === 'plan' ? 'recommendations' : parts[0] === 'start' || !parts[0] ? 'overview' : parts[0];
  const item = (name: keyof typeof s.pages, icon: ReactNode) => (
    <li key={name}><A href={to([name])} {...(at === name ? { 'aria-current': 'page' as const } : {})} onClick={() => chosen?.()}>{icon}{s.pages[name]}</A></li>
  );
  const late = vdb?.sources?.filter((f) => f.fetched_at && isLate(f.fetched_at)).length ?? 0;
  return (
    <nav className={side ? 'nav side' : 'nav'} aria-label={s.navigation} style={side ? undefined : { position: 'static', width: 'auto', flex: 1, border: 0 }}>
      <ul>
        {may.security && [item('overview', <HomeRegular />), item('recommendations', <TaskListLtrRegular />), item('findings', <ShieldErrorRegular />), item('inventory', <BoxRegular />), item('images', <CubeRegular />), item('registries', <ServerRegular />), item('scans', <ScanRegular />), item('exceptions', <ProhibitedRegular />)]}
      </ul>
      <h2>{s.manage}</h2>
      <ul>
        {may.access && item('access', <PersonRegular />)}
        {item('settings', <OptionsRegular />)}
        {may.access && item('audit', <DocumentTextRegular />)}
      </ul>
      {vdb && <div className="foot">{vdb.present ? <>{s.advisories.age} <Time at={vdb.built_at} />{late > 0 && <><br />{s.advisories.late(late)}</>}</> : s.advisories.none}</div>}
    </nav>
  );
}

/** What is looked at: everything, a management group, a subscription. */
function ScopePicker() {
  const { query } = usePlace();
  const chosen = scopeOf(query);
  const groups = useApi('listManagementGroups', { query: { scope: '', limit: 1000 } }).data?.items ?? [], subscriptions = useApi('listSubscriptions', { query: { scope: '', limit: 1000 } }).data?.items ?? [];
  if (groups.length + subscriptions.length < 2 && !chosen) return null; // nothing to choose from
  const names = new Map<string, string>([...groups.map((x) => [`mg:${x.name}`, x.title || x.name] as const), ...subscriptions.map((x) => [`sub:${x.name}`, x.title || x.name] as const)]);
  const rows = (kind: string, title: string) => {
    const of = [...names].filter(([key]) => key.startsWith(kind));
    return of.length > 0 && <MenuGroup><MenuGroupHeader>{title}</MenuGroupHeader>{of.map(([key, name]) => <MenuItemRadio key={key} name="scope" value={key}>{name}</MenuItemRadio>)}</MenuGroup>;
  };
  return (
    <Menu checkedValues={{ scope: [chosen] }} onCheckedValueChange={(_, d) => change({ scope: d.checkedItems[0] || undefined })}>
      <MenuTrigger disableButtonEnhancement>
        <button type="button" className="scope"><span className="s t3 hide-phone">{s.scope.label}</span><b className="cut">{chosen ? names.get(chosen) ?? chosen.slice(chosen.indexOf(':') + 1) : s.scope.all}</b><span className="s t3 nw hide-phone">{chosen ? s.scope.kinds[chosen.split(':')[0] ?? ''] : s.scope.subscriptions(subscriptions.length)}</span><Chevron /></button>
      </MenuTrigger>
      <MenuPopover><MenuList><MenuItemRadio name="scope" value="">{s.scope.everything}</MenuItemRadio>{rows('mg:', s.scope.groups)}{rows('sub:', s.scope.subscriptionsTitle)}</MenuList></MenuPopover>
    </Menu>
  );
}

/** A single key, pressed outside of fields. */
function useKey(wanted: string, pressed: () => void): void {
  const press = useEffectEvent(pressed);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      const inField = e.target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
      if (e.key !== wanted || inField || e.ctrlKey || e.metaKey || e.altKey || !keysAreOn()) return;
      e.preventDefault();
      press();
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  }, [wanted]);
}

function Help() {
  const [open, setOpen] = useState(false);
  useKey('?', () => setOpen(true));
  return (
    <>
      <Button className="hide-phone" appearance="subtle" icon={<QuestionCircleRegular />} aria-label={s.help.button} onClick={() => setOpen(true)} />
      {open && <Pane title={s.help.title} close={() => setOpen(false)}><div className="body"><dl className="facts">{s.help.keys.map(([key, what]) => <div key={key} style={{ display: 'contents' }}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>)}</dl></div></Pane>}
    </>
  );
}

/** A repository with its path or a digest; "@scope/name" is a package of npm. */
const isImage = (text: string): boolean => /^(?:sha256:)?[0-9a-f]{12,64}$/.test(text) || /^[^@\s<>=]+\/[^\s<>=]+$/.test(text);

function Search() {
  const [text, setText] = useState('');
  const box = useRef<HTMLInputElement>(null);
  useKey('/', () => box.current?.focus());
  const submit = (e: FormEvent) => {
    e.preventDefault();
    const wanted = text.trim();
    if (/^(CVE|GHSA|DSA|DLA|RHSA|ALAS|USN)-/i.test(wanted)) go(to(['cve', wanted.toUpperCase().startsWith('GHSA') ? wanted : wanted.toUpperCase()]));
    else if (isImage(wanted)) go(to(['images'], { search: wanted }));
    else if (wanted) go(to(['inventory'], { q: wanted }));
    setText('');
  };
  return (
    <form role="search" className="search" onSubmit={submit}>
      <Input ref={box as never} style={{ width: '100%', minWidth: 0 }} aria-label={s.search.label} placeholder={s.search.hint} contentBefore={<SearchRegular />} contentAfter={<kbd className="key hide-phone" aria-hidden="true">/</kbd>} value={text} onChange={(_, d) => setText(d.value)} />
    </form>
  );
}

function Person({ theme, setTheme }: { theme: Choice; setTheme: (c: Choice) => void }) {
  const session = useSession();
  const label = (c: Choice) => s.theme[c];
  const [keys, setKeys] = useState(keysAreOn);
  const initials = session.name.slice(0, 2).toUpperCase();
  return (
    <Menu checkedValues={{ theme: [theme], keys: keys ? ['on'] : [] }} onCheckedValueChange={(_, d) => {
      if (d.name === 'theme') setTheme(d.checkedItems[0] as Choice);
      else { keepKeys(d.checkedItems.length > 0); setKeys(d.checkedItems.length > 0); }
    }}>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" aria-label={s.person.label(initials, session.name)} style={{ minWidth: 0, padding: 2 }}>
          <span aria-hidden="true" style={{ width: 28, height: 28, borderRadius: '50%', background: 'var(--accentBg)', color: 'var(--accent)', display: 'grid', placeItems: 'center', fontSize: 11, fontWeight: 600 }}>{initials}</span>
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{s.theme.label}</MenuGroupHeader>
            {(['light', 'dark', 'system'] as const).map((c) => <MenuItemRadio key={c} name="theme" value={c}>{label(c)}</MenuItemRadio>)}
          </MenuGroup>
          <MenuItemCheckbox name="keys" value="on">{s.help.single}</MenuItemCheckbox>
          <MenuDivider />
          <MenuGroup>
            <MenuGroupHeader>{s.person.signedIn(session.name)}</MenuGroupHeader>
            <MenuItem onClick={session.signOut}>{s.person.out}</MenuItem>
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

export function Frame({ theme, setTheme, children }: { theme: Choice; setTheme: (c: Choice) => void; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  const security = useMay(action.security);
  return (
    <>
      <a className="skip" href="#content" onClick={(e) => { e.preventDefault(); document.querySelector('h1')?.focus(); }}>{s.skip}</a>
      <header className="top">
        <Button className="burger" appearance="subtle" icon={<NavigationRegular />} aria-label={s.menu} aria-expanded={open} onClick={() => setOpen(true)} />
        <A className="logo" href={to([])} aria-label={s.name}><Mark /><span>{s.name}</span></A>
        {security && <ScopePicker />}
        <span className="grow hide-phone" />
        <Search />
        <Help />
        <Person theme={theme} setTheme={setTheme} />
      </header>
      <Nav side />
      {open && (
        <OverlayDrawer open position="start" style={{ width: 240 }} onOpenChange={() => setOpen(false)} aria-label={s.menu}><Nav side={false} chosen={() => setOpen(false)} /></OverlayDrawer>
      )}
      <main className="main" id="content"><div className="wrap">{children}</div></main>
    </>
  );
}

/** Breadcrumb with the page's address, title, one sentence, and what can be done. name: in the browser's title, where the page's says less. crumbs: [words, address]. */
export function Page({ title, name = title, crumbs, heading, sentence, actions, children }: {
  title: string; name?: string; crumbs: [string, string?][]; heading?: ReactNode; sentence?: ReactNode; actions?: ReactNode; children: ReactNode;
}) {
  const [done, copy] = useCopy();
  const place = usePlace();
  const h1 = useRef<HTMLHeadingElement>(null);
  useTitle(name);
  const page = place.parts.join('/');
  const before = useRef<string>(undefined);
  useEffect(() => { // a new page begins at its title
    if (before.current !== undefined && before.current !== page) { scrollTo(0, 0); h1.current?.focus({ preventScroll: true }); }
    before.current = page;
  }, [page]);
  const address = decodeURIComponent(location.pathname.replace(/%2F/gi, '%252F')).replace(/^\/portal/, '') + location.search;
  return (
    <>
      <div className="crumbs">
        <nav aria-label="Breadcrumb" className="grow"><ol>
          {crumbs.map(([words, href], i) => <li key={words + i} className={i === crumbs.length - 1 ? 'cut' : ''}>{href ? <A href={href}>{words}</A> : <span aria-current="page">{words}</span>}</li>)}
        </ol></nav>
        <button type="button" className="url" onClick={() => copy(location.href)} title={s.address.copy}>
          <span className="cut">{done ? s.address.copied : address}</span><LinkRegular /><span className="vh">{s.address.copy}</span><span className="vh" role="status">{done ? s.address.copied : ''}</span>
        </button>
      </div>
      <div className="head">
        <div className="grow">
          <div className="title"><h1 ref={h1} tabIndex={-1}>{title}</h1>{heading}</div>
          {sentence && <div className="sub">{sentence}</div>}
        </div>
        {actions}
      </div>
      {children}
    </>
  );
}
