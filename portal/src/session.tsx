// Who is signed in, and what roles allow them somewhere.
import { createContext, useContext } from 'react';
import type { Session } from './api/schema.ts';

export const SessionContext = createContext<Session & { signOut: () => void }>({ name: '', kind: 'anonymous', actions: [], signOut: () => undefined });
export const useSession = () => useContext(SessionContext);
/** Some role allows the action somewhere. */
export function useMay(action: string): boolean {
  return useSession().actions.includes(action);
}
export const action = {
  security: 'Microsoft.Security/assessments/read',
  scan: 'Microsoft.Security/assessments/write',
  update: 'Microsoft.Security/vulnerabilityDatabase/write',
  accessRead: 'Microsoft.Authorization/roleAssignments/read',
  accessWrite: 'Microsoft.Authorization/roleAssignments/write',
} as const;
