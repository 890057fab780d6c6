// Security checks that are findings: each once, with the images that it applies to.
import { Tab, TabList } from '@fluentui/react-components';
import { usePages } from '../api/client.ts';
import type { FoundCheck } from '../api/schema.ts';
import { change, to, usePlace, A } from '../route.tsx';
import { count, s } from '../strings.ts';
import { Bones, Empty, Failed, percent } from './basics.tsx';
import { FilterBar, NoMatch, everywhereFilters, useFilters } from './filters.tsx';
import { Title, isContent } from './findings.tsx';
import { Kev, SeverityWord, StateGlyph } from './glyphs.tsx';
import { LongTable } from './long_table.tsx';
import type { CsvRow } from './csv.ts';

const t = s.checks;
const PAGE = 50;

export const checkCsv = (list: FoundCheck[]): CsvRow[] => [
  [t.id, t.check, t.category, s.severity, s.finding.cves, t.package, t.fixed, t.exploited, s.findings.cvss, s.findings.epss, s.filters.names.patchable, t.images],
  ...list.map((c) => [c.id, c.title, c.category, c.severity, c.cves.join(' '), c.package, c.fixed_version, c.kev ? s.finding.inKev : '', c.cvss, c.epss, c.patchable ? s.filters.yes : s.filters.no, `${c.images}${c.images_exact ? '' : '+'}`]),
];

function Cells({ c, address, images }: { c: FoundCheck; address: string; images: number }) {
  return (
    <>
      <td role="cell" className="lead"><SeverityWord of={c.severity} /></td>
      <td role="cell" className="mono t2 gone cut">{c.id}</td>
      <td role="cell" className="full"><div className="two"><A href={address}><Title of={c.title} beside={c.cves[0]} /></A><span className="s t3">{c.cves[0] ?? s.findings.noCve}{c.cves.length > 1 ? ` +${c.cves.length - 1}` : ''} · {c.category}</span></div></td>
      <td role="cell" className={c.kev ? 'up' : 'gone'}>{c.kev && <Kev />}</td>
      <td role="cell" className={c.epss === undefined ? 'num gone' : 'num'} data-label={s.findings.epss}>{c.epss === undefined ? <span className="t3 s nw">{s.findings.notScored}</span> : percent(c.epss)}</td>
      <td role="cell" className="full">{c.fixed_version ? <span className="mono" style={{ overflowWrap: 'anywhere' }}>{c.fixed_version}</span> : <span className="t3 s">{isContent(c) ? s.image.change : s.findings.noFixText(s.findings.status[c.status] ?? c.status)}</span>}</td>
      <td role="cell" className="num nw">{t.ofImages(c.images, c.images_exact, images)}</td>
    </>
  );
}

/** images: so many were assessed. disabled: those that rules disable. */
function Checks({ recommendation, images, disabled }: { recommendation: string; images: number; disabled: boolean }) {
  const { query, parts } = usePlace();
  const filters = useFilters(everywhereFilters);
  const sort = query.get('sort') ?? '';
  const pages = usePages('listChecks', { query: { ...filters, recommendation, ...(sort ? { sort } : {}), ...(disabled ? { state: 'disabled' } : {}), limit: PAGE } });
  const open = query.get('check') ?? '';
  const address = (c: FoundCheck) => { const q = Object.fromEntries(query); return to(parts, { ...q, check: c.id }); };
  const head = (key: string, label: string, width: number, num = false) => (
    <th role="columnheader" className={num ? 'num' : ''} style={{ width }} {...((sort || 'severity') === key ? { 'aria-sort': 'descending' as const } : {})}><button type="button" onClick={() => change({ sort: key === 'severity' ? undefined : key })}>{label}{(sort || 'severity') === key && ' ↓'}</button></th>
  );
  return (
    <>
      <FilterBar of={everywhereFilters} search={t.search} />
      {pages.error && <Failed what={t.title} error={pages.error} retry={pages.reload} operation="listChecks" />}
      {!pages.error && !pages.items.length && (!pages.done ? <Bones /> : Object.keys(filters).length ? <NoMatch of={everywhereFilters} filters={filters} /> : <Empty action={disabled ? <A href={to(['exceptions'], { tab: 'rules' })}>{s.rule.allRules}</A> : undefined}>{disabled ? t.noneDisabled : s.empty.findings}</Empty>)}
      {pages.items.length > 0 && (
        <LongTable label={t.title} columns={7} pages={pages} noun={s.nouns.checks} className="cards fixed"
          head={<tr role="row">{head('severity', s.severity, 116)}<th role="columnheader" style={{ width: 140 }}>{t.id}</th><th role="columnheader">{t.check}</th><th role="columnheader" style={{ width: 80 }}>{t.exploited}</th>{head('epss', s.findings.epss, 84, true)}<th role="columnheader" style={{ width: 160 }}>{t.fixed}</th><th role="columnheader" className="num" style={{ width: 150 }}>{t.applies}</th></tr>}
          rows={pages.items.map((c) => ({ key: c.id, current: String(c.id) === open, open: () => change({ check: String(c.id) }), cells: <Cells c={c} address={address(c)} images={images} /> }))} />
      )}
    </>
  );
}

/** exempt: images that count nowhere, and whose findings are in the lists. */
export function CheckTabs({ recommendation, images, exempt, total, disabled }: { recommendation: string; images: number; exempt: number; total: number; disabled: number }) {
  const tab = usePlace().query.get('check-tab') === 'disabled' ? 'disabled' : 'findings';
  return (
    <section className="card" aria-labelledby="checks">
      <header style={{ paddingBottom: 0 }}><h2 className="h" id="checks">{t.title}</h2></header>
      <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => change({ 'check-tab': d.value === 'disabled' ? 'disabled' : undefined, check: undefined })}>
        <Tab value="findings">{t.tabs.findings} <span className="t3">{count(total)}</span></Tab><Tab value="disabled">{t.tabs.disabled} <span className="t3">{count(disabled)}</span></Tab>
      </TabList>
      {exempt > 0 && <p className="note" style={{ margin: '12px 16px 0' }}><StateGlyph look="off" /><span>{t.exempt(exempt)} <A href={to(['exceptions'])}>{s.recommendation.viewExemptions}</A></span></p>}
      <Checks key={tab} recommendation={recommendation} images={images} disabled={tab === 'disabled'} />
    </section>
  );
}
