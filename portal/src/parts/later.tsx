// Parts whose code is read when they are shown, or before. Not React's lazy: its fallback, once shown, stays for 300 ms at least.
import { useEffect, useState, type ComponentType } from 'react';

export interface Later<P> { (props: P): React.ReactNode; load: () => Promise<void> }

/** wait: what is shown meanwhile. */
export function later<P extends object>(source: () => Promise<{ default: ComponentType<P> }>, Wait?: ComponentType): Later<P> {
  let Loaded: ComponentType<P> | undefined;
  const load = async () => { Loaded = (await source()).default; };
  function Part(props: P) {
    const [, turn] = useState(0);
    const [broken, setBroken] = useState<{ why: unknown }>();
    useEffect(() => {
      if (!Loaded) load().then(() => turn((n) => n + 1), (why: unknown) => setBroken({ why }));
    }, []);
    if (broken) throw broken.why;
    return Loaded ? <Loaded {...props} /> : Wait && <Wait />;
  }
  Part.load = load;
  return Part;
}
