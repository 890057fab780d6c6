// Made by scripts/api.mjs from the server's OpenAPI document; not to be edited.

export interface Action {
  action: string;
  words: string;
  kind: 'roles' | 'changes' | 'images' | 'denials';
}

export interface ActionList {
  items: Action[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Annotation {
  name: string;
  value: string;
  label: boolean;
}

export interface AssessedImage {
  registry: string;
  repository: string;
  digest: string;
  distro?: string;
  distro_version?: string;
  state: 'Healthy' | 'Unhealthy' | 'NotApplicable';
  reason: string;
}

export interface AssessedImageList {
  items: AssessedImage[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface AssessedRegistry {
  registry: string;
  subscription: string;
  state: 'Healthy' | 'Unhealthy' | 'NotApplicable';
  cause: '' | 'PlanOff' | 'Exempt' | 'NoImages' | 'NotAssessed' | 'SwitchedOff';
  reason: string;
  exemption?: string;
  category?: string;
  exempt_images: number;
  images: number;
  unhealthy: number;
  healthy: number;
  unverified: number;
  pending: number;
  scanned_at?: string;
  findings: Counts;
  disabled: number;
}

export interface AssessedRegistryList {
  items: AssessedRegistry[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface AttachedDocument {
  digest?: string;
  type?: string;
  state: 'applied' | 'shown' | 'of_another_image' | 'not_read';
  signature?: 'unsigned' | 'unverified' | 'verified';
  of_index?: boolean;
  bill_of_materials?: boolean;
  statements?: number;
  statements_of_other_images?: number;
  declared_packages?: number;
  note?: string;
}

export interface AttachedFile {
  digest: string;
  media_type: string;
  size: number;
  title?: string;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  peer?: string;
  action: string;
  words: string;
  subject: string;
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
  chain?: string;
}

export interface AuditEntryList {
  items: AuditEntry[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface BaseImage {
  how: 'exact' | 'guessed';
  layers: number;
  registry?: string;
  repository?: string;
  digest?: string;
  tags: string[];
  distro?: string;
  pushed_at?: string;
}

export interface Check {
  id: number;
  title: string;
  category: string;
  advisory: string;
  source_name: string;
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  vendor_severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  cves: string[];
  cvss: CvssScores;
  cvss_vector?: string;
  cvss_source?: string;
  kev: boolean;
  kev_since?: string;
  first_seen?: string;
  ransomware: boolean;
  kev_due?: string;
  kev_due_by?: 'CISA KEV' | 'VulnCheck KEV' | 'EU KEV' | 'another list';
  kev_action?: string;
  epss?: number;
  epss_percentile?: number;
  published?: string;
  modified?: string;
  summary: string;
  description: string;
  references: Reference[];
  patchable: boolean;
  remediations: string[];
  images: number;
}

export interface ComparedFinding {
  change: 'added' | 'fixed' | 'changed' | 'unchanged';
  id: number;
  cves: string[];
  kev: boolean;
  check: string;
  advisory: string;
  severity: string;
  package: string;
  from_version?: string;
  to_version?: string;
  fixed_version?: string;
}

export interface ComparedImage {
  registry: string;
  repository: string;
  digest: string;
  tags: string[];
  state: 'Pending' | 'Healthy' | 'Unhealthy' | 'Unverified';
  reason?: string;
}

export interface ComparedPackage {
  change: 'added' | 'removed' | 'changed';
  type: string;
  name: string;
  arch?: string;
  from_version?: string;
  to_version?: string;
}

export interface Comparison {
  from: ComparedImage;
  to: ComparedImage;
  added: Counts;
  fixed: Counts;
  unchanged: Counts;
  packages_added: number;
  packages_removed: number;
  packages_changed: number;
  packages_unchanged: number;
  whole: boolean;
  findings: ComparedFinding[];
  packages: ComparedPackage[];
}

export interface Counts {
  Critical: number;
  High: number;
  Medium: number;
  Low: number;
  Negligible: number;
  Unknown: number;
}

export interface Coverage {
  state: 'assessed' | 'partial' | 'nothing';
  packages: number;
  packages_assessed: number;
  packages_third_party: number;
  not_assessed: string[];
  gaps: Gap[];
  notes: CoverageNote[];
  support_end?: string;
  support?: Support;
  attached?: AttachedDocument[];
}

export interface CoverageNote {
  layer?: string;
  path?: string;
  text: string;
}

export interface Cve {
  id: string;
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  cvss?: number;
  epss?: number;
  kev: boolean;
  kev_due?: string;
  kev_due_by?: 'CISA KEV' | 'VulnCheck KEV' | 'EU KEV' | 'another list';
  kev_action?: string;
  published?: string;
  summary?: string;
  images: number;
  images_exact: boolean;
  checks: CveCheck[];
}

export interface CveCheck {
  id: number;
  title: string;
  category: string;
  advisory: string;
  source_name: string;
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  patchable: boolean;
  images: number;
  images_exact: boolean;
}

export interface Cvss {
  version: '2.0' | '3.0' | '3.1' | '4.0';
  base: number;
  vector: string;
  source?: string;
}

export interface CvssBase {
  base: number;
}

export interface CvssScores {
  '2.0'?: CvssBase;
  '3.0'?: CvssBase;
  '4.0'?: CvssBase;
}

export interface DisabledBy {
  rule: number;
  name: string;
  scope?: string;
  document?: string;
  justification?: string;
  expires_at?: string;
}

export interface Distro {
  id: string;
  version_id: string;
  name: string;
}

export interface Evidence {
  ecosystem: string;
  name: string;
  keyed: 'source' | 'binary';
  compared: string;
  scheme: string;
  range: string;
}

export interface Exemption {
  id: number;
  name: string;
  scope: string;
  digest?: string;
  recommendation: string;
  category: 'Mitigated' | 'Waiver';
  description: string;
  author: string;
  created_at: string;
  expires_at?: string;
  expired: boolean;
}

export interface ExemptionChange {
  name: string;
  category: 'Mitigated' | 'Waiver';
  description?: string;
  expires_at?: string;
}

export interface ExemptionList {
  items: Exemption[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface ExploitedCheck {
  id: number;
  title: string;
  cves: string[];
}

export interface Finding {
  id: number;
  check: string;
  category: string;
  advisory: string;
  cves: string[];
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  vendor_severity?: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  severity_source?: string;
  package: string;
  installed_version: string;
  fixed_version: string;
  status: 'unknown' | 'fixed' | 'affected' | 'will_not_fix' | 'fix_deferred' | 'end_of_life' | 'under_investigation' | 'not_affected';
  patchable: boolean;
  origin?: 'base' | 'image';
  cvss?: Cvss;
  kev: boolean;
  ransomware?: boolean;
  kev_due?: string;
  kev_due_by?: 'CISA KEV' | 'VulnCheck KEV' | 'EU KEV' | 'another list';
  kev_action?: string;
  epss?: number;
  epss_percentile?: number;
  summary?: string;
  remediation?: string;
  published?: string;
  first_seen?: string;
  subscription?: string;
  registry?: string;
  repository?: string;
  digest?: string;
  state?: 'active' | 'disabled';
  disabled_by?: DisabledBy;
  match_count: number;
  matches: Match[];
}

export interface FindingAges {
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  open: number;
  week: number;
  month: number;
  quarter: number;
  older: number;
}

export interface FindingList {
  items: Finding[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface FoundCheck {
  id: number;
  title: string;
  category: string;
  advisory: string;
  package: string;
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  cves: string[];
  cvss?: number;
  epss?: number;
  kev: boolean;
  kev_since?: string;
  kev_due?: string;
  first_seen?: string;
  images: number;
  images_exact: boolean;
  patchable: boolean;
  fixed_version: string;
  status: 'unknown' | 'fixed' | 'affected' | 'will_not_fix' | 'fix_deferred' | 'end_of_life' | 'under_investigation' | 'not_affected';
  registry: string;
  repository: string;
  digest: string;
}

export interface FoundCheckList {
  items: FoundCheck[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Gap {
  reason: string;
  packages?: number;
  files?: number;
  examples: string[];
}

export interface HeldPackage {
  type: string;
  name: string;
  version: string;
  arch: string;
  source_name: string;
  source_version: string;
  distro: string;
  path: string;
  layer: string;
  purl: string;
}

export interface Image {
  subscription: string;
  registry: string;
  repository: string;
  digest: string;
  tags: string[];
  kind: 'image' | 'artifact';
  platform: string;
  state: 'Pending' | 'Healthy' | 'Unhealthy' | 'Unverified';
  reason: string;
  findings: Counts;
  disabled: number;
  packages: number;
  distro: Distro;
  pushed_at?: string;
  pushed_by?: string;
  first_pushed_at?: string;
  first_pushed_by?: string;
  pulled_at?: string;
  pulled_by?: string;
  pulls: number;
  scanned_at?: string;
  scan_trigger?: string;
  scan_next_at?: string;
  scan_next_reason: string;
  note?: string;
  coverage?: Coverage;
  exemption?: string;
  runs_as?: string;
  base?: BaseImage;
}

export interface ImageList {
  items: Image[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Import {
  id: number;
  source: string;
  registry: string;
  repository: string;
  tags: string[];
  all_platforms: boolean;
  platform?: string;
  mode: 'NoForce' | 'Force';
  state: 'Queued' | 'Running' | 'Succeeded' | 'Failed' | 'Cancelled';
  reason?: string;
  digest?: string;
  manifests_done: number;
  manifests_total: number;
  blobs_done: number;
  blobs_total: number;
  bytes_done: number;
  bytes_total: number;
  bytes_fetched: number;
  attempts: number;
  requested_by: string;
  created_at: string;
  started_at?: string;
  finished_at?: string;
  next_run_at?: string;
}

export interface ImportCredentials {
  username?: string;
  password?: string;
  token?: string;
}

export interface ImportList {
  items: Import[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface ImportSource {
  registry?: string;
  repository: string;
  tag?: string;
  digest?: string;
}

export interface ImportedRules {
  format: 'trivyignore' | 'trivyignore-yaml' | 'grype' | 'openvex' | 'harbor' | 'json';
  rules: number;
  created: number[];
  vulnerabilities: number;
  left_out: number;
  notes: string[];
}

export interface Layer {
  digest: string;
  media_type: string;
  size: number;
  created_by?: string;
  base: boolean;
  packages: number;
  findings: number;
}

export interface Layers {
  size: number;
  layers: Layer[];
  annotations: Annotation[];
  annotations_whole: boolean;
}

export interface MadeToken {
  token: string;
  label: string;
  expires_at?: string;
}

export interface Match {
  package: string;
  installed_version: string;
  fixed_version: string;
  status: 'unknown' | 'fixed' | 'affected' | 'will_not_fix' | 'fix_deferred' | 'end_of_life' | 'under_investigation' | 'not_affected';
  patchable: boolean;
  arch: string;
  source_name: string;
  source_version: string;
  layer: string;
  layer_created_by?: string;
  origin?: 'base' | 'image';
  path: string;
  purl: string;
  remediation?: string;
  evidence?: Evidence;
}

export interface NewExemption {
  name: string;
  category: 'Mitigated' | 'Waiver';
  description?: string;
  expires_at?: string;
  scope: string;
  digest?: string;
  recommendation?: string;
}

export interface NewFindings {
  by_advisory: Counts;
  by_image: Counts;
}

export interface NewImport {
  source?: string;
  from?: ImportSource;
  credentials?: ImportCredentials;
  repository?: string;
  tags?: string[];
  all_platforms?: boolean;
  platform?: string;
  mode?: 'NoForce' | 'Force';
  insecure?: boolean;
  ca_certificates?: string;
}

export interface NewNotification {
  name: string;
  recipients?: string[];
  secret?: string;
  events: ('findings' | 'state' | 'scan_failed' | 'feeds' | 'rules' | 'imports' | 'weekly')[];
  severity_gte?: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  criteria?: NotificationCriteria;
  enabled?: boolean;
  scope: string;
  kind?: 'webhook' | 'email';
  url?: string;
}

export interface NewPlan {
  tier: 'Free' | 'Standard';
}

export interface NewRegistry {
  name: string;
  title?: string;
  hosts?: string[];
}

export interface NewRoleAssignment {
  user: string;
  role: string;
  scope?: string;
}

export interface NewRule {
  name: string;
  scope: string;
  effect?: 'disable' | 'observe';
  match?: 'any' | 'all';
  criteria: RuleCriteria;
  ends_when?: RuleEnd;
  justification?: string;
  ticket?: string;
  expires_at?: string;
}

export interface NewScan {
  registry?: string;
  repository: string;
  digest: string;
}

export interface NewToken {
  label?: string;
  days?: number;
}

export interface NewerBase {
  registry: string;
  repository: string;
  from_digest: string;
  digest: string;
  tags: string[];
  from_distro: string;
  distro: string;
  pushed_at: string;
}

export interface NewlyExploited {
  id: number;
  title: string;
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  cves: string[];
  package: string;
  kev_since: string;
  kev_due?: string;
  images: number;
  images_exact: boolean;
}

export interface Notification {
  id: number;
  name: string;
  scope: string;
  kind: 'webhook' | 'email';
  url?: string;
  recipients?: string[];
  has_secret: boolean;
  events: ('findings' | 'state' | 'scan_failed' | 'feeds' | 'rules' | 'imports' | 'weekly')[];
  severity_gte: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  criteria?: NotificationCriteria;
  enabled: boolean;
  author: string;
  paused?: string;
  created_at: string;
  changed_at: string;
  waiting: number;
  delivered_at?: string;
  failed_at?: string;
  last_error?: string;
}

export interface NotificationChange {
  name: string;
  recipients?: string[];
  secret?: string;
  events: ('findings' | 'state' | 'scan_failed' | 'feeds' | 'rules' | 'imports' | 'weekly')[];
  severity_gte?: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  criteria?: NotificationCriteria;
  enabled?: boolean;
  url?: string;
  drop_secret?: boolean;
}

export interface NotificationCriteria {
  severity?: ('Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical')[];
  category?: ('Kernel headers' | 'Malicious packages' | 'Accounts' | 'Secrets' | 'Permissions' | 'Configuration' | 'Debian' | 'Ubuntu' | 'Echo' | 'Docker Hardened Images' | 'Alpine' | 'Wolfi' | 'Chainguard' | 'MinimOS' | 'Alpaquita' | 'BellSoft Hardened Containers' | 'AlmaLinux' | 'Rocky Linux' | 'Red Hat' | 'CentOS' | 'Fedora' | 'SUSE' | 'openSUSE' | 'Photon OS' | 'Amazon Linux' | 'Oracle Linux' | 'Azure Linux' | 'CBL-Mariner' | 'openEuler' | 'Mageia' | 'Bottlerocket' | 'Arch Linux' | 'Bitnami' | 'Go' | 'npm' | 'crates.io' | 'PyPI' | 'Maven' | 'RubyGems' | 'NuGet' | 'Packagist' | 'Hex' | 'Pub' | 'CRAN' | 'Bioconductor' | 'Hackage' | 'GHC' | 'ConanCenter' | 'Julia' | 'SwiftURL' | 'CleanStart' | 'CocoaPods' | 'GitHub Actions' | 'Kubernetes' | 'VSCode' | 'opam')[];
  not_category?: ('Kernel headers' | 'Malicious packages' | 'Accounts' | 'Secrets' | 'Permissions' | 'Configuration' | 'Debian' | 'Ubuntu' | 'Echo' | 'Docker Hardened Images' | 'Alpine' | 'Wolfi' | 'Chainguard' | 'MinimOS' | 'Alpaquita' | 'BellSoft Hardened Containers' | 'AlmaLinux' | 'Rocky Linux' | 'Red Hat' | 'CentOS' | 'Fedora' | 'SUSE' | 'openSUSE' | 'Photon OS' | 'Amazon Linux' | 'Oracle Linux' | 'Azure Linux' | 'CBL-Mariner' | 'openEuler' | 'Mageia' | 'Bottlerocket' | 'Arch Linux' | 'Bitnami' | 'Go' | 'npm' | 'crates.io' | 'PyPI' | 'Maven' | 'RubyGems' | 'NuGet' | 'Packagist' | 'Hex' | 'Pub' | 'CRAN' | 'Bioconductor' | 'Hackage' | 'GHC' | 'ConanCenter' | 'Julia' | 'SwiftURL' | 'CleanStart' | 'CocoaPods' | 'GitHub Actions' | 'Kubernetes' | 'VSCode' | 'opam')[];
  check_id?: number[];
  cve?: string[];
  package?: string[];
  status?: ('unknown' | 'fixed' | 'affected' | 'will_not_fix' | 'fix_deferred' | 'end_of_life' | 'under_investigation' | 'not_affected')[];
  patchable?: boolean;
  fixed?: boolean;
  kev?: boolean;
  cvss_gte?: number;
  cvss_lt?: number;
  epss_gte?: number;
  epss_lt?: number;
  search?: string;
}

export interface NotificationDelivery {
  id: number;
  type: string;
  subject: string;
  state: 'waiting' | 'delivered' | 'failed';
  attempts: number;
  created_at: string;
  next_at?: string;
  ended_at?: string;
  error?: string;
}

export interface NotificationDeliveryList {
  items: NotificationDelivery[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface NotificationList {
  items: Notification[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Overview {
  images: number;
  healthy: number;
  unhealthy: number;
  unverified: number;
  pending: number;
  findings: Counts;
  disabled: number;
  unique_cves: number;
  unique_cves_exact: boolean;
  ages: FindingAges[];
  mean_age_days?: number;
  ages_complete: boolean;
  new_day: NewFindings;
  new_week: NewFindings;
  newly_exploited: NewlyExploited[];
  riskiest: RiskyImage[];
}

export interface Package {
  type: string;
  class: 'os' | 'language' | 'binary' | 'declared' | 'content';
  name: string;
  version: string;
  arch: string;
  source_name: string;
  source_version: string;
  distro: string;
  module?: string;
  vendor?: string;
  license?: string;
  third_party: boolean;
  path: string;
  layer: string;
  purl: string;
}

export interface PackageHolder {
  subscription: string;
  registry: string;
  repository: string;
  digest: string;
  tags: string[];
  os: string;
  pushed_at?: string;
  pulled_at?: string;
  packages: HeldPackage[];
}

export interface PackageHolderList {
  items: PackageHolder[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface PackageList {
  items: Package[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Plan {
  subscription: string;
  tier: 'Free' | 'Standard';
  trial_until?: string;
  changed_at?: string;
  changed_by?: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
}

export interface Recommendation {
  key: string;
  name: string;
  description: string;
  remediation_steps: string[];
  severity: 'Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical';
  control: string;
  state: 'Healthy' | 'Unhealthy' | 'NotApplicable';
  unhealthy_registries: number;
  healthy_registries: number;
  not_applicable_registries: number;
  images: number;
  unhealthy_images: number;
  findings: Counts;
  disabled: number;
  max_score?: number;
  current_score?: number;
  potential_increase?: number;
}

export interface RecommendationList {
  items: Recommendation[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Reference {
  type: string;
  url: string;
}

export interface Referrer {
  digest: string;
  media_type: string;
  artifact_type: string;
  size: number;
  pushed_at?: string;
  files: AttachedFile[];
}

export interface ReferrerList {
  items: Referrer[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Registry {
  name: string;
  title?: string;
  subscription: string;
  resource_group: string;
  hosts: string[];
  type: 'embedded';
  state: 'Healthy' | 'Unhealthy' | 'NotApplicable' | 'Deleting';
  reason: string;
  images: number;
  unhealthy: number;
  unverified: number;
  healthy: number;
  pending: number;
  findings: Counts;
  disabled: number;
  stored_blobs: number;
  stored_bytes: number;
  created_at?: string;
}

export interface RegistryList {
  items: Registry[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Remediation {
  findings: number;
  images: number;
  whole: boolean;
  upgrade_findings: number;
  change_image_findings: number;
  fix_elsewhere_findings: number;
  no_fix_findings: number;
  images_cleared: number;
  score_increase?: number;
  commands: RemediationCommand[];
  step_count: number;
  steps: RemediationStep[];
}

export interface RemediationCommand {
  type: string;
  distro?: string;
  packages: number;
  command: string;
}

export interface RemediationPackage {
  name: string;
  installed_version: string;
  fixed_version: string;
}

export interface RemediationStep {
  kind: 'upgrade' | 'rebase' | 'change_image' | 'fix_elsewhere' | 'no_fix';
  package: string;
  type?: string;
  distro?: string;
  installed_version?: string;
  fixed_version?: string;
  text: string;
  command?: string;
  findings: number;
  by_severity: Counts;
  kev: number;
  images: number;
  images_cleared: number;
  score_increase?: number;
  base?: NewerBase;
  packages: RemediationPackage[];
}

export interface Repository {
  subscription: string;
  registry: string;
  name: string;
  images: number;
  unhealthy: number;
  unverified: number;
  healthy: number;
  pending: number;
  findings: Counts;
  disabled: number;
  stored_blobs: number;
  stored_bytes: number;
  pushed_at?: string;
}

export interface RepositoryList {
  items: Repository[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface RiskyImage {
  subscription: string;
  registry: string;
  repository: string;
  digest: string;
  tags: string[];
  findings: Counts;
  exploited: number;
  critical_patchable: number;
  pulls: number;
  pulled_at?: string;
  pushed_at: string;
}

export interface Role {
  id: string;
  name: string;
  builtin: boolean;
  actions: string[];
  allows: string[];
  description?: string;
  scopes: string[];
}

export interface RoleAssignment {
  user?: string;
  role: string;
  role_id: string;
  scope: string;
  created_at: string;
}

export interface RoleAssignmentList {
  items: RoleAssignment[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface RoleList {
  items: Role[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Rule {
  id: number;
  scope: RuleScope;
  name: string;
  effect: 'disable' | 'observe';
  match: 'any' | 'all';
  criteria: RuleCriteria;
  ends_when?: RuleEnd;
  justification: string;
  ticket: string;
  author: string;
  created_at: string;
  changed_at: string;
  expires_at?: string;
  state: 'active' | 'expired' | 'ended';
  ended_reason?: string;
  in_effect: boolean;
  findings?: number;
  images?: number;
  released?: number;
}

export interface RuleChange {
  name: string;
  effect?: 'disable' | 'observe';
  match?: 'any' | 'all';
  criteria: RuleCriteria;
  ends_when?: RuleEnd;
  justification?: string;
  ticket?: string;
  expires_at?: string;
}

export interface RuleCriteria {
  severity?: ('Unknown' | 'Negligible' | 'Low' | 'Medium' | 'High' | 'Critical')[];
  category?: ('Kernel headers' | 'Malicious packages' | 'Accounts' | 'Secrets' | 'Permissions' | 'Configuration' | 'Debian' | 'Ubuntu' | 'Echo' | 'Docker Hardened Images' | 'Alpine' | 'Wolfi' | 'Chainguard' | 'MinimOS' | 'Alpaquita' | 'BellSoft Hardened Containers' | 'AlmaLinux' | 'Rocky Linux' | 'Red Hat' | 'CentOS' | 'Fedora' | 'SUSE' | 'openSUSE' | 'Photon OS' | 'Amazon Linux' | 'Oracle Linux' | 'Azure Linux' | 'CBL-Mariner' | 'openEuler' | 'Mageia' | 'Bottlerocket' | 'Arch Linux' | 'Bitnami' | 'Go' | 'npm' | 'crates.io' | 'PyPI' | 'Maven' | 'RubyGems' | 'NuGet' | 'Packagist' | 'Hex' | 'Pub' | 'CRAN' | 'Bioconductor' | 'Hackage' | 'GHC' | 'ConanCenter' | 'Julia' | 'SwiftURL' | 'CleanStart' | 'CocoaPods' | 'GitHub Actions' | 'Kubernetes' | 'VSCode' | 'opam')[];
  not_category?: ('Kernel headers' | 'Malicious packages' | 'Accounts' | 'Secrets' | 'Permissions' | 'Configuration' | 'Debian' | 'Ubuntu' | 'Echo' | 'Docker Hardened Images' | 'Alpine' | 'Wolfi' | 'Chainguard' | 'MinimOS' | 'Alpaquita' | 'BellSoft Hardened Containers' | 'AlmaLinux' | 'Rocky Linux' | 'Red Hat' | 'CentOS' | 'Fedora' | 'SUSE' | 'openSUSE' | 'Photon OS' | 'Amazon Linux' | 'Oracle Linux' | 'Azure Linux' | 'CBL-Mariner' | 'openEuler' | 'Mageia' | 'Bottlerocket' | 'Arch Linux' | 'Bitnami' | 'Go' | 'npm' | 'crates.io' | 'PyPI' | 'Maven' | 'RubyGems' | 'NuGet' | 'Packagist' | 'Hex' | 'Pub' | 'CRAN' | 'Bioconductor' | 'Hackage' | 'GHC' | 'ConanCenter' | 'Julia' | 'SwiftURL' | 'CleanStart' | 'CocoaPods' | 'GitHub Actions' | 'Kubernetes' | 'VSCode' | 'opam')[];
  check_id?: number[];
  cve?: string[];
  package?: string[];
  status?: ('unknown' | 'fixed' | 'affected' | 'will_not_fix' | 'fix_deferred' | 'end_of_life' | 'under_investigation' | 'not_affected')[];
  patchable?: boolean;
  fixed?: boolean;
  kev?: boolean;
  cvss_gte?: number;
  cvss_lt?: number;
  epss_gte?: number;
  epss_lt?: number;
  search?: string;
  repository?: string[];
  digest?: string[];
  os?: string[];
  text?: string[];
  tag?: string[];
  severity_below?: 'Low' | 'Medium' | 'High' | 'Critical';
}

export interface RuleEnd {
  fix_available?: boolean;
  kev?: boolean;
  epss_gte?: number;
  severity_gte?: 'Low' | 'Medium' | 'High' | 'Critical';
}

export interface RuleList {
  items: Rule[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface RulePreview {
  findings: number;
  new_findings: number;
  images: number;
  kev: number;
  patchable: number;
  by_severity: Counts;
  exploited_checks: ExploitedCheck[];
  warning?: string;
  exact: boolean;
}

export interface RulePreviewRequest {
  name?: string;
  scope: string;
  effect?: 'disable' | 'observe';
  match?: 'any' | 'all';
  criteria: RuleCriteria;
  ends_when?: RuleEnd;
  justification?: string;
  ticket?: string;
  expires_at?: string;
  replaces?: number;
}

export interface RuleScope {
  id: number;
  kind: 'root' | 'managementGroup' | 'subscription' | 'resourceGroup' | 'registry' | 'repository';
  name: string;
  path: string;
}

export interface Scan {
  id: number;
  subscription: string;
  registry: string;
  repository: string;
  digest: string;
  trigger: 'push' | 'import' | 'pull' | 'recheck' | 'advisories' | 'retry' | 'manual' | 'plan';
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
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface ScansSummary {
  queued: number;
  oldest_queued_at?: string;
  running: number;
  retrying: number;
  next_retry_at?: string;
  exact: boolean;
  images: number;
  pending_images: number;
  unverified_images: number;
}

export interface Scope {
  name: string;
  title?: string;
  scope: string;
  parent?: string;
  created_at?: string;
}

export interface ScopeList {
  items: Scope[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Score {
  subscription?: string;
  percentage?: number;
  current: number;
  max: number;
  potential_increase: number;
  increase_per_registry: number;
  healthy: number;
  unhealthy: number;
  not_applicable: number;
}

export interface ScoreDay {
  day: string;
  subscription: string;
  percentage?: number;
  healthy: number;
  unhealthy: number;
  not_applicable: number;
}

export interface ScoreDayList {
  items: ScoreDay[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface SecureScore {
  all: Score;
  subscriptions: Score[];
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

export interface SignInWays {
  password: boolean;
  provider?: string;
  provider_url?: string;
}

export interface Support {
  state: 'supported' | 'extended' | 'ended';
  standard_end: string;
  extended?: string;
  extended_end?: string;
  source: string;
  as_of?: string;
}

export interface Token {
  id: number;
  kind: 'personal' | 'refresh' | 'session';
  label: string;
  created_at: string;
  expires_at?: string;
}

export interface TokenList {
  items: Token[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Usage {
  month: string;
  subscription: string;
  images: number;
  trial_images: number;
  billable_images: number;
}

export interface UsageList {
  items: Usage[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface User {
  name: string;
  kind: 'user' | 'robot' | 'group';
  enabled: boolean;
  has_password: boolean;
  created_at: string;
  groups: string[];
  roles: RoleAssignment[];
}

export interface UserList {
  items: User[];
  total: number;
  total_exact: boolean;
  next?: string;
}

export interface Version {
  name: string;
  version: string;
  apis: string[];
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

export interface Why {
  id: string;
  reported: boolean;
  reason: 'reported' | 'disabled_by_rule' | 'not_scanned' | 'not_assessed' | 'not_affected' | 'withdrawn' | 'not_linked' | 'fixed_installed' | 'version_outside_range' | 'other_record_decides' | 'no_record_of_release' | 'distribution_not_covered' | 'not_read' | 'package_absent' | 'unknown_id' | 'database_too_old' | 'being_updated' | 'no_database' | 'content_not_found';
  text: string;
  state: 'Pending' | 'Healthy' | 'Unhealthy' | 'Unverified';
  state_reason?: string;
  database?: string;
  database_built_at?: string;
  findings: Finding[];
  packages: WhyPackage[];
  whole: boolean;
}

export interface WhyPackage {
  type: string;
  name: string;
  version: string;
  arch?: string;
  source_name?: string;
  source_version?: string;
  path: string;
  layer?: string;
  layer_created_by?: string;
  outcome: 'affected' | 'not_affected' | 'no_record' | 'not_assessed';
  advisory?: string;
  feed?: string;
  fetched_at?: string;
  ecosystem?: string;
  compared?: string;
  scheme?: string;
  range?: string;
  fixed_version?: string;
  cwes?: string[];
  text: string;
}

export interface Operations {
  cancelImport: { path: { id: string | number }; query: undefined; body: undefined; reply: undefined };
  changeExemption: { path: { id: string | number }; query: undefined; body: ExemptionChange; reply: Exemption };
  changeNotification: { path: { id: string | number }; query: undefined; body: NotificationChange; reply: Notification };
  changeRule: { path: { id: string | number }; query: undefined; body: RuleChange; reply: Rule };
  compareImages: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { from: string | number; from_repository?: string | number; from_registry?: string | number; limit?: string | number }; body: undefined; reply: Comparison };
  createExemption: { path: undefined; query: undefined; body: NewExemption; reply: Exemption };
  createImport: { path: { registry: string | number }; query: undefined; body: NewImport; reply: Import };
  createNotification: { path: undefined; query: undefined; body: NewNotification; reply: Notification };
  createRegistry: { path: { subscription: string | number; resource_group: string | number }; query: undefined; body: NewRegistry; reply: Registry };
  createRoleAssignment: { path: undefined; query: undefined; body: NewRoleAssignment; reply: User };
  createRule: { path: undefined; query: undefined; body: NewRule; reply: Rule };
  createScan: { path: undefined; query: undefined; body: NewScan; reply: Scan };
  createSession: { path: undefined; query: undefined; body: SignIn; reply: Session };
  createToken: { path: { user: string | number }; query: undefined; body: NewToken; reply: MadeToken };
  deleteExemption: { path: { id: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteImage: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteNotification: { path: { id: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteRegistry: { path: { registry: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteRepository: { path: { registry: string | number; repository: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteRoleAssignment: { path: undefined; query: { user: string | number; role: string | number; scope?: string | number }; body: undefined; reply: undefined };
  deleteRule: { path: { id: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteSession: { path: undefined; query: undefined; body: undefined; reply: undefined };
  deleteTag: { path: { registry: string | number; repository: string | number; tag: string | number }; query: undefined; body: undefined; reply: undefined };
  deleteToken: { path: { user: string | number; id: string | number }; query: undefined; body: undefined; reply: undefined };
  downloadBlob: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: undefined };
  exportRules: { path: undefined; query: { format?: string | number; scope?: string | number }; body: undefined; reply: undefined };
  getCheck: { path: { id: string | number }; query: { scope?: string | number }; body: undefined; reply: Check };
  getCve: { path: { id: string | number }; query: { scope?: string | number }; body: undefined; reply: Cve };
  getImage: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: Image };
  getImageConfig: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: undefined };
  getImageManifest: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: undefined };
  getImageRemediation: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { severity?: string | number; category?: string | number; not_category?: string | number; check_id?: string | number; cve?: string | number; package?: string | number; status?: string | number; patchable?: string | number; fixed?: string | number; kev?: string | number; cvss_gte?: string | number; cvss_lt?: string | number; epss_gte?: string | number; epss_lt?: string | number; search?: string | number; age_gte?: string | number; age_lt?: string | number; limit?: string | number }; body: undefined; reply: Remediation };
  getNotification: { path: { id: string | number }; query: { scope?: string | number }; body: undefined; reply: Notification };
  getOverview: { path: undefined; query: { scope?: string | number }; body: undefined; reply: Overview };
  getPlan: { path: { subscription: string | number }; query: { scope?: string | number }; body: undefined; reply: Plan };
  getRecommendation: { path: { key: string | number }; query: { scope?: string | number }; body: undefined; reply: Recommendation };
  getRegistry: { path: { registry: string | number }; query: { scope?: string | number }; body: undefined; reply: Registry };
  getRemediation: { path: undefined; query: { severity?: string | number; category?: string | number; not_category?: string | number; check_id?: string | number; cve?: string | number; package?: string | number; status?: string | number; patchable?: string | number; fixed?: string | number; kev?: string | number; cvss_gte?: string | number; cvss_lt?: string | number; epss_gte?: string | number; epss_lt?: string | number; search?: string | number; age_gte?: string | number; age_lt?: string | number; repository?: string | number; digest?: string | number; os?: string | number; subscription?: string | number; registry?: string | number; limit?: string | number; scope?: string | number }; body: undefined; reply: Remediation };
  getReport: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { format?: string | number }; body: undefined; reply: undefined };
  getRule: { path: { id: string | number }; query: { scope?: string | number }; body: undefined; reply: Rule };
  getScansSummary: { path: undefined; query: { scope?: string | number }; body: undefined; reply: ScansSummary };
  getSecureScore: { path: undefined; query: { scope?: string | number }; body: undefined; reply: SecureScore };
  getSession: { path: undefined; query: undefined; body: undefined; reply: Session };
  getSignInWays: { path: undefined; query: undefined; body: undefined; reply: SignInWays };
  getVersion: { path: undefined; query: undefined; body: undefined; reply: Version };
  getVulndb: { path: undefined; query: undefined; body: undefined; reply: Vulndb };
  getWhy: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { cve: string | number }; body: undefined; reply: Why };
  importRules: { path: undefined; query: { format?: string | number; scope?: string | number; dry_run?: string | number }; body: undefined; reply: ImportedRules };
  listActions: { path: undefined; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: ActionList };
  listAllImages: { path: undefined; query: { registry?: string | number; repository?: string | number; search?: string | number; state?: string | number; pulled_days?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ImageList };
  listAssessedImages: { path: { key: string | number }; query: { state?: string | number; registry?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: AssessedImageList };
  listAssessedRegistries: { path: { key: string | number }; query: { state?: string | number; subscription?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: AssessedRegistryList };
  listAudit: { path: undefined; query: { action?: string | number; actor?: string | number; subject?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: AuditEntryList };
  listCheckImages: { path: { id: string | number }; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ImageList };
  listChecks: { path: undefined; query: { severity?: string | number; category?: string | number; not_category?: string | number; check_id?: string | number; cve?: string | number; package?: string | number; status?: string | number; patchable?: string | number; fixed?: string | number; kev?: string | number; cvss_gte?: string | number; cvss_lt?: string | number; epss_gte?: string | number; epss_lt?: string | number; search?: string | number; age_gte?: string | number; age_lt?: string | number; repository?: string | number; digest?: string | number; os?: string | number; registry?: string | number; recommendation?: string | number; sort?: string | number; state?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: FoundCheckList };
  listCveImages: { path: { id: string | number }; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ImageList };
  listDenials: { path: undefined; query: { action?: string | number; actor?: string | number; subject?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: AuditEntryList };
  listExemptions: { path: undefined; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ExemptionList };
  listFindings: { path: undefined; query: { severity?: string | number; category?: string | number; not_category?: string | number; check_id?: string | number; cve?: string | number; package?: string | number; status?: string | number; patchable?: string | number; fixed?: string | number; kev?: string | number; cvss_gte?: string | number; cvss_lt?: string | number; epss_gte?: string | number; epss_lt?: string | number; search?: string | number; age_gte?: string | number; age_lt?: string | number; repository?: string | number; digest?: string | number; os?: string | number; registry?: string | number; recommendation?: string | number; sort?: string | number; state?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: FindingList };
  listImageAudit: { path: undefined; query: { action?: string | number; actor?: string | number; subject?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: AuditEntryList };
  listImageFindings: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { severity?: string | number; category?: string | number; not_category?: string | number; check_id?: string | number; cve?: string | number; package?: string | number; status?: string | number; patchable?: string | number; fixed?: string | number; kev?: string | number; cvss_gte?: string | number; cvss_lt?: string | number; epss_gte?: string | number; epss_lt?: string | number; search?: string | number; age_gte?: string | number; age_lt?: string | number; registry?: string | number; recommendation?: string | number; sort?: string | number; state?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: FindingList };
  listImageReferrers: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: ReferrerList };
  listImageScans: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: ScanList };
  listImages: { path: { registry: string | number; repository: string | number }; query: { state?: string | number; kind?: string | number; os?: string | number; sort?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: ImageList };
  listImports: { path: undefined; query: { registry?: string | number; state?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ImportList };
  listLayers: { path: { registry: string | number; repository: string | number; digest: string | number }; query: undefined; body: undefined; reply: Layers };
  listManagementGroups: { path: undefined; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ScopeList };
  listNotificationDeliveries: { path: { id: string | number }; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: NotificationDeliveryList };
  listNotifications: { path: undefined; query: { scope?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: NotificationList };
  listPackages: { path: { registry: string | number; repository: string | number; digest: string | number }; query: { package?: string | number; type?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: PackageList };
  listRecommendations: { path: undefined; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: RecommendationList };
  listRegistries: { path: undefined; query: { subscription?: string | number; resource_group?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: RegistryList };
  listRepositories: { path: { registry: string | number }; query: { search?: string | number; sort?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: RepositoryList };
  listResourceGroups: { path: { subscription: string | number }; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ScopeList };
  listRoleAssignments: { path: undefined; query: { user?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: RoleAssignmentList };
  listRoles: { path: undefined; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: RoleList };
  listRules: { path: undefined; query: { scope?: string | number; inherited?: string | number; state?: string | number; limit?: string | number; cursor?: string | number }; body: undefined; reply: RuleList };
  listScans: { path: undefined; query: { registry?: string | number; repository?: string | number; digest?: string | number; status?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ScanList };
  listSecureScoreDays: { path: undefined; query: { days?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ScoreDayList };
  listSubscriptions: { path: undefined; query: { limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: ScopeList };
  listTokens: { path: { user: string | number }; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: TokenList };
  listUsage: { path: undefined; query: { month?: string | number; subscription?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: UsageList };
  listUsers: { path: undefined; query: { limit?: string | number; cursor?: string | number }; body: undefined; reply: UserList };
  previewRule: { path: undefined; query: undefined; body: RulePreviewRequest; reply: RulePreview };
  searchPackages: { path: undefined; query: { name: string | number; type?: string | number; version?: string | number; version_below?: string | number; version_from?: string | number; registry?: string | number; repository?: string | number; limit?: string | number; cursor?: string | number; scope?: string | number }; body: undefined; reply: PackageHolderList };
  setPlan: { path: { subscription: string | number }; query: undefined; body: NewPlan; reply: Plan };
  testNotification: { path: { id: string | number }; query: undefined; body: undefined; reply: NotificationDelivery };
  updateVulndb: { path: undefined; query: undefined; body: undefined; reply: undefined };
}

/** Method, path, the action that a role must allow, and whether its query narrows to a scope. */
export const operations: Record<keyof Operations, [string, string, string, boolean]> = {
  cancelImport: ['DELETE', '/api/v1/imports/{id}', 'registries/importImage/action', false],
  changeExemption: ['PUT', '/api/v1/exemptions/{id}', 'Microsoft.Authorization/policyExemptions/write', false],
  changeNotification: ['PUT', '/api/v1/notifications/{id}', 'Microsoft.Authorization/policyAssignments/write', false],
  changeRule: ['PUT', '/api/v1/rules/{id}', 'Microsoft.Authorization/policyAssignments/write', false],
  compareImages: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/compare', 'Microsoft.Security/assessments/read', false],
  createExemption: ['POST', '/api/v1/exemptions', 'Microsoft.Authorization/policyExemptions/write', false],
  createImport: ['POST', '/api/v1/registries/{registry}/imports', 'registries/importImage/action', false],
  createNotification: ['POST', '/api/v1/notifications', 'Microsoft.Authorization/policyAssignments/write', false],
  createRegistry: ['POST', '/api/v1/subscriptions/{subscription}/resource-groups/{resource_group}/registries', 'registries/write', false],
  createRoleAssignment: ['POST', '/api/v1/role-assignments', 'Microsoft.Authorization/roleAssignments/write', false],
  createRule: ['POST', '/api/v1/rules', 'Microsoft.Authorization/policyAssignments/write', false],
  createScan: ['POST', '/api/v1/scans', 'Microsoft.Security/assessments/write', false],
  createSession: ['POST', '/api/v1/session', '', false],
  createToken: ['POST', '/api/v1/users/{user}/tokens', 'Microsoft.Authorization/roleAssignments/write', false],
  deleteExemption: ['DELETE', '/api/v1/exemptions/{id}', 'Microsoft.Authorization/policyExemptions/write', false],
  deleteImage: ['DELETE', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}', 'registries/artifacts/delete', false],
  deleteNotification: ['DELETE', '/api/v1/notifications/{id}', 'Microsoft.Authorization/policyAssignments/write', false],
  deleteRegistry: ['DELETE', '/api/v1/registries/{registry}', 'registries/write', false],
  deleteRepository: ['DELETE', '/api/v1/registries/{registry}/repositories/{repository}', 'registries/artifacts/delete', false],
  deleteRoleAssignment: ['DELETE', '/api/v1/role-assignments', 'Microsoft.Authorization/roleAssignments/write', false],
  deleteRule: ['DELETE', '/api/v1/rules/{id}', 'Microsoft.Authorization/policyAssignments/write', false],
  deleteSession: ['DELETE', '/api/v1/session', 'authenticated', false],
  deleteTag: ['DELETE', '/api/v1/registries/{registry}/repositories/{repository}/tags/{tag}', 'registries/artifacts/delete', false],
  deleteToken: ['DELETE', '/api/v1/users/{user}/tokens/{id}', 'Microsoft.Authorization/roleAssignments/write', false],
  downloadBlob: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/blobs/{digest}', 'registries/pull/read', false],
  exportRules: ['GET', '/api/v1/rules/export', 'Microsoft.Security/assessments/read', false],
  getCheck: ['GET', '/api/v1/checks/{id}', 'Microsoft.Security/assessments/read', true],
  getCve: ['GET', '/api/v1/cves/{id}', 'Microsoft.Security/assessments/read', true],
  getImage: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}', 'Microsoft.Security/assessments/read', false],
  getImageConfig: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/config', 'registries/pull/read', false],
  getImageManifest: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/manifest', 'registries/pull/read', false],
  getImageRemediation: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/remediation', 'Microsoft.Security/assessments/read', false],
  getNotification: ['GET', '/api/v1/notifications/{id}', 'Microsoft.Security/assessments/read', true],
  getOverview: ['GET', '/api/v1/overview', 'Microsoft.Security/assessments/read', true],
  getPlan: ['GET', '/api/v1/subscriptions/{subscription}/plan', 'Microsoft.Security/pricings/read', true],
  getRecommendation: ['GET', '/api/v1/recommendations/{key}', 'Microsoft.Security/assessments/read', true],
  getRegistry: ['GET', '/api/v1/registries/{registry}', 'Microsoft.Security/assessments/read', true],
  getRemediation: ['GET', '/api/v1/remediation', 'Microsoft.Security/assessments/read', true],
  getReport: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/report', 'Microsoft.Security/assessments/read', false],
  getRule: ['GET', '/api/v1/rules/{id}', 'Microsoft.Security/assessments/read', true],
  getScansSummary: ['GET', '/api/v1/scans:summary', 'Microsoft.Security/assessments/read', true],
  getSecureScore: ['GET', '/api/v1/secure-score', 'Microsoft.Security/assessments/read', true],
  getSession: ['GET', '/api/v1/session', 'authenticated', false],
  getSignInWays: ['GET', '/api/v1/session/ways', '', false],
  getVersion: ['GET', '/version', '', false],
  getVulndb: ['GET', '/api/v1/vulndb', 'Microsoft.Security/assessments/read', false],
  getWhy: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/why', 'Microsoft.Security/assessments/read', false],
  importRules: ['POST', '/api/v1/rules/import', 'Microsoft.Authorization/policyAssignments/write', false],
  listActions: ['GET', '/api/v1/actions', 'authenticated', false],
  listAllImages: ['GET', '/api/v1/images', 'Microsoft.Security/assessments/read', true],
  listAssessedImages: ['GET', '/api/v1/recommendations/{key}/images', 'Microsoft.Security/assessments/read', true],
  listAssessedRegistries: ['GET', '/api/v1/recommendations/{key}/registries', 'Microsoft.Security/assessments/read', true],
  listAudit: ['GET', '/api/v1/audit', 'Microsoft.Authorization/roleAssignments/read', false],
  listCheckImages: ['GET', '/api/v1/checks/{id}/images', 'Microsoft.Security/assessments/read', true],
  listChecks: ['GET', '/api/v1/checks', 'Microsoft.Security/assessments/read', true],
  listCveImages: ['GET', '/api/v1/cves/{id}/images', 'Microsoft.Security/assessments/read', true],
  listDenials: ['GET', '/api/v1/audit/denials', 'Microsoft.Authorization/roleAssignments/read', false],
  listExemptions: ['GET', '/api/v1/exemptions', 'Microsoft.Security/assessments/read', true],
  listFindings: ['GET', '/api/v1/findings', 'Microsoft.Security/assessments/read', true],
  listImageAudit: ['GET', '/api/v1/audit/images', 'Microsoft.Authorization/roleAssignments/read', false],
  listImageFindings: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/findings', 'Microsoft.Security/assessments/read', false],
  listImageReferrers: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/referrers', 'Microsoft.Security/assessments/read', false],
  listImageScans: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/scans', 'Microsoft.Security/assessments/read', false],
  listImages: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images', 'Microsoft.Security/assessments/read', false],
  listImports: ['GET', '/api/v1/imports', 'registries/read', true],
  listLayers: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/layers', 'Microsoft.Security/assessments/read', false],
  listManagementGroups: ['GET', '/api/v1/management-groups', 'Microsoft.Security/assessments/read', true],
  listNotificationDeliveries: ['GET', '/api/v1/notifications/{id}/deliveries', 'Microsoft.Security/assessments/read', true],
  listNotifications: ['GET', '/api/v1/notifications', 'Microsoft.Security/assessments/read', false],
  listPackages: ['GET', '/api/v1/registries/{registry}/repositories/{repository}/images/{digest}/packages', 'Microsoft.Security/assessments/read', false],
  listRecommendations: ['GET', '/api/v1/recommendations', 'Microsoft.Security/assessments/read', true],
  listRegistries: ['GET', '/api/v1/registries', 'Microsoft.Security/assessments/read', true],
  listRepositories: ['GET', '/api/v1/registries/{registry}/repositories', 'Microsoft.Security/assessments/read', true],
  listResourceGroups: ['GET', '/api/v1/subscriptions/{subscription}/resource-groups', 'Microsoft.Security/assessments/read', true],
  listRoleAssignments: ['GET', '/api/v1/role-assignments', 'Microsoft.Authorization/roleAssignments/read', true],
  listRoles: ['GET', '/api/v1/roles', 'Microsoft.Authorization/roleAssignments/read', true],
  listRules: ['GET', '/api/v1/rules', 'Microsoft.Security/assessments/read', false],
  listScans: ['GET', '/api/v1/scans', 'Microsoft.Security/assessments/read', true],
  listSecureScoreDays: ['GET', '/api/v1/secure-score/days', 'Microsoft.Security/assessments/read', true],
  listSubscriptions: ['GET', '/api/v1/subscriptions', 'Microsoft.Security/assessments/read', true],
  listTokens: ['GET', '/api/v1/users/{user}/tokens', 'Microsoft.Authorization/roleAssignments/read', false],
  listUsage: ['GET', '/api/v1/usage', 'Microsoft.Security/pricings/read', true],
  listUsers: ['GET', '/api/v1/users', 'Microsoft.Authorization/roleAssignments/read', false],
  previewRule: ['POST', '/api/v1/rules/preview', 'Microsoft.Authorization/policyAssignments/write', false],
  searchPackages: ['GET', '/api/v1/packages', 'Microsoft.Security/assessments/read', true],
  setPlan: ['PUT', '/api/v1/subscriptions/{subscription}/plan', 'Microsoft.Security/pricings/write', false],
  testNotification: ['POST', '/api/v1/notifications/{id}/test', 'Microsoft.Authorization/policyAssignments/write', false],
  updateVulndb: ['POST', '/api/v1/vulndb:update', 'Microsoft.Security/vulnerabilityDatabase/write', false],
};
