import { useApi } from '../api/client.ts';
import type { RemediationStep } from '../api/schema.ts';
import { Bones, Code, Empty, Failed, Time, short } from '../parts/basics.tsx';
import { everywhereFilters, FilterBar, useFilters, type Filter } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, Kev } from '../parts/glyphs.tsx';
import { A, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.plan;
const filters: Filter[] = [{ name: 'subscription', kind: 'text', label: s.recommendation.subscription }, { name: 'registry', kind: 'text', label: s.finding.registry }, ...everywhereFilters];

/** What one step is about, for how many, and its command. */
export function Step({ of, number, images = true }: { of: RemediationStep; number?: number; images?: boolean }) {
  return (
    <div style={{ display: 'grid', gap: 6, minWidth: 0 }}>
      <div className="g"><span className="b grow" style={{ overflowWrap: 'anywhere' }}>{number !== undefined && `${number}. `}{t.do(of.kind, of.base?.tags[0] ? `${of.package}:${of.base.tags[0]}` : of.package)}</span><span className="mark">{of.kind === 'upgrade' || of.kind === 'rebase' || of.kind === 'change_image' ? s.image.clears(of.findings) : t.kinds[of.kind]}</span></div>
      {(of.fixed_version || of.kev > 0) && <span className="g">{of.fixed_version && <span className="fix">{of.installed_version && <>{of.installed_version} → </>}<b>{of.fixed_version}</b></span>}{of.kev > 0 && <Kev />}</span>}
      {of.base && <span className="s in-text"><A href={to(imagePath(of.base.registry, of.base.repository, of.base.digest))}>{of.base.repository}</A> <span className="mono t3">{short(of.base.digest)}</span>, <Time at={of.base.pushed_at} /></span>}
      {(of.kind !== 'upgrade' || !of.command) && <span className="s t2">{of.text}</span>}
      {of.command && <Code text={of.command} />}
      {images && <div className="g s t3"><Counts of={of.by_severity} /><span>{t.in(of.images)}{of.images_cleared > 0 && `, ${t.cleared(of.images_cleared)}`}</span>{of.score_increase !== undefined && of.score_increase > 0 && <span>{t.score(of.score_increase)}</span>}</div>}
    </div>
  );
}

export default function Plan() {
  const { query } = usePlace();
  const by = useFilters(filters);
  const plan = useApi('getRemediation', { query: { ...by, limit: 100 } });
  const p = plan.data;
  const registry = query.get('registry'), repository = query.get('repository');
  const crumbs: [string, string?][] = [registry ? [s.registries.title, to(['registries'])] : [s.recommendations.title, to(['recommendations'])], ...(registry ? [[registry, to(['registries', registry])] as [string, string]] : []), ...(repository && registry ? [[repository, to(repositoryPath(registry, repository))] as [string, string]] : []), [t.title]];
  return (
    <Page title={registry || repository ? t.titleFor(repository ?? registry ?? '') : t.title} crumbs={crumbs}
      sentence={p && (p.findings === 0 ? t.nothing : <><span>{t.sentence(p.upgrade_findings, p.findings, p.whole)}</span><span>{t.outcome(p.images_cleared, p.images)} {p.score_increase !== undefined && t.scoreAll(p.score_increase)}</span></>)}>
      <section className="card">
        <FilterBar of={filters} />
        {plan.error && <Failed what={t.title} error={plan.error} retry={plan.reload} operation="getRemediation" />}
        {!p && !plan.error && <Bones />}
        {p && p.findings === 0 && <Empty action={<A href={to(['registries'])}>{s.registries.title}</A>}>{s.empty.findings}</Empty>}
        {p && p.commands.length > 0 && <div className="pad0 steps-width"><h2 className="h">{t.commands}</h2>{p.commands.map((c) => <div key={`${c.type}${c.distro ?? ''}`} style={{ display: 'grid', gap: 6, marginTop: 8 }}><span className="s t3">{c.distro ?? c.type}, {s.packages(c.packages)}</span><Code text={c.command} /></div>)}</div>}
        {p && p.steps.length > 0 && <div className="pad0"><h2 className="h">{t.steps}</h2><ol className="plan">{p.steps.map((x, i) => <li key={`${x.kind}${x.type}${x.distro ?? ''}${x.package}${i}`}><Step of={x} number={i + 1} /></li>)}</ol>{p.step_count > p.steps.length && <p className="s t3">{t.more(p.step_count - p.steps.length)}</p>}</div>}
      </section>
    </Page>
  );
}
