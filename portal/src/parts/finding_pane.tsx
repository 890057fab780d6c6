// One finding of one image: what it is, how to be rid of it, and why we say so.
import { Button } from '@fluentui/react-components';
import { ArrowDownRegular, ArrowUpRegular, CheckmarkRegular, LinkRegular } from '@fluentui/react-icons';
import type { ReactNode } from 'react';
import { useApi, usePages, type Loaded } from '../api/client.ts';
import type { Check, Finding, Image, Match, Why as WhyOf, WhyPackage } from '../api/schema.ts';
import { A, change, imagePath, repositoryPath, to } from '../route.tsx';
import { action } from '../session.tsx';
import { s } from '../strings.ts';
import { ActionButton, Bones, Code, Copy, Due, Failed, Time, day, percent, short, useCopy, utc } from './basics.tsx';
import { Fix, isContent } from './findings.tsx';
import { Kev, SeverityWord, StateWord } from './glyphs.tsx';
import { Pane } from './pane.tsx';
import { targetText } from './place.tsx';

const t = s.finding;

function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return <dl className="facts">{rows.map(([k, v]) => <div key={k} style={{ display: 'contents' }}><dt>{k}</dt><dd>{v ?? <span className="t3">{t.notGiven}</span>}</dd></div>)}</dl>;
}
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return <details open><summary>{title}</summary><div>{children}</div></details>;
}
const score = (of: { base: number } | undefined) => of?.base.toFixed(1);
const host = (url: string): string => { try { const u = new URL(url); return u.host + (u.pathname.length > 1 ? u.pathname : ''); } catch { return url; } };

export function CheckGeneral({ check, patchable, id = check?.id, severity = check?.severity, category = check?.category, published = check?.published, cves = check?.cves ?? [] }: {
  check: Check | undefined; patchable: boolean; id?: number | undefined; severity?: Finding['severity'] | undefined; category?: string | undefined; published?: string | undefined; cves?: string[];
}) {
  const what: [string, ReactNode][] = [[t.id, id], [s.severity, severity && <SeverityWord key="s" of={severity} />]];
  if (isContent({ category: category ?? '' })) return <Facts rows={[...what, [t.type, t.typeContent], [t.category, category], [t.patchable, t.yesContent]]} />;
  return (
    <Facts rows={[
      ...what, [t.type, t.typeVulnerability], [t.category, category], [t.published, published && utc(published)], [t.patchable, patchable ? t.yesPatchable : t.noPatchable], [t.cvss3, score(check?.cvss['3.0'])], [t.cvss2, score(check?.cvss['2.0'])],
      ...(check?.cvss['4.0'] ? [[t.cvss4, score(check.cvss['4.0'])] as [string, ReactNode]] : []),
      [t.cves, cves.length ? cves.map((c, i) => <span key={c}>{i > 0 && ', '}<A href={to(['cve', c])}>{c}</A></span>) : undefined],
      [t.references, check?.references.length ? <ul>{check.references.slice(0, 8).map((r) => <li key={r.url}><a href={r.url} rel="noreferrer noopener" target="_blank">{host(r.url)}</a></li>)}</ul> : undefined],
    ]} />
  );
}

/** What decided, as the database in use says it now. */
function Evidence({ of }: { of: WhyPackage }) {
  return (
    <>
      <Facts rows={[
        [t.rule, of.advisory && <span key="r">{of.advisory}{of.ecosystem && `, ${of.ecosystem}`}</span>], [t.feed, of.feed && <span key="f">{of.feed}{of.fetched_at && <>, <Time at={of.fetched_at} /></>}</span>],
        [t.compared, of.compared && <span key="c" className="mono">{of.compared}</span>], [t.range, of.range && <span key="g" className="mono">{of.range}</span>], [t.scheme, of.scheme],
      ]} />
      {of.text && <p className="s t2 text" style={{ paddingTop: 8 }}>{of.text}</p>}
    </>
  );
}

