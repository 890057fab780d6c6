import { Empty } from '../parts/basics.tsx';
import { FilterBar, NoMatch, imageFilters, useFilters } from '../parts/filters.tsx';
import { Page } from '../parts/frame.tsx';
import { Images } from '../parts/images.tsx';
import { A, to } from '../route.tsx';
import { s } from '../strings.ts';

const t = s.imageList;

export default function ImagesPage() {
  const filters = useFilters(imageFilters);
  const none = Object.keys(filters).length
    ? <><NoMatch of={imageFilters} filters={filters} />{filters.search && <p className="pad0 in-text"><A href={to(['inventory'], { q: filters.search })}>{t.asPackage(filters.search)}</A></p>}</>
    : <Empty action={<A href={to(['start'])}>{s.empty.start}</A>}>{t.none}</Empty>;
  return (
    <Page title={t.title} crumbs={[[t.title]]} sentence={t.sentence}>
      <section className="card">
        <FilterBar of={imageFilters} search={t.search} />
        <Images key={JSON.stringify(filters)} query={filters} none={none} />
      </section>
    </Page>
  );
}
