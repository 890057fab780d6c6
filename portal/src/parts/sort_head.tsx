// The head of a column that a list can be ordered by; the order is in the address.
import { change, usePlace } from '../route.tsx';

/** first: the order without one in the address. up: from the first to the last, as names are. */
export function SortHead({ name, first, up = false, num = false, width, children }: { name: string; first: string; up?: boolean; num?: boolean; width?: number; children: string }) {
  const { query } = usePlace();
  const on = (query.get('sort') || first) === name;
  return (
    <th role="columnheader" className={num ? 'num' : ''} {...(width ? { style: { width } } : {})} {...(on ? { 'aria-sort': up ? 'ascending' as const : 'descending' as const } : {})}>
      <button type="button" onClick={() => change({ sort: name === first ? undefined : name })}>{children}{on && (up ? ' ↑' : ' ↓')}</button>
    </th>
  );
}