function Why({ m, why }: { m: Match; why: WhyPackage | undefined }) {
  return (
    <><Facts rows={[
      [t.packageName, <span key="p"><b>{m.package}</b> {m.installed_version}{m.arch && `, ${m.arch}`}</span>], [t.fixed, m.fixed_version || t.noFix + (s.findings.status[m.status] ?? m.status)],
      [t.file, <span key="f" className="mono">{m.path}</span>], [t.layer, <span key="l" className="mono">{short(m.layer)}</span>],
      ...(m.layer_created_by ? [[t.madeBy, <span key="b" className="mono">{m.layer_created_by}</span>] as [string, ReactNode]] : []),
      ...(m.origin ? [[t.origin, t.origins[m.origin]] as [string, ReactNode]] : []),
    ]} />{why && <div style={{ marginTop: 8 }}><Evidence of={why} /></div>}</>
  );
}

/** A weakness, with its page. */
function Cwe({ of }: { of: string }) {
  const n = /^CWE-(\d+)$/.exec(of)?.[1];
  return n ? <a href={`https://cwe.mitre.org/data/definitions/${n}.html`} rel="noreferrer noopener" target="_blank">{of}</a> : of;
}

function Additional({ f, check, why }: { f: Finding; check: Check | undefined; why: WhyOf | undefined }) {
  const cwes = [...new Set(why?.packages.flatMap((p) => p.cwes ?? []))];
  return (
    <Facts rows={[
      [t.cwe, cwes.length ? cwes.map((x, i) => <span key={x}>{i > 0 && ', '}<Cwe of={x} /></span>) : undefined],
      [t.packageType, /^pkg:(\w+)/.exec(f.matches[0]?.purl ?? '')?.[1]], [t.vendor, f.category], [t.vendorSeverity, f.vendor_severity], ...(f.severity_source ? [[t.severitySource, f.severity_source] as [string, ReactNode]] : []),
      [t.fixStatus, s.findings.status[f.status] ?? f.status], [t.vector, check?.cvss_vector && <span key="v" style={{ display: 'flex', gap: 4, alignItems: 'center' }}><span className="mono">{check.cvss_vector}</span><Copy text={check.cvss_vector} label={`${s.copy}: ${t.vector}`} /></span>],
      [t.modified, check?.modified && utc(check.modified)],
    ]} />
  );
}

function Reported({ f, why }: { f: Finding; why: Loaded<WhyOf> }) {
  return (
    <Section title={t.why}>
      {f.first_seen && <p className="s t2" style={{ marginBottom: 12 }}>{t.openSince} <Time at={f.first_seen} /></p>}
      {f.matches.map((m, i) => <div key={m.purl + m.path} style={{ marginTop: i ? 16 : 0 }}><Why m={m} why={why.data?.packages.find((p) => p.name === m.package && p.version === m.installed_version && p.path === m.path)} /></div>)}
      {why.error && <p className="s t3">{why.error.message}</p>}
    </Section>
  );
}

/** The rule that disables a finding, or the document attached to its image. */
export function DisabledByName({ of }: { of: NonNullable<Finding['disabled_by']> }) {
  return of.rule ? <A href={to(['exceptions'], { tab: 'rules', pane: 'rule', rule: of.rule })}>{of.name}</A> : <span style={{ overflowWrap: 'anywhere' }}>{of.name}</span>;
}

/** Whether it is known to be exploited, how likely that is, and whether the image that has it is in use, if there is one. */
export function Exploited({ of, since, image }: { of: { kev: boolean; ransomware?: boolean; kev_due?: string; kev_due_by?: string; kev_action?: string; epss?: number; epss_percentile?: number }; since: string | undefined; image?: Image | undefined }) {
  return (
    <Section title={t.exploited}><Facts rows={[
      [t.knownExploited, of.kev ? <span key="k"><Kev /> {t.kevYes}{since && <>, {t.kevSince} <Time at={since} /></>}{of.ransomware && `. ${t.ransomware}`}</span> : t.kevNo],
      ...(of.kev_due ? [[t.dueBy, <span key="d"><Due on={of.kev_due} bare />{of.kev_due_by && `, ${t.says(of.kev_due_by)}`}</span>] as [string, ReactNode]] : []),
      ...(of.kev_action ? [[t.requiredAction, of.kev_action] as [string, ReactNode]] : []),
      [t.chance, of.epss === undefined ? t.noEpss : <span key="e"><b>{percent(of.epss)}</b> {t.epssText(percent(of.epss_percentile ?? 0))}</span>],
      ...(image ? [[t.inUse, image.pulled_at ? <span key="u">{t.lastPulled} <Time at={image.pulled_at} /></span> : t.neverPulled] as [string, ReactNode]] : []),
    ]} /></Section>
  );
}

