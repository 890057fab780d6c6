// A table of any length: native, with only the rows in sight in the page, read on as it is scrolled.
import { Button } from '@fluentui/react-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useCallback, useEffect, useRef, type KeyboardEvent, type ReactNode } from 'react';
import type { Pages } from '../api/client.ts';
import { s } from '../strings.ts';

export interface Row { key: string | number; cells: ReactNode; className?: string; current?: boolean; open?: () => void; fold?: (open: boolean) => void }

const ROW_PX = 50; // of a row that was not measured yet
const estimateSize = () => ROW_PX, noMeasure = () => undefined;
const SHORT = 60; // rows that are all shown, and move with the page
const AHEAD = 20; // rows before the end at which the next page is asked for

/** One row; drawn anew only when it is another: scrolling changes none of them. */
const Line = memo(function Line({ row, index, measure }: { row: Row; index: number; measure: (node: HTMLTableRowElement | null) => void }) {
  return (
    <tr role="row" data-index={index} ref={measure} aria-rowindex={index + 2}
      className={[row.className, row.current ? 'open' : ''].join(' ')} {...(row.current ? { 'aria-current': true as const } : {})}
      onClick={(e) => { if (!(e.target as HTMLElement).closest('a, button, input, label, [role=menu]')) row.open?.(); }}>{row.cells}</tr>
  );
});

/** columns: of a row; label: what the table is, for those who do not see it. */
export function LongTable({ label, head, rows, columns, pages, className = 'cards', foot, noun }: {
  label: string; head: ReactNode; rows: Row[]; columns: number; className?: string; foot?: ReactNode; noun: (n: number) => string;
  pages: Pick<Pages<unknown>, 'done' | 'loading' | 'more' | 'items' | 'total'>;
}) {
  const box = useRef<HTMLDivElement>(null);
  // The same function as long as the rows are the same: with another one the place of every row is computed again, in each frame.
  const keyOf = useCallback((i: number) => rows[i]?.key ?? i, [rows]);
  const short = pages.done && rows.length <= SHORT;
  // oxlint-disable-next-line react/incompatible-library -- nothing of it is kept between renders
  const virtual = useVirtualizer({ count: short ? 0 : rows.length, getScrollElement: () => box.current, estimateSize, overscan: 12, getItemKey: keyOf });
  const seen = virtual.getVirtualItems();
  const last = seen.at(-1)?.index ?? 0;
  const { more, done, loading } = pages;
  useEffect(() => {
    if (!done && !loading && rows.length && last >= rows.length - AHEAD) more();
  });
  const before = seen[0]?.start ?? 0, after = virtual.getTotalSize() - (seen.at(-1)?.end ?? 0);
  const key = (e: KeyboardEvent<HTMLTableSectionElement>) => {
    const at = Number((e.target as HTMLElement).closest<HTMLElement>('[data-index]')?.dataset.index ?? -1);
    if (at < 0 || e.altKey || e.ctrlKey || e.metaKey) return;
    if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') rows[at]?.fold?.(e.key === 'ArrowRight');
    const next = e.key === 'ArrowDown' ? at + 1 : e.key === 'ArrowUp' ? at - 1 : -1;
    if (next < 0 || next >= rows.length) return;
    e.preventDefault();
    if (!short) virtual.scrollToIndex(next);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"] :is(a, button)`)?.focus());
  };
  return (
    <>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached by keyboard */}
      <div className={short ? 'scroll short' : 'scroll'} ref={box} role="region" aria-label={label} {...(short ? {} : { tabIndex: 0 })}>
        <table className={className} role="table" aria-label={label} aria-rowcount={done ? rows.length + 1 : -1}>
          <thead role="rowgroup">{head}</thead>
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- arrows move between the links of the rows */}
          <tbody role="rowgroup" onKeyDown={key}>
            {short && rows.map((row, i) => <Line key={row.key} row={row} index={i} measure={noMeasure} />)}
            {before > 0 && <tr className="space" aria-hidden="true"><td colSpan={columns} style={{ height: before }} /></tr>}
            {seen.map((v) => {
              const row = rows[v.index];
              return row && <Line key={row.key} row={row} index={v.index} measure={virtual.measureElement} />;
            })}
            {after > 0 && <tr className="space" aria-hidden="true"><td colSpan={columns} style={{ height: after }} /></tr>}
          </tbody>
        </table>
      </div>
      <div className="under"><span role="status">{s.shown(pages.items.length, done, noun(pages.total?.count ?? pages.items.length), pages.total)}</span>{foot}<span className="grow" />{!done && <Button size="small" onClick={more} disabledFocusable={loading}>{s.more}</Button>}</div>
    </>
  );
}
