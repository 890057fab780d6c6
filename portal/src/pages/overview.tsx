import { useEffect, useState } from 'react';
import { call, useApi, usePages, VULNERABILITIES, type Loaded, type Total } from '../api/client.ts';
import type { Counts as ByPart, Image, Overview as Figures, RiskyImage, Rule } from '../api/schema.ts';
import { Bones, Due, Failed, Time, short } from '../parts/basics.tsx';
import { Page, isLate } from '../parts/frame.tsx';
import { Counts, Kev, SeverityGlyph, SeverityWord, StateWord, type Severity } from '../parts/glyphs.tsx';
import { ScoreCard } from '../parts/score.tsx';
import { A, go, imagePath, to } from '../route.tsx';
import { count, feedName, s } from '../strings.ts';

const t = s.overview;
const NEWS = 5;
type Loading = Loaded<Figures>;

/** first: the address of the portal itself, which leads on to the first page while there is no image. */
export default function Overview({ first }: { first: boolean }) {
  const registries = usePages('listRegistries', {});
  const images = registries.items.reduce((n, r) => n + r.images, 0);
  useEffect(() => {
    if (first && registries.done) go(to([images ? 'overview' : 'start']), true);
  }, [first, registries.done, images]);
  const need = registries.items.reduce((n, r) => n + r.unhealthy, 0);
  const figures = useApi('getOverview', {});
  return (
    <Page title={s.pages.overview} crumbs={[[s.pages.overview]]} sentence={registries.done && t.sentence(images, registries.items.length, need)}>
      {registries.error ? <section className="card"><Failed what={s.pages.overview} error={registries.error} retry={registries.reload} operation="listRegistries" /></section> : <>
        <div className="grid"><ScoreCard recommendation={VULNERABILITIES} /><div className="c8 col news-and-tiles"><News of={figures} /><Tiles of={figures.data} /></div></div>
        <Riskiest of={figures} />
        <div className="grid"><Ages of={figures} /><Trust of={figures.data} /></div>
      </>}
    </Page>
  );
}

const sum = (of: ByPart): number => s.severities.reduce((n, x) => n + of[x], 0);
/** The gravest that there is, for the shape in front of a line. */
const worst = (of: ByPart): Severity => s.severities.find((x) => of[x] > 0) ?? 'Negligible';

function Line({ glyph, children, action, href }: { glyph: React.ReactNode; children: React.ReactNode; action?: string; href?: string }) {
  return <li>{glyph}<span className="grow">{children}</span>{href && <A className="nw" href={href}>{action}</A>}</li>;
}

/** What brought findings, since when: one line for each of both. */
function NewFindings({ of, days, since }: { of: Figures['new_day']; days: number; since: string }) {
  const lines = [[of.by_advisory, t.byAdvisory], [of.by_image, t.byImage]] as const;
  return lines.map(([n, text]) => sum(n) > 0 && (
    <Line key={text} glyph={<span className={`sev ${worst(n)}`}><SeverityGlyph of={worst(n)} /></span>} action={t.see} href={to(['findings'], { age_lt: days, sort: 'first_seen' })}>
      <b>{s.newVulnerabilities(sum(n))}</b> {text}, {since}{n.Critical > 0 && `: ${t.nCritical(n.Critical)}`}.
    </Line>
  ));
}

const WEEK_MS = 7 * 86400000, REPOSITORIES = 3, LOOKED_AT = 50;
interface Mended { now: Image; before: Image }
const nameOf = (i: Image) => i.tags[0] ?? short(i.digest);

/** Repositories whose newest image has nothing open, while one from before has; of the last week's pushes. */
function useMended(): Mended[] {
  const [list, setList] = useState<Mended[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const read = async () => {
      const { items } = await call('listAllImages', { query: { state: 'Healthy', limit: LOOKED_AT } }, stop.signal), from = Date.now() - WEEK_MS;
      const at = (i: Image | undefined) => Date.parse(i?.pushed_at ?? '') || 0;
      const newest = new Map<string, Image>();
      for (const i of items) if (at(i) > Math.max(from, at(newest.get(`${i.registry}/${i.repository}`)))) newest.set(`${i.registry}/${i.repository}`, i);
      const pairs = [...newest.values()].slice(0, REPOSITORIES).map(async (now): Promise<Mended[]> => {
        const path = { registry: now.registry, repository: now.repository };
        const before = (await call('listImages', { path, query: { kind: 'image', state: 'Unhealthy', limit: 1 } }, stop.signal)).items[0];
        return before && at(before) < at(now) ? [{ now, before }] : [];
      });
      setList((await Promise.all(pairs)).flat());
    };
    read().catch(() => undefined); // what could not be read is no news
    return () => stop.abort();
  }, []);
  return list;
}
/** Rules that end within a week, the next first. */
function useEnding(): Rule[] {
  const rules = usePages('listRules', { query: { limit: 1000 } }, 1000);
  const [now] = useState(() => Date.now());
  const end = (r: Rule) => Date.parse(r.expires_at ?? '');
  return rules.items.filter((r) => r.state === 'active' && r.effect !== 'observe' && end(r) > now && end(r) < now + WEEK_MS).toSorted((a, b) => end(a) - end(b));
}