const OTHERS = 5; // images that are named
/** The image that is looked at first, then others that have it. */
function Resources({ f, here, list, images }: { f: Finding; here: { registry: string; repository: string; digest: string; pulled_at?: string | undefined }; list: Image[]; images: number }) {
  const others = list.filter((x) => x.digest !== here.digest || x.repository !== here.repository || x.registry !== here.registry).slice(0, OTHERS), left = images - 1 - others.length;
  return (
    <Section title={t.resources}>
      <table className="dense"><thead><tr><th>{t.digest}</th><th>{t.repository}</th><th>{t.registry}</th><th className="num">{s.repository.pulled}</th></tr></thead><tbody>{[here, ...others].map((x) => (
        <tr key={`${x.registry}/${x.repository}@${x.digest}`}>
          <td><A className="mono" href={to(imagePath(x.registry, x.repository, x.digest), x === here ? {} : { finding: f.id })}>{short(x.digest)}</A></td><td><A href={to(repositoryPath(x.registry, x.repository))}>{x.repository}</A></td><td><A href={to(['registries', x.registry])}>{x.registry}</A></td><td className="num"><Time at={x.pulled_at} /></td>
        </tr>
      ))}</tbody></table>
      {(left > 0 || f.cves[0]) && <p className="s t2" style={{ paddingTop: 8 }}>{left > 0 && `${t.moreImages(left)} `}{f.cves[0] && <A href={to(['cve', f.cves[0]])}>{t.openCve}</A>}</p>}
    </Section>
  );
}

function Body({ f, check, registry, repository, digest }: { f: Finding; check: Check | undefined; registry: string; repository: string; digest: string }) {
  const why = useApi('getWhy', { path: { registry, repository, digest }, query: { cve: f.advisory } });
  const list = usePages('listCheckImages', { path: { id: String(f.id) } });
  const image = list.items.find((x) => x.digest === digest && x.repository === repository && x.registry === registry);
  return (
    <div className="body">
      <div className="strip" style={{ marginBottom: 8 }}>
        {isContent(f) ? <><div className="b">{s.image.change}</div><span className="s t2 mono">{f.matches[0]?.path}</span></> : f.patchable ? <><div className="b">{t.upgrade(f.package)}</div><Fix of={f} /></> : <><div className="b">{s.image.wait}</div><span className="s t2">{t.noFix}{s.findings.status[f.status] ?? f.status}.</span></>}
      </div>
      {f.disabled_by && <div className="note" style={{ marginBottom: 8 }}><StateWord look="off" word="" /><span>{t.disabledBy} <DisabledByName of={f.disabled_by} />{f.disabled_by.scope && ` (${f.disabled_by.scope})`}{f.disabled_by.expires_at ? `, ${t.until(day(f.disabled_by.expires_at))}` : ''}: {f.disabled_by.justification}</span></div>}
      <Section title={t.description}><p>{check?.description || f.summary || <span className="t3">{t.noDescription}</span>}</p></Section>
      <Section title={t.general}><CheckGeneral check={check} patchable={f.patchable} id={f.id} severity={f.severity} category={f.category} published={f.published} cves={f.cves} /></Section>
      <Section title={t.remediation}>{f.remediation ? (isContent(f) ? <p>{f.remediation}</p> : <Code text={f.remediation} />) : <p>{t.noFix}{s.findings.status[f.status] ?? f.status}.</p>}</Section>
      <Exploited of={f} since={check?.kev_since} image={image} />
      <Reported f={f} why={why} />
      <Section title={t.additional}><Additional f={f} check={check} why={why.data} /></Section>
      <Resources f={f} here={{ registry, repository, digest, pulled_at: image?.pulled_at }} list={list.items} images={check?.images ?? 1} />
    </div>
  );
}

