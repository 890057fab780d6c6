import { Tab, TabList } from '@fluentui/react-components';
import { usePages } from '../api/client.ts';
import { Bones, Empty, Failed, Time } from '../parts/basics.tsx';
import { Page } from '../parts/frame.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { change, usePlace } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.audit;

const lists = { changes: 'listAudit', images: 'listImageAudit', denials: 'listDenials' } as const;
type Tabs = keyof typeof lists;
function Entries({ of }: { of: (typeof lists)[Tabs] }) {
  const pages = usePages(of, {});
  if (pages.error) return <Failed what={t.title} error={pages.error} retry={pages.reload} operation={of} />;
  if (!pages.items.length) return pages.loading ? <Bones /> : <Empty>{of === 'listDenials' ? t.deniedEmpty : s.empty.audit}</Empty>;
  return <LongTable label={t.title} columns={5} pages={pages} noun={s.nouns.entries} className="cards fixed"
    head={<tr role="row"><th role="columnheader" style={{ width: 130 }}>{t.at}</th><th role="columnheader" style={{ width: '16%' }}>{t.who}</th><th role="columnheader" style={{ width: '16%' }}>{t.from}</th><th role="columnheader" style={{ width: '18%' }}>{t.what}</th><th role="columnheader">{t.subject}</th></tr>}
    rows={pages.items.map((x) => ({ key: x.id, cells: <>
      <td role="cell" data-label={t.at}><Time at={x.at} /></td><td role="cell" className="b cut">{x.actor || <span className="t3">{t.nobody}</span>}</td><td role="cell" className="t2 gone">{x.peer}</td><td role="cell" className="mono">{x.action}</td><td role="cell" className="mono full">{x.subject}</td>
    </> }))} />;
}

export default function Audit() {
  const { query } = usePlace();
  const tab = (Object.keys(lists) as Tabs[]).find((x) => x === query.get('tab')) ?? 'changes';
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <TabList selectedValue={tab} onTabSelect={(_, d) => change({ tab: d.value === 'changes' ? undefined : String(d.value) })} className="tabs">{(Object.keys(lists) as Tabs[]).map((x) => <Tab key={x} value={x}>{t.tabs[x]}</Tab>)}</TabList>
        <Entries key={tab} of={lists[tab]} />
      </section>
    </Page>
  );
}
