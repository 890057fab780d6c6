import { Everywhere } from '../parts/everywhere.tsx';
import { Page } from '../parts/frame.tsx';
import { s } from '../strings.ts';

export default function Findings() {
  return (
    <Page title={s.findings.title} crumbs={[[s.findings.title]]} sentence={s.findings.sentence}>
      <section className="card"><Everywhere path={['findings']} /></section>
    </Page>
  );
}
