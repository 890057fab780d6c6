// A pane beside the page: what it is about stays in sight. Fluent's drawer puts focus keepers around its content that assistive technology stumbles over, so this one is ours.
import { Button } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { s } from '../strings.ts';

/** about: changes when the pane shows something else, and its title takes the focus. lead: above the title. buttons: beside the closing one. key: keys that it answers to, besides Escape. */
export function Pane({ title, about = title, lead, note, wide = false, buttons, footer, close, onKey, children }: {
  title: string; about?: string; lead?: ReactNode; note?: ReactNode; wide?: boolean; buttons?: ReactNode; footer?: ReactNode; close: () => void; onKey?: (e: KeyboardEvent) => void; children: ReactNode;
}) {
  const head = useRef<HTMLHeadingElement>(null);
  const id = useId();
  useEffect(() => { // back to what it was opened from
    const before = document.activeElement;
    return () => { if (before instanceof HTMLElement && before.isConnected) before.focus(); };
  }, []);
  useEffect(() => head.current?.focus({ preventScroll: true }), [about]);
  useEffect(() => {
    const key = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !e.defaultPrevented) { e.preventDefault(); close(); }
      onKey?.(e);
    };
    addEventListener('keydown', key);
    return () => removeEventListener('keydown', key);
  });
  // An id at the end of the title is not broken in two.
  const heading = <><h2 id={id} ref={head} tabIndex={-1}>{title.split(/(\([^\s()]+\)$)/).map((x, i) => (i % 2 ? <span key={x} className="nw">{x}</span> : x))}</h2>{note && <p className="s t2">{note}</p>}</>;
  return (
    <aside className={wide ? 'pane wide' : 'pane'} role="dialog" aria-labelledby={id}>
      <header>
        <div className="grow">{lead ?? heading}</div>
        {buttons}
        <Button appearance="subtle" icon={<DismissRegular />} aria-label={s.close} onClick={close} />
        {lead && <div className="below">{heading}</div>}
      </header>
      {children}
      {footer && <footer>{footer}</footer>}
    </aside>
  );
}
