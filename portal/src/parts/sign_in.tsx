import { Button, Field, Input } from '@fluentui/react-components';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { asFailure, call } from '../api/client.ts';
import type { Session, SignInWays } from '../api/schema.ts';
import { s } from '../strings.ts';
import { useTitle } from './basics.tsx';
import { Mark } from './glyphs.tsx';

/** The address stays, so that a link leads to its page after the sign-in. */
export function SignIn({ done }: { done: (session: Session) => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [wrong, setWrong] = useState('');
  const [ways, setWays] = useState<SignInWays>();
  // Why a sign-in by the provider failed: the server sends the browser here with a word.
  const refused = new URLSearchParams(location.search).get('sign_in');
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useTitle(s.signIn.title);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => { call('getSignInWays', {}).then(setWays, () => undefined); }, []); // without an answer, by password
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setWrong('');
    try {
      done(await call('createSession', { body: { name, password } }));
    } catch (problem) {
      const failure = asFailure(problem);
      setWrong(failure.status === 429 ? s.signIn.wait(failure.retryAfter) : failure.message);
      setBusy(false);
    }
  };
  return (
    <main className="sign card">
      <div className="logo"><Mark /><span>{s.name}</span></div>
      <h1>{s.signIn.title}</h1>
      <form onSubmit={(e) => void submit(e)} style={{ display: 'grid', gap: 16 }}>
        <Field label={s.signIn.name}><Input ref={first as never} autoComplete="username" name="name" value={name} onChange={(_, d) => setName(d.value)} required /></Field>
        <Field label={s.signIn.password} {...(wrong ? { validationState: 'error', validationMessage: wrong } as const : {})}>
          <Input type="password" autoComplete="current-password" name="password" value={password} onChange={(_, d) => setPassword(d.value)} required />
        </Field>
        <Button appearance="primary" type="submit" disabledFocusable={busy}>{busy ? s.signIn.working : s.signIn.button}</Button>
      </form>
      {refused && <p role="alert">{s.signIn.refused[refused] ?? s.signIn.refused.provider}</p>}
      {ways?.provider && <Button as="a" href={ways.provider_url}>{s.signIn.by(ways.provider)}</Button>}
      <p className="s t3">{s.signIn.first}</p>
    </main>
  );
}