export function CheckAdditional({ check }: { check: Check }) {
  return (
    <Facts rows={[
      [t.packageName, check.source_name], [t.vendor, check.category], [t.advisory, check.advisory], [t.vendorSeverity, check.vendor_severity],
      [t.vector, check.cvss_vector && <span key="v" style={{ display: 'flex', gap: 4, alignItems: 'center' }}><span className="mono">{check.cvss_vector}</span><Copy text={check.cvss_vector} label={`${s.copy}: ${t.vector}`} /></span>],
      [t.modified, check.modified && utc(check.modified)],
    ]} />
  );
}

/** found: it is in the list already. step: to its neighbour in the list. */
export function FindingPane({ id, registry, repository, digest, found, position, step }: {
  id: string; registry: string; repository: string; digest: string; found: Finding | undefined; position: [number, number] | undefined; step: (by: number) => void;
}) {
  const asked = useApi('listImageFindings', found ? null : { path: { registry, repository, digest }, query: { check_id: id, state: 'all' } });
  const f = found ?? asked.data?.items[0];
  const check = useApi('getCheck', { path: { id } });
  const [done, copy] = useCopy(), [linked, copyLink] = useCopy();
  const close = () => change({ finding: undefined, at: undefined });
  const onKey = (e: KeyboardEvent) => {
    if (e.altKey && (e.key === 'ArrowUp' || e.key === 'ArrowDown')) { e.preventDefault(); step(e.key === 'ArrowUp' ? -1 : 1); }
  };
  return (
    <Pane title={f ? `${f.id} – ${f.check}` : check.data ? `${check.data.id} – ${check.data.title}` : id} about={`${id} ${repository} ${digest}`} close={close} onKey={onKey}
      lead={<div style={{ display: 'flex', flexWrap: 'wrap', gap: '0 8px', alignItems: 'center', minHeight: 24 }}>{f && <><SeverityWord of={f.severity} />{f.kev && <Kev />}<Due on={f.kev_due} /></>}{position && <span className="s t3 nw">{t.position(position[0] + 1, position[1])}</span>}</div>}
      buttons={<>{position && <><Button appearance="subtle" icon={<ArrowUpRegular />} aria-label={s.previous} disabledFocusable={position[0] === 0} onClick={() => step(-1)} /><Button appearance="subtle" icon={<ArrowDownRegular />} aria-label={s.next} disabledFocusable={position[0] === position[1] - 1} onClick={() => step(1)} /></>}<Button appearance="subtle" icon={linked ? <CheckmarkRegular /> : <LinkRegular />} aria-label={linked ? s.address.copied : t.copyLink} onClick={() => copyLink(location.href)} /></>}
      footer={<>{f?.remediation && <Button appearance="primary" onClick={() => copy(f.remediation ?? '')}>{done ? s.copied : t.copyFix}</Button>}{f && !f.disabled_by && <ActionButton action={action.rule} onClick={() => change({ pane: 'rule', rule_check_id: id, rule_name: f.check, rule_scope: `/registries/${registry}/repositories/${repository}` })}>{t.disable}</ActionButton>}{f && <ActionButton action={action.exempt} onClick={() => change({ pane: 'exempt', target: targetText(registry, repository, digest) })}>{t.exemptImage}</ActionButton>}</>}>
      {f ? <Body f={f} check={check.data} registry={registry} repository={repository} digest={digest} />
        : asked.error ? <Failed what={id} error={asked.error} retry={asked.reload} operation="listImageFindings" />
          : asked.data ? <div className="body"><div className="note unknown"><StateWord look="none" word="" /><span>{t.gone}</span></div></div> : <Bones />}
    </Pane>
  );
}
