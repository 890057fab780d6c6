// The images that a recommendation concerns which is not about vulnerabilities, each with the reason.
import { useEffect } from 'react';
import { usePages } from '../api/client.ts';
import type { AssessedImage } from '../api/schema.ts';
import { A, imagePath, to } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Empty, Failed } from './basics.tsx';
import { StateWord } from './glyphs.tsx';
import { LongTable } from './long_table.tsx';

const t = s.recommendation;

function Cells({ i }: { i: AssessedImage }) {
  return (
    <>
      <td role="cell" className="lead"><StateWord of={i.state} /></td>
      <td role="cell" className="full"><div className="two"><A href={to(imagePath(i.registry, i.repository, i.digest))}>{i.registry}/{i.repository}</A><span className="s t3 mono cut">{i.digest}</span></div></td>
      <td role="cell" className="gone nw">{[i.distro, i.distro_version].filter(Boolean).join(' ')}</td>
      <td role="cell" className="full">{i.reason}</td>
    </>
  );
}

export function AssessedImages({ recommendation }: { recommendation: string }) {
  const pages = usePages('listAssessedImages', { path: { key: recommendation }, query: { state: 'Unhealthy', limit: 100 } });
  const { done, loading, items, more } = pages;
  // A page of a state may be short, or empty with others behind it.
  useEffect(() => { if (!done && !loading && !items.length) more(); });
  return (
    <section className="card" aria-labelledby="concerned">
      <header><h2 className="h" id="concerned">{t.concerned}</h2></header>
      {pages.error && <Failed what={t.concerned} error={pages.error} retry={pages.reload} operation="listAssessedImages" />}
      {!pages.error && !items.length && (done ? <Empty>{t.noneConcerned}</Empty> : <Bones />)}
      {items.length > 0 && (
        <LongTable label={t.concerned} columns={4} pages={pages} noun={s.nouns.images} className="cards fixed"
          head={<tr role="row"><th role="columnheader" style={{ width: 130 }}>{t.state}</th><th role="columnheader">{t.image}</th><th role="columnheader" style={{ width: 170 }}>{t.release}</th><th role="columnheader">{t.reason}</th></tr>}
          rows={items.map((i) => ({ key: `${i.registry}/${i.repository}@${i.digest}`, cells: <Cells i={i} /> }))} />
      )}
    </section>
  );
}
