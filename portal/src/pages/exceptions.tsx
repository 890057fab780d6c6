import { Button, Menu, MenuItemLink, MenuList, MenuPopover, MenuTrigger, Tab, TabList } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons';
import { call, usePages } from '../api/client.ts';
import type { Exemption, Rule } from '../api/schema.ts';
import { ActionButton, Bones, Empty, Failed, Time, day } from '../parts/basics.tsx';
import { Delete } from '../parts/delete.tsx';
import ExemptPane from '../parts/exempt_pane.tsx';
import { Page } from '../parts/frame.tsx';
import { StateWord } from '../parts/glyphs.tsx';
import { LongTable } from '../parts/long_table.tsx';
import { Place } from '../parts/place.tsx';
import { RuleFilesPane, exportHref } from '../parts/rule_files.tsx';
import { A, change, to, usePlace } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';

const t = s.exceptions;

function Exemptions() {
  const { query } = usePlace();
  const pages = usePages('listExemptions', {});
  const names = usePages('listRecommendations', {}, 1000);
  const open = pages.items.find((x) => String(x.id) === query.get('exemption'));
  const state = (x: Exemption) => (x.expired ? <StateWord look="none" word={t.expired} /> : <StateWord look="done" word={t.holds} />);
  const done = () => { change({ exemption: undefined }); pages.reload(); };
  return (
    <>
      {pages.error && <Failed what={t.tabs.exemptions} error={pages.error} retry={pages.reload} operation="listExemptions" />}
      {!pages.error && !pages.items.length && (!pages.done ? <Bones /> : <Empty action={<A href={to(['recommendations'])}>{s.recommendations.title}</A>}>{t.none}</Empty>)}
      {pages.items.length > 0 && <LongTable label={t.tabs.exemptions} columns={7} pages={pages} noun={s.nouns.exemptions}
        head={<tr role="row"><th role="columnheader">{s.registries.name}</th><th role="columnheader">{t.state}</th><th role="columnheader">{t.scope}</th><th role="columnheader">{s.exempt.category}</th><th role="columnheader">{t.recommendation}</th><th role="columnheader">{t.ends}</th><th role="columnheader"><span className="vh">{t.actions}</span></th></tr>}
        rows={pages.items.map((x) => ({ key: x.id, current: open?.id === x.id, cells: <>
          <td role="cell" className="full"><button type="button" className="link" onClick={() => change({ exemption: String(x.id) })}>{x.name}</button><div className="s t3">{x.author}, <Time at={x.created_at} />{x.description && ` · ${x.description}`}</div></td>
          <td role="cell" className="nw">{state(x)}</td><td role="cell" className="full"><Place of={x.scope} digest={x.digest} /></td><td role="cell" data-label={s.exempt.category}>{x.category}</td>
          <td role="cell" className="full"><A href={to(['recommendations', x.recommendation])}>{names.items.find((r) => r.key === x.recommendation)?.name ?? x.recommendation}</A></td>
          <td role="cell" className="nw" data-label={t.ends}>{x.expires_at ? day(x.expires_at) : t.never}</td>
          <td role="cell" className="num full"><Delete what={x.name} may={action.exempt} remove={() => call('deleteExemption', { path: { id: x.id } }).then(pages.reload)} /></td>
        </> }))} />}
      {open && <ExemptPane key={open.id} recommendation={open.recommendation} of={open} close={() => change({ exemption: undefined })} done={done} />}
    </>
  );
}

const upwards = ['Negligible', 'Low', 'Medium', 'High', 'Critical'];
/** The severity that all of these are below, and no others. */
const belowOf = (list: string[]): string | undefined => (upwards.every((x, i) => list.includes(x) === i < list.length) ? upwards[list.length] : undefined);

/** A rule's criteria in words. */
function words(r: Rule): string {
  const list = Object.entries(r.criteria).flatMap(([key, value]) => {
    if (value === undefined || (Array.isArray(value) && !value.length)) return [];
    const below = key === 'severity' && Array.isArray(value) ? belowOf(value as string[]) : undefined;
    if (below) return [`${s.rule.criteria.severity_below} ${below}`];
    const label = s.rule.criteria[key] ?? s.filters.names[key] ?? key;
    return [typeof value === 'boolean' ? label : `${label}: ${Array.isArray(value) ? value.slice(0, 4).join(', ') + (value.length > 4 ? ` +${value.length - 4}` : '') : String(value)}`];
  });
  return (list.length > 1 ? (r.match === 'all' ? t.allOf : t.anyOf) : '') + list.join('; ');
}

