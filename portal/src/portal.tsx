import { FluentProvider } from '@fluentui/react-components';
import { Component, Suspense, lazy, useEffect, useMemo, useState, type ReactNode } from 'react';
import { asFailure, call, onSignedOut, type Failure } from './api/client.ts';
import type { Session } from './api/schema.ts';
import { Bones, Empty } from './parts/basics.tsx';
import { Frame, Page } from './parts/frame.tsx';
import { SignIn } from './parts/sign_in.tsx';
import { A, Router, go, scopeOf, to, usePlace } from './route.tsx';
import { SessionContext } from './session.tsx';
import { s } from './strings.ts';
import { keepTheme, themeChoice, themes, type Choice } from './theme.ts';

const Overview = lazy(() => import('./pages/overview.tsx'));
const Registries = lazy(() => import('./pages/registries.tsx'));
const RegistryPage = lazy(() => import('./pages/registry.tsx'));
const RepositoryPage = lazy(() => import('./pages/repository.tsx'));
const ImagePage = lazy(() => import('./pages/image.tsx'));
const Recommendation = lazy(() => import('./pages/recommendation.tsx'));
const Compare = lazy(() => import('./pages/compare.tsx'));
const RulePane = lazy(() => import('./parts/rule_pane.tsx'));
const Cve = lazy(() => import('./pages/cve.tsx'));
/** Pages whose address is their name. */
const plain = {
  plan: lazy(() => import('./pages/plan.tsx')), inventory: lazy(() => import('./pages/inventory.tsx')), exceptions: lazy(() => import('./pages/exceptions.tsx')), recommendations: lazy(() => import('./pages/recommendations.tsx')), findings: lazy(() => import('./pages/findings.tsx')), registries: Registries, scans: lazy(() => import('./pages/scans.tsx')), access: lazy(() => import('./pages/access.tsx')),
  settings: lazy(() => import('./pages/settings.tsx')), audit: lazy(() => import('./pages/audit.tsx')), start: lazy(() => import('./pages/start.tsx')),
};

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
    if (parts.length === 8 && images === 'images' && compare === 'compare') return <Compare key={digest + from} registry={registry} repository={repository} digest={digest} from={from} />;
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
  const [turn, setTurn] = useState(0); // what a rule changed is read again
  return (
    <Frame theme={theme} setTheme={setTheme}>
      <Guard at={parts.join('/')}>
        <Suspense fallback={<Bones />}><Pages key={`${scopeOf(query)} ${turn}`} /></Suspense>
        {query.get('pane') === 'rule' && <Suspense fallback={null}><RulePane key={query.get('rule') ?? ''} id={query.get('rule') ?? ''} done={() => setTurn((n) => n + 1)} /></Suspense>}
      </Guard>
    </Frame>
  );
}

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
    call('getSession', {}).then(setSession, (e: unknown) => {
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
