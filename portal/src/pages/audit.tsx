import { Tab, TabList } from '@fluentui/react-components';
import { usePages } from '../api/client.ts';
import type { AuditEntry } from '../api/schema.ts';
import { useActions } from '../parts/actions.ts';
import { Bones, Empty, Failed, Time, utc } from '../parts/basics.tsx';
import { FilterBar, NoMatch, useFilters, type Filter } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { Pane } from '../parts/pane.tsx';
import { A, change, go, to, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.audit;

const lists = { changes: 'listAudit', images: 'listImageAudit', denials: 'listDenials' } as const;
type Tabs = keyof typeof lists;

/** By the words of what each log may say; a change is denied for the action of a role that is lacking. */
function useNames(tab: Tabs): Filter[] {
  const actions = useActions();
  const of = actions.filter((x) => x.kind === tab || (tab === 'denials' && x.kind === 'roles')).filter((x) => x.action !== 'denied');
  return [
    { name: 'action', kind: 'one', label: tab === 'denials' ? t.lacked : t.what, of: of.map((x): [string, string] => [x.action, x.words]) },
    { name: 'actor', kind: 'text', label: t.who, hint: t.whoHint }, { name: 'subject', kind: 'text', label: t.subject, hint: t.subjectHint },
  ];
}

/** What was there before, or is now; texts as they are. */
function Values({ of }: { of: object }) {
  return (
    <dl className="facts">{Object.entries(of).map(([key, value]) => <div key={key} style={{ display: 'contents' }}><dt className="mono">{key}</dt><dd>{typeof value === 'string' ? <span className="text">{value}</span> : <span className="mono">{JSON.stringify(value)}</span>}</dd></div>)}</dl>
  );
}

/** One entry whole: with the code, which scripts and the command line know it by. */
function EntryPane({ of }: { of: AuditEntry }) {
  const rows: [string, string][] = [[t.at, utc(of.at)], [t.who, of.actor || t.nobody], [t.from, of.peer ?? ''], [t.subject, of.subject], [t.code, of.action], [t.number, String(of.id)], [t.chain, of.chain ?? '']];
  return (
    <Pane title={of.words} about={String(of.id)} close={() => change({ entry: undefined })}>
      <div className="body" style={{ display: 'grid', gap: 16, alignContent: 'start' }}>
        <dl className="facts">{rows.filter(([, v]) => v).map(([k, v]) => <div key={k} style={{ display: 'contents' }}><dt>{k}</dt><dd className={k === t.at || k === t.who ? undefined : 'mono'}>{v}</dd></div>)}</dl>
        {of.before && <section><h3 className="h">{t.before}</h3><Values of={of.before} /></section>}
        {of.after && <section><h3 className="h">{of.before ? t.after : t.details}</h3><Values of={of.after} /></section>}
      </div>
    </Pane>
  );
}

function Entries({ tab }: { tab: Tabs }) {
  const { query } = usePlace();
  const of = lists[tab], names = useNames(tab);
  const filters = useFilters(names);
  const pages = usePages(of, { query: filters as { action?: never } });
  const open = query.get('entry') ?? '', shown = pages.items.find((x) => String(x.id) === open);
  const address = (x: AuditEntry) => to(['audit'], { ...Object.fromEntries(query), entry: x.id });
  const none = Object.keys(filters).length ? <NoMatch of={names} filters={filters} /> : <Empty>{{ changes: s.empty.audit, images: t.imagesEmpty, denials: t.deniedEmpty }[tab]}</Empty>;
  return (
    <>
      <FilterBar of={names} search="" />
      {pages.error && <Failed what={t.title} error={pages.error} retry={pages.reload} operation={of} />}
      {!pages.error && !pages.items.length && (pages.loading ? <Bones /> : none)}
      {pages.items.length > 0 && <LongTable label={t.title} columns={5} pages={pages} noun={s.nouns.entries} className="cards fixed"
        head={<tr role="row"><th role="columnheader" style={{ width: 130 }}>{t.at}</th><th role="columnheader" style={{ width: '15%' }}>{t.who}</th><th role="columnheader" style={{ width: '28%' }}>{tab === 'denials' ? t.lacked : t.what}</th><th role="columnheader">{t.subject}</th><th role="columnheader" style={{ width: '14%' }}>{t.from}</th></tr>}
        rows={pages.items.map((x) => ({ key: x.id, current: String(x.id) === open, open: () => go(address(x)), cells: <>
          <td role="cell"><Time at={x.at} /></td><td role="cell" className="b cut">{x.actor || <span className="t3">{t.nobody}</span>}</td><td role="cell" className="full"><A href={address(x)} title={x.action}>{x.words}</A></td><td role="cell" className="mono full">{x.subject}</td><td role="cell" className="t2 gone">{x.peer}</td>
        </> }))} />}
      {shown && <EntryPane of={shown} />}
    </>
  );
}

export default function Audit() {
  const { query } = usePlace();
  const tab = (Object.keys(lists) as Tabs[]).find((x) => x === query.get('tab')) ?? 'changes';
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <TabList selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'changes' ? undefined : String(d.value), action: undefined, entry: undefined })} className="tabs">{(Object.keys(lists) as Tabs[]).map((x) => <Tab key={x} value={x}>{t.tabs[x]}</Tab>)}</TabList>
        <Entries key={tab} tab={tab} />
      </section>
    </Page>
  );
}