function News({ of: { data, error, reload } }: { of: Loading }) {
  const mended = useMended(), ending = useEnding();
  const today = data && sum(data.new_day.by_advisory) + sum(data.new_day.by_image) > 0, week = data && sum(data.new_week.by_advisory) + sum(data.new_week.by_image) > 0;
  const checks = usePages('listChecks', today || week ? { query: { severity: 'Critical,High', age_lt: 8, sort: 'first_seen', limit: 3 } } : null);
  const exploited = data?.newly_exploited ?? [];
  const last = [...ending.slice(0, 1), ...mended.slice(0, 1)].length; // good news and what is about to change have a line, too
  return (
    <section className="card" aria-labelledby="news">
      <header><h2 className="h" id="news">{t.news}</h2><span className="s t3">{t.newsOf}</span></header>
      {error && !data && <Failed what={t.news} error={error} retry={reload} operation="getOverview" />}
      {!data && !error && <Bones rows={4} />}
      {data && <ul className="lines news">
        {exploited.slice(0, NEWS - last).map((x) => <Line key={x.id} glyph={<span className={`sev ${x.severity}`}><SeverityGlyph of={x.severity} /></span>} action={t.where} href={x.cves[0] ? to(['cve', x.cves[0]]) : to(['findings'], { check_id: x.id })}><b>{x.cves[0] ?? x.title}</b> {t.joinedKev(x.package, x.images, x.images_exact)} <Time at={x.kev_since} />{x.kev_due && <>. <Due on={x.kev_due} /></>}</Line>)}
        {today ? <NewFindings of={data.new_day} days={2} since={t.sinceYesterday} /> : week && <NewFindings of={data.new_week} days={8} since={t.inWeek} />}
        {checks.items.slice(0, Math.max(0, NEWS - last - exploited.length - 1)).map((x) => <Line key={x.id} glyph={<span className={`sev ${x.severity}`}><SeverityGlyph of={x.severity} /></span>} action={t.where} href={x.cves[0] ? to(['cve', x.cves[0]]) : to(['findings'], { check_id: x.id })}><b>{x.cves[0] ?? x.title}</b> {t.isNew(x.package, x.images, x.images_exact, x.fixed_version)} {x.first_seen && <Time at={x.first_seen} />}</Line>)}
        {ending.slice(0, 1).map((r) => <Line key={r.id} glyph={<StateWord look="late" word="" />} action={t.review} href={to(['exceptions'], { tab: 'rules', pane: 'rule', rule: r.id })}>{t.ruleEnds} <b>“{r.name}”</b> {t.ends(r.findings)} <Time at={r.expires_at} /></Line>)}
        {mended.slice(0, 1).map(({ now, before }) => <Line key={now.digest} glyph={<StateWord look="good" word="" />} action={s.compare.button} href={to([...imagePath(now.registry, now.repository, now.digest), 'compare', before.digest])}><b>{now.repository}</b> {t.mended(nameOf(now), sum(before.findings), nameOf(before))} <Time at={now.pushed_at} /></Line>)}
        {!today && !week && !exploited.length && !last && <Line glyph={<StateWord look="done" word="" />}>{sum(data.findings) ? t.nothingNew : t.nothingOpen}</Line>}
      </ul>}
    </section>
  );
}

function Tiles({ of }: { of: Figures | undefined }) {
  if (!of) return null;
  const link = (address: string, figure: string) => <A href={address}>{figure}</A>;
  const tiles: [string, React.ReactNode, string?][] = [
    [t.tiles.images, link(to(['images'], { state: 'Unhealthy' }), count(of.unhealthy)), t.ofImages(of.images)], [t.tiles.open, link(to(['findings']), count(sum(of.findings)))], [t.tiles.cves, link(to(['findings'], { group: 'cve' }), count(of.unique_cves) + (of.unique_cves_exact ? '' : '+'))],
    [t.tiles.age, of.mean_age_days === undefined ? t.noAge : t.days(Math.round(of.mean_age_days))],
  ];
  return <dl className="card tiles even">{tiles.map(([name, value, more]) => <div className="tile" key={name}><dt>{name}</dt><dd><span className="v">{value}</span> {more && <span className="s t3">{more}</span>}</dd></div>)}</dl>;
}

