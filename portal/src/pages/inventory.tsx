import { Button, Input } from '@fluentui/react-components';
import { SearchRegular } from '@fluentui/react-icons';
import { useState, type FormEvent } from 'react';
import { usePages } from '../api/client.ts';
import type { PackageHolder } from '../api/schema.ts';
import { Bones, Empty, Failed, Time, short } from '../parts/basics.tsx';
import { Page } from '../parts/frame.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { A, change, imagePath, repositoryPath, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.inventory;
const PACKAGES = 3; // of an image that are shown

/** What people write: "openssl", "openssl 3.0.9", "deb openssl < 3.0.14", "openssl >= 3.0 < 3.0.14". */
export function parse(text: string): Record<string, string> | undefined {
  const m = /^(?:(\w+):)?\s*([^\s<>=]+)\s*((?:(?:<|>=|=)?\s*[^\s<>=]+\s*)*)$/.exec(text.trim());
  if (!m?.[2]) return undefined;
  const asked: Record<string, string> = { name: m[2], ...(m[1] ? { type: m[1] } : {}) };
  const names: Record<string, string> = { '<': 'version_below', '>=': 'version_from', '=': 'version', '': 'version' };
  for (const [, op = '', version = ''] of (m[3] ?? '').matchAll(/(<|>=|=)?\s*([^\s<>=]+)/g)) {
    const name = names[op] ?? '';
    if (asked[name]) return undefined;
    asked[name] = version;
  }
  return asked;
}

function Results({ asked, text }: { asked: Record<string, string>; text: string }) {
  const pages = usePages('searchPackages', { query: asked as { name: string } });
  if (pages.error) return <Failed what={t.title} error={pages.error} retry={pages.reload} operation="searchPackages" />;
  if (!pages.items.length) return !pages.done ? <Bones /> : <Empty action={asked.version_below || asked.version || asked.version_from ? <Button size="small" onClick={() => change({ q: asked.name })}>{t.anyVersion(asked.name ?? '')}</Button> : <A href={to(['images'], { search: text })}>{t.asImage(text)}</A>}>{t.none(text)}</Empty>;
  const more = (x: PackageHolder) => x.packages.length - PACKAGES;
  return (
    <LongTable label={t.title} columns={6} pages={pages} noun={s.nouns.images}
      head={<tr role="row"><th role="columnheader">{s.repository.image}</th><th role="columnheader">{s.repository.tags}</th><th role="columnheader">{t.package}</th><th role="columnheader">{s.recommendation.subscription}</th><th role="columnheader">{t.os}</th><th role="columnheader" className="num">{s.repository.pulled}</th></tr>}
      rows={pages.items.map((x) => ({ key: `${x.registry}/${x.repository}@${x.digest}`, cells: <>
        <td role="cell"><A className="b" href={to(imagePath(x.registry, x.repository, x.digest), { tab: 'packages', package: x.packages[0]?.name })}>{x.repository}</A><div className="s t3 in-text"><A href={to(repositoryPath(x.registry, x.repository))}>{x.registry}</A> <span className="mono">{short(x.digest)}</span></div></td>
        <td role="cell" data-label={x.tags.length ? s.repository.tags : undefined}>{x.tags.length ? <span className="mono">{x.tags.slice(0, 3).join(', ')}{x.tags.length > 3 ? ` +${x.tags.length - 3}` : ''}</span> : <span className="s t3">{s.repository.noTags}</span>}</td>
        <td role="cell" className="full">{x.packages.slice(0, PACKAGES).map((p) => <div key={p.purl + p.path} className="fix"><b>{p.name}</b> {p.version} <span className="t3">{p.type}</span></div>)}{more(x) > 0 && <div className="s t3">{s.findings.morePackages(more(x))}</div>}</td>
        <td role="cell" className="gone">{x.subscription}</td><td role="cell" className="mono gone">{x.os}</td><td role="cell" className="num" data-label={s.repository.pulled}><Time at={x.pulled_at} /></td>
      </> }))} />
  );
}

export default function Inventory() {
  const { query } = usePlace();
  const q = query.get('q') ?? '';
  const [text, setText] = useState(q);
  const [before, setBefore] = useState(q);
  if (q !== before) { setBefore(q); setText(q); } // the address was changed elsewhere
  const asked = q ? parse(q) : undefined;
  const submit = (e: FormEvent) => { e.preventDefault(); change({ q: text.trim() || undefined }); };
  return (
    <Page title={q && asked ? t.titleOf(q) : t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <form className="filters wraps" role="search" onSubmit={submit}>
          <Input style={{ width: 340, maxWidth: '100%' }} aria-label={t.ask} placeholder={t.example} contentBefore={<SearchRegular />} value={text} onChange={(_, d) => setText(d.value)} />
          <Button type="submit" appearance="primary">{t.search}</Button>
        </form>
        {!q && <div className="state"><p className="t2">{t.how}</p><ul className="lines examples">{t.examples.map(([x, what]) => <li key={x}><A className="mono" href={to(['inventory'], { q: x })}>{x}</A><span className="t3">{what}</span></li>)}</ul></div>}
        {q && !asked && <Empty>{t.unclear(q)}</Empty>}
        {q && asked && <Results key={q} asked={asked} text={q} />}
      </section>
    </Page>
  );
}
