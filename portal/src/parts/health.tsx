// How many of what are healthy: a bar, its figures, and points reached.
import type { ReactNode } from 'react';
import { s } from '../strings.ts';
import { StateGlyph } from './glyphs.tsx';

export interface Health { unhealthy: number; healthy: number; notApplicable: number }

/** Unhealthy, healthy and, hatched, what nobody knows. The label says the figures. */
export function HealthBar({ of }: { of: Health }) {
  const parts = [['bad', of.unhealthy], ['good', of.healthy], ['none', of.notApplicable]] as const;
  return (
    <span className="health" role="img" aria-label={s.recommendations.health(of.unhealthy, of.healthy, of.notApplicable)}>
      {parts.map(([look, n]) => n > 0 && <i key={look} className={look} style={{ flexGrow: n }} />)}
    </span>
  );
}
export function HealthFigures({ of }: { of: Health }) {
  const parts: [string, string, ReactNode][] = [['bad', s.recommendations.nUnhealthy(of.unhealthy), 'bad'], ['good', s.recommendations.nHealthy(of.healthy), 'good'], ['none', s.recommendations.nNotApplicable(of.notApplicable), 'none']];
  return <div style={{ display: 'flex', flexWrap: 'wrap', gap: '4px 16px', fontSize: 12 }}>{parts.map(([look, words]) => <span key={look} className={`st ${look}`}><StateGlyph look={look} />{words}</span>)}</div>;
}
/** Points reached of those that can be, as ticks. */
export function Ticks({ now, max }: { now: number; max: number }) {
  return <span className="ticks" aria-hidden="true">{Array.from({ length: Math.min(10, Math.round(max)) }, (_, i) => <i key={i} className={now >= i + 1 ? 'on' : ''}>{now > i && now < i + 1 && <b style={{ width: `${(now - i) * 100}%` }} />}</i>)}</span>;
}