/** The cheapest step for one image. */
function Cheapest({ of }: { of: RiskyImage }) {
  const plan = useApi('getImageRemediation', { path: { registry: of.registry, repository: of.repository, digest: of.digest }, query: { limit: 1 } });
  const step = plan.data?.steps[0];
  if (plan.error) return <span className="t3">{t.noPlan}</span>;
  if (!step || !plan.data) return <span className="bone" style={{ width: 120 }} />;
  return <span className="two"><span className="cut">{s.plan.do(step.kind, step.base?.tags[0] ? `${step.package}:${step.base.tags[0]}` : step.package)}</span><span className="s t3">{step.kind === 'upgrade' || step.kind === 'rebase' || step.kind === 'change_image' ? t.clears(step.findings, plan.data.findings) : s.plan.kinds[step.kind]}</span></span>;
}

function Riskiest({ of: { data, error, reload } }: { of: Loading }) {
  if (data && !data.riskiest.length) return null;
  return (
    <section className="card" style={{ marginBottom: 16 }} aria-labelledby="risk">
      <header><h2 className="h" id="risk">{t.risk}</h2><span className="s t3">{t.riskOf}</span><A className="end s" href={to(['findings'])}>{t.allFindings}</A></header>
      {error && !data && <Failed what={t.risk} error={error} retry={reload} operation="getOverview" />}
      {!data && !error && <Bones rows={5} />}
      {data && <table className="cards">
        <thead><tr><th>{t.image}</th><th>{s.recommendation.subscription}</th><th>{t.exploited}</th><th>{s.counts}</th><th className="num">{t.pulls}</th><th className="num">{t.pulled}</th><th>{t.cheapest}</th></tr></thead>
        <tbody>
          {data.riskiest.map((x) => (
            <tr key={`${x.registry}/${x.repository}@${x.digest}`}>
              <td className="lead path"><A className="b" href={to(imagePath(x.registry, x.repository, x.digest))}>{x.repository}</A><span className="t3">{x.tags[0] ? `:${x.tags[0]}` : `@${short(x.digest)}`}</span></td>
              <td className="gone">{x.subscription}</td>
              <td className="up" data-label={t.exploited}>{x.exploited > 0 ? <span className="nw">{count(x.exploited)} <Kev /></span> : <span className="t3">0</span>}</td>
              <td className="full"><Counts of={x.findings} /></td>
              <td className="num" data-label={t.pulls}>{x.pulls ? count(x.pulls) : <span className="t3">0</span>}</td>
              <td className="num gone"><Time at={x.pulled_at} /></td>
              <td className="full"><Cheapest of={x} /></td>
            </tr>
          ))}
        </tbody>
      </table>}
    </section>
  );
}

const AGES = ['week', 'month', 'quarter', 'older'] as const;
/** Days of each column, as the list takes them. */
const days: Record<(typeof AGES)[number], Record<string, number>> = { week: { age_lt: 8 }, month: { age_gte: 8, age_lt: 31 }, quarter: { age_gte: 31, age_lt: 91 }, older: { age_gte: 91 } };

/** How many of each severity can be fixed; read after the rest. */
function useWithFix(ages: Figures['ages'] | undefined): Record<string, Total> {
  const [got, setGot] = useState<Record<string, Total>>({});
  const asked = ages?.filter((x) => x.open > 0).map((x) => x.severity).join(' ') ?? '';
  useEffect(() => {
    if (!asked) return undefined;
    const stop = new AbortController();
    for (const severity of asked.split(' '))
      call('listFindings', { query: { severity, patchable: 'true', limit: 1 } }, stop.signal).then((page) => setGot((was) => ({ ...was, [severity]: { count: page.total, exact: page.total_exact } })), () => undefined); // the figure is left out
    return () => stop.abort();
  }, [asked]);
  return got;
}

