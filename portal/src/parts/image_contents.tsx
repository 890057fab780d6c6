// What an image is made of: its layers and what each brought, what is attached to it, its manifest and config, and reports on it as files.
import { Menu, MenuButton, MenuItemLink, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import { ArrowDownloadRegular } from '@fluentui/react-icons';
import { useMemo } from 'react';
import { addressOf, usePages, useText, type Loaded } from '../api/client.ts';
import type { Layers as LayersOf, Referrer } from '../api/schema.ts';
import { change, usePlace } from '../route.tsx';
import { count, s } from '../strings.ts';
import { Bones, Copy, Empty, Failed, Segments, Time, bytes, short } from './basics.tsx';
import { LongTable } from './long_table.tsx';

const t = s.contents;
export type Where = { registry: string; repository: string; digest: string };

/** As the builder wrote it, without what classic builders put before it. */
const command = (line: string | undefined): string => (line ?? '').replace(/^\/bin\/sh -c #\(nop\)\s*/, '').replace(/^\/bin\/sh -c /, 'RUN ').replace(/ # buildkit$/, '').trim();

export function Layers({ of }: { of: Loaded<LayersOf> }) {
  if (of.error) return <Failed what={s.image.tabs.layers} error={of.error} retry={of.reload} operation="listLayers" />;
  if (!of.data) return <Bones rows={3} />;
  const { layers, size } = of.data;
  if (!layers.length) return <Empty>{t.noLayers}</Empty>;
  return (
    <>
      <table className="cards fixed" role="table">
        <thead role="rowgroup"><tr role="row"><th role="columnheader" style={{ width: 48 }} className="num">{t.number}</th><th role="columnheader">{s.image.by}</th><th role="columnheader" style={{ width: 150 }}>{s.image.digest}</th><th role="columnheader" className="num" style={{ width: 90 }}>{t.size}</th><th role="columnheader" className="num" style={{ width: 90 }}>{s.image.tabs.packages}</th><th role="columnheader" className="num" style={{ width: 110 }}>{s.counts}</th></tr></thead>
        <tbody role="rowgroup">{layers.map((l, i) => (
          <tr role="row" key={`${l.digest}${i}`}>
            <td role="cell" className="num t3 gone">{i + 1}</td>
            <td role="cell" className="full"><span className="mono">{command(l.created_by) || <span className="t3">{t.noLine}</span>}</span>{l.base && <div className="s t3">{t.ofBase}</div>}</td>
            <td role="cell"><span style={{ display: 'inline-flex', gap: 4, alignItems: 'center' }}><span className="mono">{short(l.digest)}</span><Copy text={l.digest} label={`${s.copy}: ${l.digest.slice(0, 19)}`} /></span></td>
            <td role="cell" className="num" data-label={t.size}>{bytes(l.size)}</td><td role="cell" className={l.packages ? 'num' : 'num t3'} data-label={s.image.tabs.packages}>{count(l.packages)}</td><td role="cell" className={l.findings ? 'num b' : 'num t3'} data-label={s.counts}>{count(l.findings)}</td>
          </tr>
        ))}</tbody>
      </table>
      <div className="under">{t.layersOf(layers.length, bytes(size))}</div>
    </>
  );
}

const ROWS = 8;
/** The same in short, beside the list: the base as one row, then each layer above it. */
export function LayersCard({ of, base }: { of: LayersOf; base: string }) {
  const below = of.layers.filter((l) => l.base), above = of.layers.filter((l) => !l.base);
  const rows = [...(below.length ? [{ name: t.base(base), findings: below.reduce((n, l) => n + l.findings, 0) }] : []), ...above.map((l) => ({ name: command(l.created_by) || short(l.digest), findings: l.findings }))];
  const most = Math.max(1, ...rows.map((r) => r.findings));
  const shown = rows.slice(0, ROWS);
  if (!rows.length) return null;
  return (
    <section className="card">
      <header><h2 className="h">{s.image.tabs.layers}</h2><span className="end s t3">{t.each}</span></header>
      <div className="pad0">
        <ul className="layers" aria-label={t.byLayer}>{shown.map((r, i) => (
          <li key={`${r.name}${i}`}><span className="mono cut" title={r.name}>{r.name}</span><span className={r.findings ? 'num b' : 'num t3'}>{r.findings}</span><i style={{ width: `${Math.round(r.findings / most * 100)}%` }} className={r.findings ? 'on' : ''} /></li>
        ))}</ul>
        <p className="s" style={{ paddingTop: 8 }}><button type="button" className="link" onClick={() => change({ tab: 'layers', finding: undefined })}>{rows.length > ROWS ? t.allLayers(of.layers.length) : t.details}</button></p>
      </div>
    </section>
  );
}

/** A file's name for who saves it. */
const fileName = (of: Referrer['files'][number]): string => of.title ?? `${short(of.digest)}${/json/.test(of.media_type) ? '.json' : ''}`;
function kindOf(type: string): string {
  for (const [match, name] of t.kinds) if (match.test(type)) return name;
  return t.artifact;
}

export function Referrers({ where }: { where: Where }) {
  const pages = usePages('listImageReferrers', { path: where });
  const { registry, repository } = where;
  if (pages.error) return <Failed what={s.image.tabs.referrers} error={pages.error} retry={pages.reload} operation="listImageReferrers" />;
  if (!pages.items.length) return !pages.done ? <Bones rows={3} /> : <Empty>{t.noReferrers}</Empty>;
  return (
    <LongTable label={s.image.tabs.referrers} columns={5} pages={pages} noun={t.noun} className="cards fixed"
      head={<tr role="row"><th role="columnheader">{t.type}</th><th role="columnheader" style={{ width: 136 }}>{s.image.digest}</th><th role="columnheader" className="num" style={{ width: 80 }}>{t.size}</th><th role="columnheader" style={{ width: 92 }}>{s.repository.pushed}</th><th role="columnheader" style={{ width: '26%' }}>{t.download}</th></tr>}
      rows={pages.items.map((r) => ({ key: r.digest, cells: <>
        <td role="cell" className="full"><b>{kindOf(r.artifact_type)}</b><div className="s t3 mono">{r.artifact_type || r.media_type}</div></td>
        <td role="cell"><span style={{ display: 'inline-flex', gap: 4, alignItems: 'center' }}><span className="mono">{short(r.digest)}</span><Copy text={r.digest} label={`${s.copy}: ${r.digest.slice(0, 19)}`} /></span></td>
        <td role="cell" className="num" data-label={t.size}>{bytes(r.size)}</td><td role="cell" data-label={s.repository.pushed}><Time at={r.pushed_at} /></td>
        <td role="cell" className="full"><div style={{ display: 'grid', gap: 4, justifyItems: 'start' }}>
          {r.files.map((f) => <a key={f.digest} className="cut" style={{ maxWidth: '100%' }} href={addressOf('downloadBlob', { path: { registry, repository, digest: f.digest } })} download={fileName(f)}>{fileName(f)}{r.files.length > 1 && <span className="s t3"> {bytes(f.size)}</span>}</a>)}
          <a className="s" href={addressOf('getImageManifest', { path: { registry, repository, digest: r.digest } })} download={`${short(r.digest)}.manifest.json`}>{t.manifest}</a>
        </div></td>
      </> }))} />
  );
}

const SHOWN_MAX = 256 << 10; // characters: more is for an editor
const raws = ['manifest', 'config'] as const;
export function Raw({ where }: { where: Where }) {
  const { query } = usePlace();
  const of = raws.find((x) => x === query.get('raw')) ?? 'manifest';
  const operation = of === 'manifest' ? 'getImageManifest' : 'getImageConfig';
  const text = useText(operation, { path: where });
  const pretty = useMemo(() => {
    try { return JSON.stringify(JSON.parse(text.data ?? ''), null, 2); } catch { return text.data ?? ''; }
  }, [text.data]);
  return (
    <>
      <div className="filters"><Segments label={t.show} value={of} options={raws.map((x) => [x, t.raws[x]])} onChange={(x) => change({ raw: x === 'manifest' ? undefined : x })} /><span className="grow" />
        {text.data !== undefined && <><Copy text={text.data} label={`${s.copy}: ${t.raws[of]}`} /><a href={addressOf(operation, { path: where })} download={`${short(where.digest)}.${of}.json`}>{t.asIs(bytes(new Blob([text.data]).size))}</a></>}</div>
      {text.error && <Failed what={t.raws[of]} error={text.error} retry={text.reload} operation={operation} />}
      {!text.error && text.data === undefined && <Bones rows={8} />}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}
      {text.data !== undefined && <pre className="raw" tabIndex={0} role="region" aria-label={t.raws[of]}>{pretty.slice(0, SHOWN_MAX)}{pretty.length > SHOWN_MAX && `\n${t.cut}`}</pre>}
    </>
  );
}

/** Reports in the formats of the API, as files. */
export function Reports({ where }: { where: Where }) {
  const name = where.repository.split('/').at(-1) ?? 'image';
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement><MenuButton icon={<ArrowDownloadRegular />}>{t.reports}</MenuButton></MenuTrigger>
      <MenuPopover><MenuList>{t.formats.map(([format, label, ending]) => (
        <MenuItemLink key={format} href={addressOf('getReport', { path: where, query: { format } })} download={`${name}-${short(where.digest)}.${ending}`}>{label}</MenuItemLink>
      ))}</MenuList></MenuPopover>
    </Menu>
  );
}
