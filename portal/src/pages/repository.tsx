import { Switch } from '@fluentui/react-components';
import { useState } from 'react';
import { usePages } from '../api/client.ts';
import { Bones, Empty, Failed, Segments, Time, short, upper } from '../parts/basics.tsx';
import { Everywhere } from '../parts/everywhere.tsx';
import { targetText } from '../parts/place.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, StateWord } from '../parts/glyphs.tsx';
import { Pushed, Tags, isUnknown } from '../parts/images.tsx';
import { ListTabs } from '../parts/list_tabs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { More } from '../parts/more.tsx';
import { RemoveRepository } from '../parts/remove.tsx';
import { SortHead } from '../parts/sort_head.tsx';
import { A, change, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const states = ['', 'Unhealthy', 'Healthy', 'Unverified'];
const NEWEST = 'pushed';

export default function RepositoryPage({ registry, repository }: { registry: string; repository: string }) {
  const { query } = usePlace();
  const state = query.get('state') ?? '', all = query.get('kind') === 'all', sort = query.get('sort') ?? NEWEST;
  const tab = query.get('tab') === 'findings' ? 'findings' : 'images';
  const [removing, setRemoving] = useState(false);
  const pages = usePages('listImages', { path: { registry, repository }, query: { sort, ...(state ? { state } : {}), ...(all ? {} : { kind: 'image' }) } });
  const crumbs: [string, string?][] = [[s.registries.title, to(['registries'])], [registry, to(['registries', registry])], [repository]];
  return (
    <Page title={repository} crumbs={crumbs} sentence={pages.done && !state && pages.items.length > 0 && s.registry.sentence(pages.items.filter((i) => i.state === 'Unhealthy').length, pages.items.filter((i) => i.kind === 'image').length)}
      actions={<div className="acts"><A className="button large" href={to(['plan'], { registry, repository })}>{s.pages.plan}</A><More items={[[s.exempt.exemptRepository, () => change({ pane: 'exempt', target: targetText(registry, repository) })], [s.remove.deleteRepository, () => setRemoving(true)]]} /></div>}>
      <section className="card">
        <ListTabs tab={tab} first="images" names={{ images: s.repository.images, findings: s.pages.findings }} counts={{ images: pages.total?.count, findings: undefined }} />
        {tab === 'findings' && <Everywhere path={repositoryPath(registry, repository)} fixed={{ registry, repository }} />}
        {tab === 'images' && <>
        <div className="filters">
          <Segments label={s.registries.state} value={state} options={states.map((x) => [x, x ? s.state[x] ?? x : s.repository.all])} onChange={(x) => change({ state: x || undefined })} />
          <span className="grow" />
          <Switch label={s.repository.kindsAll} checked={all} onChange={(_, d) => change({ kind: d.checked ? 'all' : undefined })} />
        </div>
        {pages.error && <Failed what={s.repository.images} error={pages.error} retry={pages.reload} operation="listImages" />}
        {!pages.error && !pages.items.length && (pages.loading ? <Bones /> : <Empty>{state ? s.empty.filtered(`${s.registries.state}: ${s.state[state]}`) : s.empty.images}</Empty>)}
        {pages.items.length > 0 && <LongTable label={s.repository.images} columns={7} pages={pages} noun={s.nouns.images}
          head={<tr role="row"><th role="columnheader">{s.repository.image}</th><th role="columnheader">{s.repository.tags}</th><th role="columnheader">{s.registries.state}</th><SortHead name="severity" first={NEWEST}>{s.counts}</SortHead><SortHead name="pushed" first={NEWEST} num>{s.repository.pushed}</SortHead><SortHead name="pulled" first={NEWEST} num>{s.repository.pulled}</SortHead><SortHead name="scanned" first={NEWEST} num>{s.repository.scanned}</SortHead></tr>}
          rows={pages.items.map((i) => ({ key: i.digest, cells: <>
            <td role="cell"><A className="mono b" href={to(imagePath(registry, repository, i.digest))}>{short(i.digest)}</A><div className="s t3">{i.platform}</div></td>
            <td role="cell" data-label={i.tags.length ? s.repository.tags : undefined}><Tags of={i.tags} /></td>
            <td role="cell" className="full"><StateWord of={i.kind === 'artifact' ? 'artifact' : i.state} />{i.reason && <div className="s t3">{upper(i.reason)}</div>}</td>
            <td role="cell" className="full">{i.kind === 'image' && (isUnknown(i) ? <span className="s t3">{s.repository.notAssessed}</span> : <Counts of={i.findings} />)}</td><td role="cell" className="num" data-label={s.repository.pushed}><Pushed of={i} /></td><td role="cell" className="num gone"><Time at={i.pulled_at} /></td><td role="cell" className="num gone"><Time at={i.scanned_at} none={s.notYet} /></td>
          </> }))} />}
        </>}
      </section>
      {removing && <RemoveRepository registry={registry} repository={repository} close={() => setRemoving(false)} />}
    </Page>
  );
}
