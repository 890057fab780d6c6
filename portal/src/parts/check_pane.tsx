// One security check over all images: what it is, how to be rid of it, and where it is.
import { Button } from '@fluentui/react-components';
import { useApi, usePages } from '../api/client.ts';
import { A, imagePath, to } from '../route.tsx';
import { s } from '../strings.ts';
import { Bones, Code, Due, Failed, Time, short } from './basics.tsx';
import { CheckAdditional, CheckGeneral, Exploited, Section } from './finding_pane.tsx';
import { isContent } from './findings.tsx';
import { Kev, SeverityWord } from './glyphs.tsx';
import { LongTable } from './long_table.tsx';
import { Pane } from './pane.tsx';

const t = s.finding;

function Images({ id }: { id: string }) {
  const pages = usePages('listCheckImages', { path: { id } });
  if (pages.error) return <Failed what={s.repository.images} error={pages.error} retry={pages.reload} operation="listCheckImages" />;
  if (!pages.items.length) return pages.loading ? <Bones rows={2} /> : <p className="t2">{s.checks.nowhere}</p>;
  return (
    <LongTable label={t.resources} columns={4} pages={pages} noun={s.nouns.images} className="cards"
      head={<tr role="row"><th role="columnheader">{t.digest}</th><th role="columnheader">{t.repository}</th><th role="columnheader">{t.registry}</th><th role="columnheader" className="num">{s.repository.pulled}</th></tr>}
      rows={pages.items.map((x) => ({ key: `${x.registry}${x.repository}${x.digest}`, cells: <>
        <td role="cell"><A className="mono" href={to(imagePath(x.registry, x.repository, x.digest), { finding: id })}>{short(x.digest)}</A></td><td role="cell">{x.repository}</td><td role="cell" data-label={t.registry}>{x.registry}</td><td role="cell" className="num" data-label={s.repository.pulled}><Time at={x.pulled_at} /></td>
      </> }))} />
  );
}

export function CheckPane({ id, close }: { id: string; close: () => void }) {
  const check = useApi('getCheck', { path: { id } });
  const c = check.data;
  return (
    <Pane title={c ? `${c.id} – ${c.title}` : id} about={id} close={close} lead={c && <div className="g"><SeverityWord of={c.severity} />{c.kev && <Kev />}<Due on={c.kev_due} /></div>} footer={<Button onClick={close}>{s.close}</Button>}>
      {check.error && <Failed what={id} error={check.error} retry={check.reload} operation="getCheck" />}
      {!c && !check.error && <Bones />}
      {c && <div className="body">
        <Section title={t.description}><p>{c.description || c.summary || <span className="t3">{t.noDescription}</span>}</p></Section>
        <Section title={t.general}><CheckGeneral check={c} patchable={c.patchable} /></Section>
        <Section title={t.remediation}>{c.remediations.length ? <div style={{ display: 'grid', gap: 8 }}>{c.remediations.map((x) => (isContent(c) ? <p key={x}>{x}</p> : <Code key={x} text={x} />))}</div> : <p>{s.checks.noRemedy}</p>}</Section>
        <Exploited of={c} since={c.kev_since} />
        <Section title={t.additional}><CheckAdditional check={c} /></Section>
        <Section title={t.resources}><Images id={id} /></Section>
      </div>}
    </Pane>
  );
}
