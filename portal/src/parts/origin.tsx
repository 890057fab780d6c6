// Where an image comes from, as its maker says: source, commit, the run that built it. Annotations and labels of known names.
import { Fragment, type ReactNode } from 'react';
import type { Annotation, Layers } from '../api/schema.ts';
import { s } from '../strings.ts';
import { Copy, Time } from './basics.tsx';

const t = s.origin;

/** An address that may be linked: of the web, or of git over ssh, as its web page. */
function web(text: string): URL | undefined {
  const [, host, path] = /^(?:git|ssh)?(?::\/\/)?git@([\w.-]+)[:/](.+)$/.exec(text) ?? [];
  try {
    const url = new URL((host ? `https://${host}/${path}` : text).replace(/^git\+/, '').replace(/\.git$/, ''));
    return /^https?:$/.test(url.protocol) ? url : undefined;
  } catch { return undefined; }
}
/** The page of a commit at the usual hosts. */
function commit(source: URL | undefined, revision: string): string | undefined {
  if (!source || !/^[0-9a-f]{7,64}$/i.test(revision)) return undefined;
  const base = source.href.replace(/\/$/, '');
  return `${base}${/gitlab/.test(source.host) ? '/-/commit/' : /bitbucket/.test(source.host) ? '/commits/' : '/commit/'}${revision}`;
}
const isRun = (a: Annotation) => /(?:run|job|pipeline|build)[._-]?(?:url|link)$/i.test(a.name) || /\/actions\/runs\/\d+|\/-\/(?:jobs|pipelines)\/\d+|\/_build\/results\?buildId=/.test(a.value);

function Out({ to, children }: { to: URL | string | undefined; children: ReactNode }) {
  return to ? <a href={String(to)} rel="noreferrer noopener" target="_blank">{children}</a> : <span>{children}</span>;
}
/** Breaks after a slash. */
const shown = (url: URL | undefined, text: string): ReactNode => (url ? (url.host + (url.pathname === '/' ? '' : url.pathname)).split(/(?<=\/)/).map((x, i) => <Fragment key={i}>{x}<wbr /></Fragment>) : text); // oxlint-disable-line react/no-array-index-key -- parts of one text

export function Origin({ of }: { of: Layers }) {
  const list = of.annotations;
  const said = (...names: string[]) => names.map((n) => list.find((a) => a.name === n)?.value).find((v) => v);
  const oci = (name: string, old = '') => said(`org.opencontainers.image.${name}`, ...(old ? [`org.label-schema.${old}`] : []));
  const source = oci('source', 'vcs-url'), sourceUrl = source === undefined ? undefined : web(source), revision = oci('revision', 'vcs-ref'), created = oci('created', 'build-date');
  const run = list.find((a) => isRun(a) && web(a.value)), runUrl = run && web(run.value);
  const link = (text: string | undefined) => { const url = text === undefined ? undefined : web(text); return text && <Out to={url}>{shown(url, text)}</Out>; };
  const rows: [string, ReactNode][] = [
    [t.source, source && <Out to={sourceUrl}>{shown(sourceUrl, source)}</Out>],
    [t.revision, revision && <span key="r" className="g"><Out to={commit(sourceUrl, revision)}><span className="mono">{revision.slice(0, 12)}</span></Out><Copy text={revision} label={`${s.copy}: ${t.revision}`} /></span>],
    [t.run, runUrl && <Out to={runUrl}>{shown(runUrl, runUrl.href)}</Out>], [t.version, oci('version', 'version')], [t.created, created && (Number.isNaN(Date.parse(created)) ? created : <Time key="c" at={created} />)],
    [t.url, link(oci('url', 'url'))], [t.documentation, link(oci('documentation', 'usage'))], [t.vendor, oci('vendor', 'vendor')], [t.licenses, oci('licenses')],
  ];
  const known = rows.filter(([, v]) => v);
  if (!list.length) return null;
  return (
    <section className="card" aria-labelledby="origin">
      <header><h2 className="h" id="origin">{t.title}</h2></header>
      <div className="pad0">
        <dl className="facts narrow">{known.map(([k, v]) => <div key={k} style={{ display: 'contents' }}><dt>{k}</dt><dd>{v}</dd></div>)}</dl>
        <details className="plainly"><summary>{t.all(list.length, of.annotations_whole)}</summary>
          <dl className="said">{list.map((a) => <div key={a.name}><dt className="mono">{a.name}{a.label && <span className="t3"> {t.label}</span>}</dt><dd>{a.value}</dd></div>)}</dl>
        </details>
      </div>
    </section>
  );
}
