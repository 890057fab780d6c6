// Tabs above lists that the address chooses between; what belongs to one list leaves the address with it.
import { Tab, TabList } from '@fluentui/react-components';
import { change, usePlace } from '../route.tsx';
import { count } from '../strings.ts';

/** first: the one that an address without a tab shows. */
export function ListTabs<T extends string>({ tab, first, names, counts }: { tab: T; first: T; names: Record<T, string>; counts: Record<T, number | undefined> }) {
  const { query } = usePlace();
  const pick = (to: T) => {
    const others = [...query.keys()].filter((k) => k !== 'scope' && k !== 'tab');
    change({ ...Object.fromEntries(others.map((k) => [k, undefined])), tab: to === first ? undefined : to });
  };
  return (
    <TabList className="tabs" selectedValue={tab} onTabSelect={(_, d) => pick(d.value as T)}>
      {(Object.keys(names) as T[]).map((x) => <Tab key={x} value={x}>{names[x]}{counts[x] !== undefined && <span className="t3"> {count(counts[x])}</span>}</Tab>)}
    </TabList>
  );
}
