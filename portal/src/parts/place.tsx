// A scope's path as people name it: what it is called, what it is, and where it leads.
import { A, imagePath, repositoryPath, to } from '../route.tsx';
import { s } from '../strings.ts';
import { short } from './basics.tsx';

const kinds = s.exempt.kinds;

/** Of a repository: registry and name; its own may have slashes. */
export const repositoryOf = (scope: string): [string, string] | undefined => {
  const [, registry, repository] = /^\/registries\/([^/]+)\/repositories\/(.+)$/.exec(scope) ?? [];
  return registry && repository ? [registry, repository] : undefined;
};
export const repositoryScope = (registry: string, repository: string): string => `/registries/${registry}/repositories/${repository}`;

/** As an address has it: REGISTRY:REPOSITORY[@DIGEST]. */
export const targetText = (registry: string, repository: string, digest = ''): string => `${registry}:${repository}${digest && `@${digest}`}`;

export function Place({ of, digest }: { of: string; digest?: string | undefined }) {
  const repository = repositoryOf(of);
  if (repository) {
    const [registry, name] = repository;
    return digest
      ? <><A href={to(imagePath(registry, name, digest))}>{name}</A><div className="s t3">{kinds.image} <span className="mono">{short(digest)}</span>, {registry}</div></>
      : <><A href={to(repositoryPath(registry, name))}>{name}</A><div className="s t3">{kinds.repository}, {registry}</div></>;
  }
  const [, kind = '', name = '', group] = /^\/(registries|subscriptions|managementGroups)\/([^/]+)(?:\/resourceGroups\/([^/]+))?$/.exec(of) ?? [];
  if (kind === 'registries') return <><A href={to(['registries', name])}>{name}</A><div className="s t3">{kinds.registry}</div></>;
  if (!kind) return <span className="path">{of === '/' ? s.scope.all : of}</span>;
  return <>{group ?? name}<div className="s t3">{group ? `${kinds.resourceGroup}, ${name}` : kind === 'subscriptions' ? kinds.subscription : kinds.group}</div></>;
}
