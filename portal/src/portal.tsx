import { FluentProvider } from '@fluentui/react-components';
import { Component, useEffect, useMemo, useState, type ReactNode } from 'react';
import { VULNERABILITIES, asFailure, call, onSignedOut, type Failure } from './api/client.ts';
import type { Session } from './api/schema.ts';
import { Bones, Empty } from './parts/basics.tsx';
import { Frame, Page } from './parts/frame.tsx';
import { later } from './parts/later.tsx';
import { SignIn } from './parts/sign_in.tsx';
import { A, Router, change, go, placeNow, scopeOf, to, usePlace } from './route.tsx';
import { SessionContext } from './session.tsx';
import { s } from './strings.ts';
import { keepTheme, themeChoice, themes, type Choice } from './theme.ts';

/** Pages whose address is their name. */
const plain = {
  plan: later(() => import('./pages/plan.tsx'), Bones), inventory: later(() => import('./pages/inventory.tsx'), Bones), images: later(() => import('./pages/images.tsx'), Bones), exceptions: later(() => import('./pages/exceptions.tsx'), Bones), recommendations: later(() => import('./pages/recommendations.tsx'), Bones),
  findings: later(() => import('./pages/findings.tsx'), Bones), registries: later(() => import('./pages/registries.tsx'), Bones), scans: later(() => import('./pages/scans.tsx'), Bones), access: later(() => import('./pages/access.tsx'), Bones),
  settings: later(() => import('./pages/settings.tsx'), Bones), audit: later(() => import('./pages/audit.tsx'), Bones), start: later(() => import('./pages/start.tsx'), Bones),
};
const Overview = later(() => import('./pages/overview.tsx'), Bones), RegistryPage = later(() => import('./pages/registry.tsx'), Bones), RepositoryPage = later(() => import('./pages/repository.tsx'), Bones), ImagePage = later(() => import('./pages/image.tsx'), Bones);
const Recommendation = later(() => import('./pages/recommendation.tsx'), Bones), Compare = later(() => import('./pages/compare.tsx'), Bones), Cve = later(() => import('./pages/cve.tsx'), Bones);
const RulePane = later(() => import('./parts/rule_pane.tsx')), ExemptPane = later(() => import('./parts/exempt_pane.tsx'));
const others = [Overview, RegistryPage, RepositoryPage, ImagePage, Recommendation, Compare, Cve, RulePane, ExemptPane];

/** The code of the page at an address: asked for while it is still asked who is signed in. */
function prepare(parts: string[]): Promise<void> {
  const [page = '', , , , images, , compare] = parts;
  if (Object.hasOwn(plain, page) && parts.length === 1) return plain[page as keyof typeof plain].load();
  const of = page === 'recommendations' ? Recommendation : page === 'cve' ? Cve : page !== 'registries' ? Overview : compare ? Compare : images ? ImagePage : parts.length > 2 ? RepositoryPage : RegistryPage;
  return of.load();
}
/** The rest, when there is time: so that no page waits for its code. */
function prepareAll(): void {
  for (const of of [...Object.values(plain), ...others]) of.load().catch(() => undefined); // it is asked for again when it is opened
}

function NotFound() {
  return <Page title={s.errors.notFound} crumbs={[[s.errors.notFound]]}><div className="card"><Empty action={<A href={to(['overview'])}>{s.errors.back}</A>}>{s.errors.notFoundText}</Empty></div></Page>;
}

function Pages() {
  const { parts } = usePlace();
  const [page, registry = '', repositories, repository = '', images, digest = '', compare, from = ''] = parts;
  if (!page) return <Overview first />;
  if (parts.length === 1 && page === 'overview') return <Overview first={false} />;
  if (parts.length === 1 && Object.hasOwn(plain, page)) {
    const Plain = plain[page as keyof typeof plain];
    return <Plain />;
  }
  if (page === 'recommendations' && parts.length === 2) return <Recommendation key={registry} id={registry} />;
  if (page === 'cve' && parts.length === 2) return <Cve key={registry} id={registry} />;
  if (page === 'registries' && parts.length === 2) return <RegistryPage registry={registry} />;
  if (page === 'registries' && repositories === 'repositories') {
    if (parts.length === 4) return <RepositoryPage key={repository} registry={registry} repository={repository} />;
    if ((parts.length === 8 || parts.length === 7) && images === 'images' && compare === 'compare') return <Compare key={digest + from} where={{ registry, repository, digest }} from={from} />;
    if (parts.length === 6 && images === 'images') return <ImagePage key={digest} where={{ registry, repository, digest }} />;
  }
  return <NotFound />;
}

