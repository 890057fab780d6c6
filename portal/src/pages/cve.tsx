import { useApi, usePages } from '../api/client.ts';
import { Bones, Failed, percent, short } from '../parts/basics.tsx';
import { Fix } from '../parts/findings.tsx';
import { Page } from '../parts/frame.tsx';
import { Kev, SeverityWord, StateWord } from '../parts/glyphs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { A, imagePath, to } from '../route.tsx';
import { s } from '../strings.ts';

const VENDORS = 8; // security checks that are asked for by themselves

function Vendor({ id }: { id: number }) {
  const check = useApi('getCheck', { path: { id } }).data;
  if (!check) return null;
  return <tr><td><a href={check.references[0]?.url} rel="noreferrer noopener" target="_blank">{check.advisory}</a></td><td className="full">{check.title}</td><td><SeverityWord of={check.severity} /></td><td className="num" data-label={s.images(check.images).replace(/\d+ /, '')}>{check.images}</td></tr>;
}

export default function Cve({ id }: { id: string }) {
  const pages = usePages('listFindings', { query: { cve: id, limit: 200 } }, 1000);
  const images = new Set(pages.items.map((f) => `${f.repository}@${f.digest}`));
  const fixable = new Set(pages.items.filter((f) => f.patchable).map((f) => `${f.repository}@${f.digest}`));
  const checks = [...new Set(pages.items.map((f) => f.id))];
  const first = pages.items[0];
  const crumbs: [string, string?][] = [[s.pages.findings, to(['findings'])], [id]];
  return (
    <Page title={id} crumbs={crumbs} heading={first && <><SeverityWord of={first.severity} />{pages.items.some((f) => f.kev) && <Kev />}</>} sentence={first?.summary}>
      {pages.error && <section className="card"><Failed what={id} error={pages.error} retry={pages.reload} operation="listFindings" /></section>}
      {!pages.error && <>
        <section className="card pad" style={{ marginBottom: 16 }}>
          {pages.loading && !first ? <Bones rows={1} /> : (
            <div className="g" style={{ gap: 32 }}>
              <div className="grow">
                <h2 className="h" style={{ fontSize: 20, lineHeight: '28px' }}>{first ? s.cve.affected(images.size, !pages.done) : s.cve.unaffected}</h2>
                <p className="t2">{first && s.cve.fixable(fixable.size)} {s.cve.unassessed} {s.cve.within}</p>
              </div>
              {first && <dl style={{ display: 'flex', gap: 24 }}>
                <div><dt className="k">{s.cve.score} {first.cvss?.version}</dt><dd className="b">{first.cvss?.base.toFixed(1) ?? s.findings.notScored}</dd></div>
                <div><dt className="k">{s.findings.epss}</dt><dd className="b">{first.epss === undefined ? s.findings.notScored : percent(first.epss)}</dd></div>
              </dl>}
            </div>
          )}
        </section>
        {first && <section className="card" style={{ marginBottom: 16 }}>
          <header><h2 className="h">{s.cve.images}</h2></header>
          <LongTable label={s.cve.images} columns={3} pages={pages} noun={s.nouns.places}
            head={<tr role="row"><th role="columnheader">{s.findings.where}</th><th role="columnheader">{s.findings.check}</th><th role="columnheader">{s.scans.status}</th></tr>}
            rows={pages.items.map((f) => ({ key: `${f.id}${f.repository}${f.digest}`, cells: <>
              <td role="cell"><A className="b" href={to(imagePath('local', f.repository ?? '', f.digest ?? ''), { finding: f.id })}>{f.repository}</A> <span className="mono t3">{short(f.digest ?? '')}</span></td>
              <td role="cell" className="full"><Fix of={f} /></td><td role="cell"><StateWord look="bad" word={f.patchable ? s.filters.names.patchable ?? '' : s.image.wait} /></td>
            </> }))} />
        </section>}
        {checks.length > 0 && <section className="card">
          <header><h2 className="h">{s.cve.vendors}</h2></header>
          <table className="cards"><thead><tr><th>{s.cve.source}</th><th>{s.cve.title}</th><th>{s.severity}</th><th className="num">{s.cve.images}</th></tr></thead><tbody>{checks.slice(0, VENDORS).map((x) => <Vendor key={x} id={x} />)}</tbody></table>
        </section>}
      </>}
    </Page>
  );
}
