// Shapes that carry meaning: severities are ordinal, states are discs and rings, and dashed means that nobody knows.
import type { ReactNode } from 'react';
import { s } from '../strings.ts';

export type Severity = 'Critical' | 'High' | 'Medium' | 'Low' | 'Negligible' | 'Unknown';

function bars(n: number): ReactNode {
  return [0, 1, 2].map((i) => <rect key={i} x={1 + i * 4.5} y={9 - i * 3.5} width={3} height={4 + i * 3.5} rx={0.8} fill="currentColor" opacity={i < n ? 1 : 0.28} />);
}
export function SeverityGlyph({ of }: { of: Severity }) {
  const shapes: Record<Severity, ReactNode> = {
    Critical: <><rect x="0.5" y="0.5" width="13" height="13" rx="2.5" className="f-Critical" /><path d="M7 3.2v4.6M7 9.9v.9" stroke="#fff" strokeWidth="1.7" strokeLinecap="round" /></>,
    High: bars(3), Medium: bars(2), Low: bars(1),
    Negligible: <path d="M1 7h3M5.5 7h3M10 7h3" stroke="currentColor" strokeWidth="1.8" />,
    Unknown: <><rect x="1" y="1" width="12" height="12" rx="2.5" fill="none" stroke="currentColor" strokeDasharray="2.2 1.6" /><text x="7" y="10.4" fontSize="9.5" fontWeight="600" textAnchor="middle" fill="currentColor">?</text></>,
  };
  return <svg viewBox="0 0 14 14" aria-hidden="true">{shapes[of]}</svg>;
}
export function SeverityWord({ of }: { of: Severity }) {
  return <span className={`sev ${of}`}><SeverityGlyph of={of} />{of}</span>;
}

const columns: Severity[] = ['Critical', 'High', 'Medium', 'Low'];
/** Four pairs in fixed columns; what has no column is named when there is some. */
export function Counts({ of }: { of: Record<Severity, number> }) {
  const label = s.severities.filter((x) => of[x] > 0).map((x) => `${of[x]} ${x}`).join(', ') || '0';
  return (
    <span className="nw">
      <span className="vh">{label}</span>
      <span className="counts" aria-hidden="true">
        {columns.map((x) => <span key={x} className={of[x] ? x : 'zero'}><SeverityGlyph of={x} />{of[x]}</span>)}
      </span>
      {of.Unknown > 0 && <span className="sev Unknown" aria-hidden="true"><SeverityGlyph of="Unknown" />{of.Unknown}</span>}
    </span>
  );
}

/* oxlint-disable react/jsx-key -- pairs, not lists */
const looks: Record<string, [string, ReactNode]> = {
  bad: ['bad', <><circle cx="8" cy="8" r="7.5" fill="currentColor" /><path d="M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2" className="on" strokeWidth="1.6" strokeLinecap="round" /></>],
  good: ['good', <><circle cx="8" cy="8" r="6.8" /><path d="M5 8.2l2.1 2.1L11 6.3" strokeLinecap="round" /></>],
  none: ['none', <><circle cx="8" cy="8" r="6.6" strokeDasharray="2.6 2" /><path d="M5.4 8h5.2" strokeLinecap="round" /></>],
  run: ['run', <><circle cx="8" cy="8" r="6.4" opacity=".3" /><path d="M8 1.6A6.4 6.4 0 0 1 14.4 8" strokeLinecap="round" strokeWidth="1.8" /></>],
  late: ['late', <><path d="M8 1.8L14.8 14H1.2z" strokeLinejoin="round" /><path d="M8 6v4M8 11.6v.7" strokeLinecap="round" /></>],
  done: ['none', <><circle cx="8" cy="8" r="6.8" /><path d="M5 8.2l2.1 2.1L11 6.3" strokeLinecap="round" /></>],
  off: ['none', <><circle cx="8" cy="8" r="6.6" /><path d="M3.6 12.4l8.8-8.8" strokeLinecap="round" /></>],
  wait: ['none', <circle cx="8" cy="8" r="6.6" />],
};
/* oxlint-enable react/jsx-key */
const lookOf: Record<string, string> = {
  Healthy: 'good', Unhealthy: 'bad', Unverified: 'none', Pending: 'run', NotApplicable: 'none', artifact: 'none',
  completed: 'done', running: 'run', queued: 'wait', failed: 'late', unsupported: 'none',
};
export function StateGlyph({ look }: { look: string }) {
  const [, shape] = looks[look] ?? looks.none!;
  return <svg className="icon" viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.4" aria-hidden="true">{shape}</svg>;
}
/** A state's shape and word. */
export function StateWord({ of, word, look }: { of?: string; word?: string; look?: string }) {
  const name = look ?? lookOf[of ?? ''] ?? 'none';
  return <span className={`st ${(looks[name] ?? looks.none!)[0]}`}><StateGlyph look={name} />{word ?? s.state[of ?? ''] ?? of}</span>;
}

export function Kev({ ransomware = false }: { ransomware?: boolean }) {
  return (
    <span className="mark kev">
      <svg viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.3" aria-hidden="true"><path d="M6 1c.4 2.4 3.2 3.2 3.2 6.1A3.2 3.2 0 0 1 6 10.6a3.2 3.2 0 0 1-3.2-3.5C2.8 5.4 4 5 4 3.6 5 4 5.4 4.6 5.5 5.4 6.2 4.3 6.3 2.5 6 1z" strokeLinejoin="round" /></svg>
      {s.finding.inKev}<span className="vh">, {s.kev}{ransomware ? `, ${s.finding.ransomware}` : ''}</span>
    </span>
  );
}
export function Mark() {
  return <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="2.2" aria-hidden="true"><circle cx="12" cy="12" r="7.5" /><path d="M1 12h22" /></svg>;
}
export function Chevron() {
  return <svg viewBox="0 0 12 12" fill="none" stroke="currentColor" strokeWidth="1.4" aria-hidden="true"><path d="M2.5 4.5L6 8l3.5-3.5" strokeLinecap="round" strokeLinejoin="round" /></svg>;
}