/** A page that breaks must not take the frame with it. */
class Guard extends Component<{ children: ReactNode; at: string }, { broken: string; at: string }> {
  override state = { broken: '', at: '' };
  static getDerivedStateFromError(e: unknown) { return { broken: String(e) }; }
  static getDerivedStateFromProps(props: { at: string }, state: { broken: string; at: string }) {
    return props.at === state.at ? null : { broken: '', at: props.at };
  }
  override render() {
    if (!this.state.broken) return this.props.children;
    return <Page title={s.errors.title('This page')} crumbs={[[s.errors.title('This page')]]}><div className="card"><Empty action={<A href={to(['overview'])}>{s.errors.back}</A>}>{this.state.broken}</Empty></div></Page>;
  }
}
function Inside({ theme, setTheme }: { theme: Choice; setTheme: (c: Choice) => void }) {
  const { parts, query } = usePlace();
  const [turn, setTurn] = useState(0); // what a rule or an exemption changed is read again
  const about = parts[0] === 'recommendations' ? parts[1] : undefined;
  const closeExempt = () => change({ pane: undefined, target: undefined, ...(about ? { registry: undefined } : {}) });
  return (
    <Frame theme={theme} setTheme={setTheme}>
      <Guard at={parts.join('/')}>
        <Pages key={`${scopeOf(query)} ${turn}`} />
        {query.get('pane') === 'rule' && <RulePane key={query.get('rule') ?? ''} id={query.get('rule') ?? ''} done={() => setTurn((n) => n + 1)} />}
        {query.get('pane') === 'exempt' && <ExemptPane key={query.get('target') ?? ''} recommendation={about ?? VULNERABILITIES} close={closeExempt} done={() => { closeExempt(); setTurn((n) => n + 1); }} />}
      </Guard>
    </Frame>
  );
}

const IDLE_MS = 3000; // after the first page

export function Portal() {
  const [theme, setTheme] = useState<Choice>(themeChoice);
  const [systemDark, setSystemDark] = useState(() => matchMedia('(prefers-color-scheme: dark)').matches);
  const [session, setSession] = useState<Session | null>();
  const [lost, setLost] = useState<Failure>();
  useEffect(() => {
    const system = matchMedia('(prefers-color-scheme: dark)');
    const changed = () => setSystemDark(system.matches);
    system.addEventListener('change', changed);
    return () => system.removeEventListener('change', changed);
  }, []);
  useEffect(() => {
    const page = prepare(placeNow().parts).catch(() => undefined);
    call('getSession', {}).then((who) => page.then(() => { setSession(who); setTimeout(prepareAll, IDLE_MS); }), (e: unknown) => {
      const failure = asFailure(e);
      if (failure.status === 401) setSession(null);
      else setLost(failure);
    });
    return onSignedOut(() => setSession(null));
  }, []);
  const value = useMemo(() => session && {
    ...session,
    signOut: () => void call('deleteSession', {}).finally(() => { go(to([])); setSession(null); }),
  }, [session]);
  const shown = theme === 'system' ? (systemDark ? 'dark' : 'light') : theme;
  const choose = (c: Choice) => { keepTheme(c); setTheme(c); };
  return (
    <FluentProvider theme={themes[shown]}>
      <div className="app"><Router>
        {lost && <main className="sign card"><h1>{s.name}</h1><p role="alert">{lost.message}</p><button type="button" onClick={() => location.reload()}>{s.retry}</button></main>}
        {!lost && session === null && <SignIn done={setSession} />}
        {value && <SessionContext.Provider value={value}><Inside theme={theme} setTheme={choose} /></SessionContext.Provider>}
      </Router></div>
    </FluentProvider>
  );
}
