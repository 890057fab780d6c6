import { useState } from 'react';
import { useApi, useEvents, type LiveEvent } from '../api/client.ts';
import { Code, Segments, short } from '../parts/basics.tsx';
import { Page } from '../parts/frame.tsx';
import { Counts, StateWord } from '../parts/glyphs.tsx';
import { A, change, imagePath, to, usePlace } from '../route.tsx';
import { action, useMay, useSession } from '../session.tsx';
import { s } from '../strings.ts';

const t = s.start;
const clients = ['docker', 'podman', 'skopeo'] as const;
type Client = (typeof clients)[number];

function commands(client: Client, host: string, at: string, who: string, plain: boolean): [string, string][] {
  const tls = plain && client !== 'docker' ? ' --tls-verify=false' : '';
  if (client === 'skopeo') return [
    [t.signIn, `skopeo login${tls} -u ${who} ${host}`],
    [t.pull, `skopeo copy${plain ? ' --dest-tls-verify=false' : ''} docker://docker.io/library/alpine:3.17 docker://${host}/${at}first/alpine:3.17`],
    [t.status, `plimsoll push-status ${host}/${at}first/alpine:3.17`],
  ];
  return [[t.signIn, `${client} login${tls} -u ${who} ${host}`], [t.copyIt, `${client} tag alpine:3.17 ${host}/${at}first/alpine:3.17`], [t.push, `${client} push${tls} ${host}/${at}first/alpine:3.17`]];
}

function Result({ of }: { of: LiveEvent }) {
  const image = useApi('getImage', of.digest ? { path: { registry: of.registry, repository: of.repository, digest: of.digest } } : null).data;
  if (!image) return null;
  return <div style={{ display: 'grid', gap: 6 }}><StateWord of={image.state} /><Counts of={image.findings} />{image.reason && <div className="s t3">{image.reason}</div>}<A className="b" href={to(imagePath(of.registry, of.repository, image.digest))}>{t.open}</A></div>;
}

export default function Start() {
  const { query } = usePlace();
  const { name } = useSession(), mayImport = useMay(action.import);
  const registry = query.get('registry') ?? ''; // of others than the first it is in the name
  const client = clients.find((x) => x === query.get('client')) ?? 'docker';
  const [pushed, setPushed] = useState<LiveEvent>();
  const [scanned, setScanned] = useState<LiveEvent>();
  const live = useEvents((e) => {
    if (e.type === 'pushed' && e.digest) { setPushed(e); setScanned((was) => (was?.digest === e.digest ? was : undefined)); }
    if (e.type === 'scanned') setScanned(e);
  });
  const plain = location.protocol === 'http:';
  const done = scanned && (!pushed || pushed.digest === scanned.digest) ? scanned : undefined;
  const arrived = pushed ?? done;
  return (
    <Page title={t.title} crumbs={[[s.pages.start]]} sentence={t.text}>
      <div className="grid">
        <section className="card c7">
          <header><h2 className="h">{t.commands}</h2><span className="end"><Segments label={t.client} value={client} options={clients.map((x) => [x, x])} onChange={(x) => change({ client: x === 'docker' ? undefined : x }, true)} /></span></header>
          <ol className="pad0">
            {commands(client, location.host, registry && `${registry}/`, name, plain).map(([title, command], i) => <li key={title} className="step"><i aria-hidden="true">{i + 1}</i><div style={{ display: 'grid', gap: 6, minWidth: 0 }}><span className="b">{title}</span><Code text={command} /></div></li>)}
          </ol>
          <div className="pad0" style={{ display: 'grid', gap: 8 }}>
            {plain && client === 'docker' && <p className="s t2">{t.plain}</p>}
            <p className="s t3">{t.lost}</p>
          </div>
        </section>
        <div className="c5"><section className="card">
          <header><h2 className="h">{t.happening}</h2></header>
          <div role="status"><ul className="lines">
            <li><StateWord look={arrived ? 'done' : live ? 'run' : 'wait'} word="" /><span className="grow">{arrived ? <><b>{arrived.repository}</b>{arrived.tag ? `:${arrived.tag}` : ''} {t.arrived}<div className="s t3 mono">{short(arrived.digest ?? '')}</div></> : <>{t.waiting}<div className="s t3">{live ? t.listening : s.scans.paused}</div></>}</span></li>
            <li><StateWord look={done ? 'done' : arrived ? 'run' : 'wait'} word="" /><span className="grow">{done ? t.scanned : <>{t.scanning}<div className="s t3">{t.scanStarts}</div></>}</span></li>
            <li><StateWord look={done ? 'done' : 'wait'} word="" /><span className="grow">{t.result}{done ? <Result of={done} /> : <div className="s t3">{t.opens}</div>}</span></li>
          </ul></div>
        </section>{mayImport && <p className="pad"><A href={to(['registries', registry || 'local'], { import: 'new' })}>{t.importIt}</A></p>}</div>
      </div>
    </Page>
  );
}
