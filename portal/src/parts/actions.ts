// Actions in words: the server's table, which the audit logs and the roles go by.
import { useApi } from '../api/client.ts';
import type { Action } from '../api/schema.ts';

const ALL = 1000;
/** when: false asks nothing. */
export function useActions(when = true): Action[] {
  return useApi('listActions', when ? { query: { limit: ALL } } : null).data?.items ?? [];
}
/** The words of a code; the code until they are there. */
export const inWords = (actions: Action[], code: string): string => actions.find((x) => x.action === code)?.words ?? code;
