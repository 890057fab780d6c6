// The images that are billed, by month.
import { Input } from '@fluentui/react-components';
import { useState } from 'react';
import { usePages } from '../api/client.ts';
import { count, s } from '../strings.ts';
import { Bones, Empty, Failed } from './basics.tsx';

const t = s.usage;

export function Usage() {
  const [month, setMonth] = useState(() => new Date().toISOString().slice(0, 7));
  const list = usePages('listUsage', { query: { month, limit: 100 } });
  return (
    <section className="card" aria-labelledby="usage" style={{ marginBottom: 16 }}>
      <header><h2 className="h" id="usage">{t.title}</h2><span className="s t3">{t.what}</span><span className="end"><Input type="month" aria-label={t.month} value={month} onChange={(_, d) => { if (/^\d{4}-\d{2}$/.test(d.value)) setMonth(d.value); }} /></span></header>
      {list.error && <Failed what={t.title} error={list.error} retry={list.reload} operation="listUsage" />}
      {!list.error && !list.items.length && (list.loading ? <Bones rows={1} /> : <Empty>{t.none}</Empty>)}
      {list.items.length > 0 && <>
        <table className="cards"><thead><tr><th>{s.recommendation.subscription}</th><th className="num">{t.images}</th><th className="num">{t.trial}</th><th className="num">{t.billable}</th></tr></thead>
          <tbody>{list.items.map((x) => (
            <tr key={x.subscription}>
              <td className="b">{x.subscription}</td><td className="num" data-label={t.images}>{count(x.images)}</td><td className="num" data-label={t.trial}>{count(x.trial_images)}</td><td className="num" data-label={t.billable}>{count(x.billable_images)}</td>
            </tr>
          ))}</tbody></table>
        <div className="under"><a href={`/api/v1/usage.csv?month=${month}`} download={`usage-${month}.csv`}>{t.csv}</a><span className="grow" />{!list.done && <button type="button" className="link" onClick={list.more}>{s.more}</button>}</div>
      </>}
    </section>
  );
}
