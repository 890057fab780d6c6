// Tabs above lists that the address chooses between; what belongs to one list leaves the address with it.
import { Tab, TabList } from '@fluentui/react-components';
import { useEffect, useRef } from 'react';
import { change, usePlace } from '../route.tsx';
import { count } from '../strings.ts';

/** A list of tabs that is wider than its place shows the chosen one. */
export function useChosenInSight(chosen: string) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = list.current, tab = box?.querySelector<HTMLElement>('[aria-selected=true]');
    if (box && tab) box.scrollLeft = tab.offsetLeft - (box.clientWidth - tab.offsetWidth) / 2;
  }, [chosen]);
  return list;
}

/** first: the one that an address without a tab shows. */
export function ListTabs<T extends string>({ tab, first, names, counts }: { tab: T; first: T; names: Record<T, string>; counts: Record<T, number | undefined> }) {
  const { query } = usePlace();
  const list = useChosenInSight(tab);
  const pick = (to: T) => {
    const others = [...query.keys()].filter((k) => k !== 'scope' && k !== 'tab');
    change({ ...Object.fromEntries(others.map((k) => [k, undefined])), tab: to === first ? undefined : to });
  };
  return (
    <TabList ref={list as never} className="tabs" selectedValue={tab} onTabSelect={(_, d) => pick(d.value as T)}>
      {(Object.keys(names) as T[]).map((x) => <Tab key={x} value={x}>{names[x]}{counts[x] !== undefined && <span className="t3"> {count(counts[x])}</span>}</Tab>)}
    </TabList>
  );
}