function Ages({ of: { data, error, reload } }: { of: Loading }) {
  const fix = useWithFix(data?.ages);
  const most = Math.max(1, ...(data?.ages.map((x) => x.open) ?? []));
  const link = (n: number, query: Record<string, string | number>) => (n ? <A href={to(['findings'], query)}>{count(n)}</A> : <span className="t3">0</span>);
  return (
    <section className="card c7" aria-labelledby="ages">
      <header><h2 className="h" id="ages">{t.ages}</h2>{data && <A className="end s" href={to(['findings'])}>{t.all(sum(data.findings))}</A>}</header>
      {error && !data && <Failed what={t.ages} error={error} retry={reload} operation="getOverview" />}
      {!data && !error && <Bones rows={6} />}
      {data && <>
        <table>
          <thead><tr><th>{s.severity}</th><th className="num">{t.open}</th><th className="hide-phone"><span className="vh">{t.share}</span></th>{AGES.map((x) => <th key={x} className={x === 'month' || x === 'quarter' ? 'num hide-phone' : 'num'}>{t.columns[x]}</th>)}<th className="num">{t.withFix}</th></tr></thead>
          <tbody>
            {data.ages.map((x) => (
              <tr key={x.severity}>
                <td><SeverityWord of={x.severity} /></td><td className="num b">{link(x.open, { severity: x.severity })}</td>
                <td className="hide-phone bar">{x.open > 0 && <i className={`f-${x.severity}`} style={{ width: `${(x.open / most) * 100}%` }} />}</td>
                {AGES.map((a) => <td key={a} className={a === 'month' || a === 'quarter' ? 'num hide-phone' : 'num'}>{link(x[a], { severity: x.severity, ...days[a] })}</td>)}
                <td className="num">{x.open === 0 ? <span className="t3">0</span> : fix[x.severity] && <>{link(fix[x.severity]?.count ?? 0, { severity: x.severity, patchable: 'true' })}{fix[x.severity]?.exact === false && '+'}</>}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {(data.disabled > 0 || !data.ages_complete) && <div className="under in-text">
          {data.disabled > 0 && <span><b>{t.disabled(data.disabled)}</b> {t.notCounted} <A href={to(['exceptions'], { tab: 'rules' })}>{t.seeThem}</A></span>}
          {!data.ages_complete && <span>{t.counting}</span>}
        </div>}
      </>}
    </section>
  );
}

/** How far the figures can be trusted: what was assessed, what runs, how old the advisories are. */
function Trust({ of }: { of: Figures | undefined }) {
  const scans = useApi('getScansSummary', {}), vdb = useApi('getVulndb', {});
  const d = vdb.data, sources = d?.sources ?? [];
  const late = sources.filter((f) => f.fetched_at && isLate(f.fetched_at)), fresh = sources.filter((f) => !f.fetched_at || !isLate(f.fetched_at));
  const x = scans.data;
  return (
    <section className="card c5" aria-labelledby="trust">
      <header><h2 className="h" id="trust">{t.trust}</h2><span className="s t3">{t.trustOf}</span></header>
      {scans.error && !x && <Failed what={t.trust} error={scans.error} retry={scans.reload} operation="getScansSummary" />}
      {!x && !scans.error && <Bones rows={4} />}
      <ul className="lines">
        {of && (of.unverified > 0 ? <Line glyph={<StateWord look="none" word="" />} action={t.show} href={to(['images'], { state: 'Unverified' })}><b>{t.unverified(of.unverified, of.images)}</b><div className="s t3">{t.unverifiedMore}</div></Line> : of.images > 0 && of.pending === 0 && <Line glyph={<StateWord look="good" word="" />}>{t.allAssessed}</Line>)}
        {of && of.pending > 0 && <Line glyph={<StateWord look="run" word="" />} action={t.show} href={to(['images'], { state: 'Pending' })}>{t.pending(of.pending)}</Line>}
        {x && <Line glyph={<StateWord look={x.running + x.queued ? 'run' : 'good'} word="" />} action={t.show} href={to(['scans'])}>{x.running + x.queued ? t.scanning(x.running, x.queued) : t.idle}{x.oldest_queued_at && <div className="s t3">{t.waits} <Time at={x.oldest_queued_at} /></div>}</Line>}
        {x && x.retrying > 0 && <Line glyph={<StateWord look="late" word="" />} action={t.show} href={to(['scans'], { status: 'failed' })}><b>{t.retrying(x.retrying)}</b>{x.next_retry_at && <div className="s t3">{t.retry} <Time at={x.next_retry_at} /></div>}</Line>}
        {d && !d.present && <Line glyph={<StateWord look="late" word="" />} action={s.pages.settings} href={to(['settings'])}><b>{t.noVdb}</b></Line>}
        {late.map((f) => <Line key={f.feed + f.source} glyph={<StateWord look="late" word="" />} action={s.pages.settings} href={to(['settings'])}><b>{t.feedLate(feedName(f.feed))}</b> <Time at={f.fetched_at} /></Line>)}
        {d?.present && fresh.length > 0 && <Line glyph={<StateWord look="good" word="" />} action={s.pages.settings} href={to(['settings'])}>{t.feedsFresh(fresh.length, late.length > 0)}<div className="s t3">{fresh.slice(0, 8).map((f, i) => <span key={f.feed + f.source}>{i > 0 && ', '}{feedName(f.feed)} {f.fetched_at ? <Time at={f.fetched_at} /> : t.local}</span>)}{fresh.length > 8 && t.andMore(fresh.length - 8)}</div></Line>}
      </ul>
    </section>
  );
}