/** What ends a rule for single findings. */
function until(r: Rule): string[] {
  const e = r.ends_when;
  return [e?.fix_available && t.until.fix, e?.kev && t.until.kev, e?.epss_gte && t.until.epss(e.epss_gte), e?.severity_gte && t.until.severity(e.severity_gte)].filter((x) => typeof x === 'string');
}

function Rules() {
  const { query } = usePlace();
  const pages = usePages('listRules', {});
  const state = (r: Rule) => (r.state === 'active' ? <StateWord look="done" word={r.effect === 'observe' ? t.observed : t.ruleStates.active ?? ''} /> : <StateWord look="off" word={t.ruleStates[r.state] ?? r.state} />);
  return (
    <>
      <div className="filters">
        <span className="grow" />
        <ActionButton action={action.rule} onClick={() => change({ files: 'rules' })}>{s.ruleFiles.button}</ActionButton>
        <Menu><MenuTrigger disableButtonEnhancement><Button>{s.ruleFiles.export}</Button></MenuTrigger><MenuPopover><MenuList>
          <MenuItemLink href={exportHref('openvex')} download="plimsoll.vex.json">{s.ruleFiles.openvex}</MenuItemLink><MenuItemLink href={exportHref('json')} download="plimsoll-rules.json">{s.ruleFiles.json}</MenuItemLink>
        </MenuList></MenuPopover></Menu>
        <ActionButton action={action.rule} icon={<AddRegular />} onClick={() => change({ pane: 'rule' })}>{t.newRule}</ActionButton>
      </div>
      {query.get('files') === 'rules' && <RuleFilesPane close={() => change({ files: undefined })} done={() => { change({ files: undefined }); pages.reload(); }} />}
      {pages.error && <Failed what={t.tabs.rules} error={pages.error} retry={pages.reload} operation="listRules" />}
      {!pages.error && !pages.items.length && (!pages.done ? <Bones /> : <Empty>{t.noRules}</Empty>)}
      {pages.items.length > 0 && <LongTable label={t.tabs.rules} columns={6} pages={pages} noun={s.nouns.rules}
        head={<tr role="row"><th role="columnheader">{s.registries.name}</th><th role="columnheader">{t.state}</th><th role="columnheader">{t.scope}</th><th role="columnheader">{t.hides}</th><th role="columnheader">{t.ends}</th><th role="columnheader"><span className="vh">{t.actions}</span></th></tr>}
        rows={pages.items.map((r) => ({ key: r.id, current: String(r.id) === query.get('rule'), cells: <>
          <td role="cell" className="full"><button type="button" className="link" onClick={() => change({ pane: 'rule', rule: String(r.id) })}>{r.name}</button><div className="s t2">{words(r)}</div><div className="s t3">{r.author}, <Time at={r.created_at} /> · {r.justification}{r.ticket && ` · ${r.ticket}`}</div></td>
          <td role="cell" className="nw">{state(r)}{r.ended_reason && <div className="s t3">{r.ended_reason}</div>}</td><td role="cell" className="full"><Place of={r.scope.path} /></td>
          <td role="cell" className="nw" data-label={t.hides}>{r.findings === undefined ? <span className="t3">{t.pending}</span> : <>{r.effect === 'observe' && `${t.wouldHide} `}{t.inImages(r.findings, r.images ?? 0)}</>}{Boolean(r.released) && <div className="s t3">{t.released(r.released ?? 0)}</div>}</td>
          <td role="cell" className="nw" data-label={t.ends}>{r.expires_at ? day(r.expires_at) : t.never}{until(r).map((x) => <div key={x} className="s t3">{x}</div>)}</td>
          <td role="cell" className="num full"><Delete what={r.name} may={action.rule} remove={() => call('deleteRule', { path: { id: r.id } }).then(pages.reload)} /></td>
        </> }))} />}
    </>
  );
}

export default function Exceptions() {
  const { query } = usePlace();
  const rules = query.get('tab') === 'rules';
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <TabList className="tabs" selectedValue={rules ? 'rules' : 'exemptions'} onTabSelect={(_, d) => change({ tab: d.value === 'rules' ? 'rules' : undefined, exemption: undefined })}><Tab value="exemptions">{t.tabs.exemptions}</Tab><Tab value="rules">{t.tabs.rules}</Tab></TabList>
        {rules ? <Rules /> : <Exemptions />}
      </section>
    </Page>
  );
}
