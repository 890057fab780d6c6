// Deleting what can be made again: it asks once, in its place.
import { Button } from '@fluentui/react-components';
import { useState } from 'react';
import { asFailure } from '../api/client.ts';
import { s } from '../strings.ts';
import { ActionButton } from './basics.tsx';

const t = s.exceptions;

/** sure: what is asked. */
export function Delete({ what, sure = t.sure(what), may, remove }: { what: string; sure?: string; may: string; remove: () => Promise<unknown> }) {
  const [asked, setAsked] = useState(false);
  const [wrong, setWrong] = useState('');
  if (!asked) return <ActionButton action={may} size="small" appearance="subtle" aria-label={`${t.remove}: ${what}`} onClick={() => setAsked(true)}>{t.remove}</ActionButton>;
  return (
    <span className="g" role="group" aria-label={sure} style={{ justifyContent: 'flex-end' }}>
      <span className="s" role="status">{wrong || sure}</span>
      <Button size="small" onClick={() => { remove().catch((e: unknown) => setWrong(asFailure(e).message)); }}>{t.remove}</Button><Button size="small" onClick={() => setAsked(false)}>{s.cancel}</Button>
    </span>
  );
}
