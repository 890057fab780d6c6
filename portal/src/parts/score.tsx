// The secure score, its last 30 days, and what would raise it next.
import { useState } from 'react';
import { useApi, usePages } from '../api/client.ts';
import type { AssessedRegistry, Score, ScoreDay } from '../api/schema.ts';
import { A, to } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Failed, dayMonth } from './basics.tsx';

const t = s.score;
const DAYS = 30, DAY_MS = 86400000;
const W = 300, H = 94, LEFT = 28;

/** The score of each day, over all subscriptions, and now; undefined: it was not kept, or nothing was scored. */
function perDay(days: ScoreDay[], today: number, now: number | undefined): (number | undefined)[] {
  const sums = new Map<number, [number, number]>();
  for (const d of days) {
    const n = Math.round((today - Date.parse(d.day)) / DAY_MS), [good, all] = sums.get(n) ?? [0, 0];
    sums.set(n, [good + d.healthy, all + d.healthy + d.unhealthy]);
  }
  return Array.from({ length: DAYS }, (_, i) => { const [good, all] = sums.get(DAYS - 1 - i) ?? [0, 0]; return i === DAYS - 1 ? now : all ? (good / all) * 100 : undefined; });
}

/** A step for each day; where nothing is known there is no line. */
function Trend({ values, today }: { values: (number | undefined)[]; today: number }) {
  const known = values.filter((v) => v !== undefined);
  const first = values.findIndex((v) => v !== undefined), last = values.at(-1);
  if (first < 0) return <p className="s t3">{t.noHistory}</p>;
  const top = Math.max(...known) > 50 ? 100 : 50;
  const x = (i: number) => LEFT + (i / DAYS) * W, y = (v: number) => H - (v / top) * H;
  let line = '', area = '', from = -1;
  values.forEach((v, i) => {
    if (v === undefined) { from = -1; return; }
    line += from < 0 ? `M${x(i)} ${y(v)}H${x(i + 1)}` : `V${y(v)}H${x(i + 1)}`;
    area += `M${x(i)} ${H}V${y(v)}H${x(i + 1)}V${H}Z`;
    from = i;
  });
  const at = (i: number) => dayMonth(today - (DAYS - 1 - i) * DAY_MS);
  const changes = values.flatMap((v, i) => (v !== undefined && (i === first || v !== values[i - 1]) ? [t.on(Math.round(v), at(i))] : []));
  return (
    <>
      <svg className="trend" viewBox={`0 0 ${LEFT + W + 4} ${H + 8}`} role="img" aria-label={`${t.trend}: ${changes.join(', ')}`}>
        {[top, top / 2, 0].map((v) => <g key={v}><path className="rule" d={`M${LEFT} ${y(v) + 0.5}H${LEFT + W}`} /><text x="0" y={y(v) + (v === top ? 9 : v ? 4 : 1)}>{v}{v === 0 && '%'}</text></g>)}
        <path className="area" d={area} /><path className="line" d={line} />
        {last !== undefined && <circle cx={LEFT + W} cy={y(last)} r="3.5" />}
      </svg>
      <div className="s t3" style={{ display: 'flex', justifyContent: 'space-between', paddingLeft: LEFT }}><span>{at(first)} · {Math.round(values[first] ?? 0)}%</span><span>{t.today} · {last === undefined ? t.notScored : `${Math.round(last)}%`}</span></div>
    </>
  );
}

/** The registry that takes the fewest images to be healthy. */
function Gain({ score, registries }: { score: Score; registries: AssessedRegistry[] }) {
  const next = registries.filter((x) => x.state === 'Unhealthy').toSorted((a, b) => a.unhealthy - b.unhealthy)[0];
  if (!next || !score.max) return score.percentage === undefined ? null : <p className="s t2">{t.nothingLeft}</p>;
  const unknown = next.unverified + next.pending;
  return (
    <div className="gain">
      <span className="grow in-text"><b>{unknown ? t.closest : t.gain(Math.round((score.increase_per_registry / score.max) * 100))}</b> {t.fix(next.unhealthy)} <A href={to(['registries', next.registry])}>{next.registry}</A>{unknown > 0 && ` ${t.andAssess(unknown)}`}</span>
      <A className="button" href={to(['plan'], { registry: next.registry })}>{t.seePlan}</A>
    </div>
  );
}

export function ScoreCard({ recommendation }: { recommendation: string }) {
  const score = useApi('getSecureScore', {});
  const days = usePages('listSecureScoreDays', { query: { days: DAYS, limit: 1000 } }, 30000);
  const registries = usePages('listAssessedRegistries', { path: { key: recommendation }, query: { limit: 1000 } }, 1000);
  const all = score.data?.all;
  const [today] = useState(() => Math.floor(Date.now() / DAY_MS) * DAY_MS);
  return (
    <section className="card c4" aria-labelledby="score">
      <header><h2 className="h" id="score">{t.title}</h2><A className="end s" href={to(['recommendations'])}>{t.why}</A></header>
      <div className="pad0" style={{ display: 'grid', gap: 8 }}>
        {score.error && <Failed what={t.title} error={score.error} retry={score.reload} operation="getSecureScore" />}
        {!all && !score.error && <Bones rows={3} />}
        {all && <>
          <div><span className="score">{all.percentage === undefined ? t.notScored : `${Math.round(all.percentage)}%`}</span> {all.percentage !== undefined && <span className="t3">{t.points(all.current.toFixed(2), all.max)}</span>}</div>
          <p className="t2">{all.percentage === undefined ? t.nothing(all.not_applicable) : t.sentence(all.healthy, all.healthy + all.unhealthy)}</p>
          {days.done && <Trend values={perDay(days.items, today, all.percentage)} today={today} />}
          {registries.done && <Gain score={all} registries={registries.items} />}
        </>}
      </div>
    </section>
  );
}
