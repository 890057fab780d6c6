// Made by scripts/api.mjs from the server's OpenAPI document; not to be edited.

export interface Counts {
  Critical: number;
  High: number;
  Medium: number;
  Low: number;
  Negligible: number;
  Unknown: number;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

export interface Registry {
  name: string;
  type: 'embedded';
  state: 'Healthy' | 'Unhealthy' | 'NotApplicable';
  reason: string;
  images: number;
  unhealthy: number;
  unverified: number;
  healthy: number;
  pending: number;
  findings: Counts;
  stored_blobs: number;
  stored_bytes: number;
}

export interface RegistryList {
  items: Registry[];
  next?: string;
}

export interface Repository {
  registry: string;
  name: string;
  images: number;
  unhealthy: number;
  unverified: number;
  healthy: number;
  pending: number;
  findings: Counts;
  stored_blobs: number;
  stored_bytes: number;
  pushed_at?: string;
}

export interface RepositoryList {
  items: Repository[];
  next?: string;
}

export interface Scan {
  id: number;
  repository: string;
  digest: string;
  trigger: 'push' | 'import' | 'pull' | 'recheck' | 'advisories' | 'retry' | 'manual';
  status: 'queued' | 'running' | 'completed' | 'failed' | 'unsupported';
  reason: string;
  attempts: number;
  queued_at: string;
  started_at?: string;
  finished_at?: string;
  next_run_at?: string;
  duration_ms?: number;
}

export interface ScanList {
  items: Scan[];
  next?: string;
}

export interface Session {
  name: string;
  kind: 'anonymous' | 'user' | 'robot';
  actions: string[];
}

export interface SignIn {
  name: string;
  password: string;
}

export interface Vulndb {
  present: boolean;
  digest?: string;
  built_at?: string;
  age_seconds?: number;
  advisories?: number;
  affected?: number;
  packages?: number;
  exploits?: number;
  size?: number;
  sources?: VulndbSource[];
}

export interface VulndbSource {
  feed: string;
  source: string;
  fetched_at?: string;
  records: number;
  notes: number;
}

export interface Operations {
  createSession: { path: undefined; query: undefined; body: SignIn; reply: Session };
  deleteSession: { path: undefined; query: undefined; body: undefined; reply: undefined };
  getSession: { path: undefined; query: undefined; body: undefined; reply: Session };
  getVulndb: { path: undefined; query: undefined; body: undefined; reply: Vulndb };
  listRegistries: { path: undefined; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: RegistryList };
  listRepositories: { path: { registry: string | number }; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: RepositoryList };
  listScans: { path: undefined; query: { repository?: string | number; digest?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: ScanList };
}

/** Method, path, and the action that a role must allow. */
export const operations: Record<keyof Operations, [string, string, string]> = {
  createSession: ['POST', '/api/v1/session', ''],
  deleteSession: ['DELETE', '/api/v1/session', 'authenticated'],
  getSession: ['GET', '/api/v1/session', 'authenticated'],
  getVulndb: ['GET', '/api/v1/vulndb', 'Microsoft.Security/assessments/read'],
  listRegistries: ['GET', '/api/v1/registries', 'Microsoft.Security/assessments/read'],
  listRepositories: ['GET', '/api/v1/registries/{registry}/repositories', 'Microsoft.Security/assessments/read'],
  listScans: ['GET', '/api/v1/scans', 'Microsoft.Security/assessments/read'],
};
