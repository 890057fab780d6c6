import { useEffect } from 'react';
import { useApi, usePages } from '../api/client.ts';
import { Bones, Failed, Time } from '../parts/basics.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, SeverityWord, StateWord } from '../parts/glyphs.tsx';
import { ScoreCard } from '../parts/score.tsx';
import { A, go, imagePath, repositoryPath, to } from '../route.tsx';
import { count, s } from '../strings.ts';

const WORST = 5;
const VULNERABILITIES = 'dbd0cb49-b563-45e7-9724-889e799fa648'; // the recommendation that is scored

/** first: the address of the portal itself, which leads on to the first page while there is no image. */
export default function Overview({ first }: { first: boolean }) {
  const registries = usePages('listRegistries', {});
  const images = registries.items.reduce((n, r) => n + r.images, 0);
  useEffect(() => {
    if (first && registries.done) go(to([images ? 'overview' : 'start']), true);
  }, [first, registries.done, images]);
  const need = registries.items.reduce((n, r) => n + r.unhealthy, 0);
  return (
    <Page title={s.pages.overview} crumbs={[[s.pages.overview]]} sentence={registries.done && s.overview.sentence(images, registries.items.length, need)}>
      {registries.error && <section className="card"><Failed what={s.pages.overview} error={registries.error} retry={registries.reload} operation="listRegistries" /></section>}
      {!registries.error && <Cards registries={registries.items} ready={registries.done} />}
    </Page>
  );
}

type Registry = ReturnType<typeof usePages<'listRegistries'>>['items'][number];
const sum = (list: Registry[], f: (r: Registry) => number) => list.reduce((n, r) => n + f(r), 0);

function Cards({ registries, ready }: { registries: Registry[]; ready: boolean }) {
  const states = [['Unhealthy', sum(registries, (r) => r.unhealthy)], ['Unverified', sum(registries, (r) => r.unverified)], ['Pending', sum(registries, (r) => r.pending)], ['Healthy', sum(registries, (r) => r.healthy)]] as const;
  const severities = s.severities.map((x) => [x, sum(registries, (r) => r.findings[x])] as const);
  const disabled = sum(registries, (r) => r.disabled);
  const most = Math.max(1, ...severities.map(([, n]) => n));
  return (
    <>
      <div className="grid">
        <ScoreCard recommendation={VULNERABILITIES} />
        <section className="card c3">
          <header><h2 className="h">{s.overview.states}</h2></header>
          {!ready && <Bones rows={4} />}
          {ready && <ul className="lines">{states.map(([state, n]) => <li key={state}><StateWord of={state} /><span className="grow" /><span className={n ? 'num b' : 'num t3'}>{count(n)}</span></li>)}</ul>}
        </section>
        <section className="card c5">
          <header><h2 className="h">{s.overview.bySeverity}</h2><span className="s t3">{s.overview.summed}</span></header>
          <div className="pad0 bars">
            {severities.map(([x, n]) => (
              <div key={x} style={{ display: 'contents' }}>
                <A href={to(['findings'], { severity: x })}><SeverityWord of={x} /></A><span className={n ? 'num' : 'num t3'}>{count(n)}</span>
                <span>{n > 0 && <i className={`f-${x}`} style={{ width: `${(n / most) * 100}%` }} />}</span>
              </div>
            ))}
          </div>
          {disabled > 0 && <div className="under in-text"><span><b>{s.overview.disabled(disabled)}</b> {s.overview.notCounted} <A href={to(['exceptions'], { tab: 'rules' })}>{s.overview.seeThem}</A></span></div>}
        </section>
      </div>
      <Worst />
      <div className="grid"><Recent /><Trust unverified={states[1][1]} pending={states[2][1]} /></div>
    </>
  );
}

function Worst() {
  const page = useApi('listAllRepositories', { query: { sort: 'severity', limit: WORST } });
  const worst = page.data?.items.filter((r) => r.unhealthy) ?? [];
  if (!worst.length) return null;
  return (
    <section className="card" style={{ marginBottom: 16 }}>
      <header><h2 className="h">{s.overview.repositories}</h2><A className="end s" href={to(['registries'])}>{s.overview.all}</A></header>
      <table className="cards">
        <thead><tr><th>{s.registries.repository}</th><th className="num">{s.registries.images}</th><th>{s.counts}</th><th className="num">{s.registries.pushed}</th></tr></thead>
        <tbody>
          {worst.map((r) => (
            <tr key={`${r.registry}/${r.name}`}>
              <td><A className="b" href={to(repositoryPath(r.registry, r.name))}>{r.name}</A> <span className="s t3">{r.registry}</span></td><td className="num" data-label={s.registries.images}>{r.images}</td>
              <td className="full"><Counts of={r.findings} /></td><td className="num gone"><Time at={r.pushed_at} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Recent() {
  const page = useApi('listScans', { query: { limit: WORST } });
  return (
    <section className="card c7">
      <header><h2 className="h">{s.overview.recent}</h2><A className="end s" href={to(['scans'])}>{s.overview.allScans}</A></header>
      {page.error && <Failed what={s.overview.recent} error={page.error} retry={page.reload} operation="listScans" />}
      {!page.data && !page.error && <Bones rows={WORST} />}
      <ul className="lines">
        {page.data?.items.map((x) => (
          <li key={x.id}><StateWord of={x.status} /><span className="grow"><A href={to(imagePath(x.registry, x.repository, x.digest))}>{x.repository}</A> <span className="t3">{s.scans.triggers[x.trigger]}</span>{x.reason && <div className="s t3">{x.reason}</div>}</span><Time at={x.finished_at ?? x.queued_at} /></li>
        ))}
        {page.data && !page.data.items.length && <li className="t2">{s.empty.scans}</li>}
      </ul>
    </section>
  );
}

function Trust({ unverified, pending }: { unverified: number; pending: number }) {
  const vdb = useApi('getVulndb', {}).data;
  return (
    <section className="card c5">
      <header><h2 className="h">{s.overview.trust}</h2></header>
      <ul className="lines">
        <li><StateWord look={unverified ? 'none' : pending ? 'run' : 'good'} word="" /><span className="grow">{unverified ? s.overview.unverified(unverified) : pending ? s.overview.pending(pending) : s.overview.allAssessed}</span></li>
        {vdb && !vdb.present && <li><StateWord look="late" word="" /><span className="grow">{s.overview.noVdb}</span></li>}
        {vdb?.present && <li><StateWord look="good" word="" /><span className="grow in-text">{s.overview.feeds(vdb.sources?.length ?? 0, vdb.sources?.reduce((n, f) => n + f.records, 0) ?? 0)}, {s.settings.built.toLowerCase()} <Time at={vdb.built_at} />. <A href={to(['settings'])}>{s.pages.settings}</A></span></li>}
      </ul>
    </section>
  );
}
