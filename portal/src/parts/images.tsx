// Images of any repository, newest first.
import type { ReactNode } from 'react';
import { usePages } from '../api/client.ts';
import type { Image } from '../api/schema.ts';
import { A, imagePath, to } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Failed, Time, short } from './basics.tsx';
import { Counts, StateWord } from './glyphs.tsx';
import { LongTable } from './long_table.tsx';

/** Zero would say more than is known. */
export const isUnknown = (i: Image): boolean => (i.state === 'Unverified' || i.state === 'Pending') && Object.values(i.findings).every((n) => n === 0);

const TAGS = 4; // of an image that are shown
export function Tags({ of }: { of: string[] }) {
  if (!of.length) return <span className="s t3">{s.repository.noTags}</span>;
  return <div style={{ display: 'flex', gap: 4, flexWrap: 'wrap' }}>{of.slice(0, TAGS).map((x) => <span key={x} className="tag">{x}</span>)}{of.length > TAGS && <span className="s t3">+{of.length - TAGS}</span>}</div>;
}
/** When it was pushed last, and by whom. */
export function Pushed({ of }: { of: Image }) {
  return <><Time at={of.pushed_at} />{of.pushed_by && <div className="s t3">{s.image.byWhom(of.pushed_by)}</div>}</>;
}

/** query: of the API's list. address: where a row leads. none: what is said when there is none. */
export function Images({ query, address = (i) => to(imagePath(i.registry, i.repository, i.digest)), none }: { query: Record<string, string | number>; address?: (i: Image) => string; none: ReactNode }) {
  const pages = usePages('listAllImages', { query });
  if (pages.error) return <Failed what={s.imageList.title} error={pages.error} retry={pages.reload} operation="listAllImages" />;
  if (!pages.items.length) return pages.loading ? <Bones /> : none;
  return (
    <LongTable label={s.imageList.title} columns={6} pages={pages} noun={s.nouns.images}
      head={<tr role="row"><th role="columnheader">{s.repository.image}</th><th role="columnheader">{s.repository.tags}</th><th role="columnheader">{s.registries.state}</th><th role="columnheader">{s.counts}</th><th role="columnheader" className="num">{s.repository.pushed}</th><th role="columnheader" className="num">{s.repository.pulled}</th></tr>}
      rows={pages.items.map((i) => ({ key: `${i.registry}/${i.repository}@${i.digest}`, cells: <>
        <td role="cell"><A className="b" href={address(i)}>{i.repository}</A><div className="s t3">{i.registry} <span className="mono">{short(i.digest)}</span></div></td>
        <td role="cell" data-label={i.tags.length ? s.repository.tags : undefined}><Tags of={i.tags} /></td>
        <td role="cell" className="full"><StateWord of={i.state} /></td>
        <td role="cell" className="full">{isUnknown(i) ? <span className="s t3">{s.repository.notAssessed}</span> : <Counts of={i.findings} />}</td>
        <td role="cell" className="num" data-label={s.repository.pushed}><Pushed of={i} /></td><td role="cell" className="num gone"><Time at={i.pulled_at} /></td>
      </> }))} />
  );
}
