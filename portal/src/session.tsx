// Who is signed in, and what roles allow them somewhere.
import { createContext, useContext } from 'react';
import type { Session } from './api/schema.ts';
import { s } from './strings.ts';

export const SessionContext = createContext<Session & { signOut: () => void }>({ name: '', kind: 'anonymous', actions: [], signOut: () => undefined });
export const useSession = () => useContext(SessionContext);
/** Some role allows the action somewhere. */
export function useMay(action: string): boolean {
  return useSession().actions.includes(action);
}
export const action = {
  exempt: 'Microsoft.Authorization/policyExemptions/write',
  plan: 'Microsoft.Security/pricings/write',
  rule: 'Microsoft.Authorization/policyAssignments/write',
  security: 'Microsoft.Security/assessments/read',
  scan: 'Microsoft.Security/assessments/write',
  update: 'Microsoft.Security/vulnerabilityDatabase/write',
  import: 'registries/importImage/action',
  remove: 'registries/artifacts/delete',
  pull: 'registries/pull/read',
  registry: 'registries/write',
  accessRead: 'Microsoft.Authorization/roleAssignments/read',
  accessWrite: 'Microsoft.Authorization/roleAssignments/write',
} as const;

/** The roles that allow an action, the widest last. */
const roles: Record<string, string[]> = {
  [action.security]: ['Security Reader', 'Reader', 'Security Admin', 'Owner'], [action.scan]: ['Security Admin', 'Contributor', 'Owner'], [action.update]: ['Security Admin', 'Contributor', 'Owner'],
  [action.exempt]: ['Resource Policy Contributor', 'Security Admin', 'Owner'], [action.rule]: ['Resource Policy Contributor', 'Security Admin', 'Owner'], [action.plan]: ['Security Admin', 'Owner'],
  [action.import]: ['Contributor', 'Owner'], [action.remove]: ['AcrDelete', 'Contributor', 'Owner'], [action.registry]: ['Contributor', 'Owner'], [action.pull]: ['AcrPull', 'AcrPush', 'Reader', 'Contributor', 'Owner'],
  [action.accessRead]: ['Reader', 'User Access Administrator', 'Owner'], [action.accessWrite]: ['User Access Administrator', 'Owner'],
};
export const rolesOf = (name: string): string => s.errors.role(roles[name] ?? []);
/** Why somebody may not: the role that it takes. */
export const needs = (name: string): string => s.errors.needs(name, rolesOf(name));
