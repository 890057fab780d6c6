// Every word that the portal says. Figures come before nouns, sentences have no exclamation marks, and nothing is called fine that nobody looked at.
const number = new Intl.NumberFormat('en');
export const count = (n: number): string => number.format(n);
const of = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export const s = {
  name: 'Plimsoll',
  skip: 'Skip to the content',
  menu: 'Menu',
  navigation: 'Pages',
  manage: 'Manage',
  pages: {
    overview: 'Overview', recommendations: 'Recommendations', exceptions: 'Exceptions', findings: 'Vulnerabilities', inventory: 'Inventory', registries: 'Registries', scans: 'Scans', access: 'Access', settings: 'Settings', audit: 'Audit',
    start: 'Get started', cve: 'CVE',
  },
  search: { label: 'Search packages and CVEs', hint: 'Package or CVE' },
  theme: { label: 'Appearance', light: 'Light', dark: 'Dark', system: 'As the system' },
  person: { label: (initials: string, who: string) => `${initials}: ${who}, account`, signedIn: (who: string) => `Signed in as ${who}`, out: 'Sign out' },
  address: { copy: 'Copy the address of this page', copied: 'Address copied' },
  copy: 'Copy', copied: 'Copied', close: 'Close', cancel: 'Cancel', retry: 'Try again', previous: 'Previous', next: 'Next', more: 'Load more',
  density: { label: 'Row height', comfortable: 'Comfortable', compact: 'Compact' },

  signIn: {
    title: 'Sign in to Plimsoll', name: 'Name', password: 'Password', button: 'Sign in', working: 'Signing in',
    first: 'The first start of the server showed the password of “admin”; until the first sign-in it is also in the file owner-password of the data folder.',
    wait: (sec: number) => `Too many attempts. Try again in ${of(sec, 'second')}.`,
  },

  advisories: {
    none: 'No advisories yet', age: 'Advisories from', late: (n: number) => `${of(n, 'feed')} older than 2 days`,
  },
  state: {
    Healthy: 'Healthy', Unhealthy: 'Unhealthy', Unverified: 'Unverified', Pending: 'Not scanned yet', NotApplicable: 'Not applicable',
    completed: 'Completed', running: 'Running', queued: 'Queued', failed: 'Failed', unsupported: 'Not supported', artifact: 'Not an image',
  } as Record<string, string>,
  severity: 'Severity',
  severities: ['Critical', 'High', 'Unknown', 'Medium', 'Low', 'Negligible'] as const,
  counts: 'Vulnerabilities',
  countsOf: (parts: string[]) => parts.join(', '),
  kev: 'Known exploited',
  never: 'never', notYet: 'not yet',

  vulnerabilities: (n: number, more = false) => more ? `more than ${of(n, 'vulnerability', 'vulnerabilities')}` : of(n, 'vulnerability', 'vulnerabilities'),
  images: (n: number) => of(n, 'image'),
  repositories: (n: number) => of(n, 'repository', 'repositories'),
  packages: (n: number) => of(n, 'package'),
  shown: (n: number, all: boolean, noun: string, total?: { count: number; exact: boolean }) => (all ? `${count(n)} ${noun}` : total ? `${count(n)} of ${count(total.count)}${total.exact ? '' : '+'} ${noun}` : `First ${count(n)} ${noun}, more follow`),
  nouns: { vulnerabilities: (n: number) => (n === 1 ? 'vulnerability' : 'vulnerabilities'), images: (n: number) => (n === 1 ? 'image' : 'images'), exemptions: (n: number) => (n === 1 ? 'exemption' : 'exemptions'), checks: (n: number) => (n === 1 ? 'check' : 'checks'), registries: (n: number) => (n === 1 ? 'registry' : 'registries'), repositories: (n: number) => (n === 1 ? 'repository' : 'repositories'), packages: (n: number) => (n === 1 ? 'package' : 'packages'), scans: (n: number) => (n === 1 ? 'scan' : 'scans'), entries: (n: number) => (n === 1 ? 'entry' : 'entries'), places: (n: number) => (n === 1 ? 'place' : 'places') },

  errors: {
    title: (what: string) => `${what} could not be loaded`,
    holds: 'What is shown elsewhere on this page still holds.',
    denied: 'You may not see this',
    deniedText: (action: string, roles: string, who: string) => `This takes ${roles} (action ${action}). ${who} has none of these here. A user access administrator can assign one.`,
    request: 'Copy request', requestText: (who: string, action: string, where: string) => `Please give ${who} a role with the action ${action} for ${where}`,
    notFound: 'Not found', notFoundText: 'There is nothing at this address, or your roles do not let you know of it.', back: 'To the overview',
    needs: (action: string, roles: string) => `This takes ${roles} (action ${action}).`, role: (names: string[]) => (names.length === 0 ? 'a role that allows it' : names.length === 1 ? `the role ${names[0]}` : `the role ${names.slice(0, -1).join(', ')} or ${names.at(-1)}`),
  },
  empty: {
    filtered: (filters: string) => `Nothing matches ${filters}.`, clear: 'Remove the filters', removeOne: (name: string) => `Remove ${name}`, gives: (n: number) => `gives ${count(n)}`,
    findings: 'No open vulnerabilities in what was assessed.',
    findingsUnverified: 'Nothing was found in what could be assessed. That is not all of this image: see what was assessed.',
    findingsPending: 'This image has not been scanned yet.',
    repositories: 'This registry has no repositories that you can see.', images: 'No images in this repository.', packages: 'No packages were recognised in this image.',
    scans: 'No scans yet. Every push is scanned.', audit: 'Nothing was changed yet.', tokens: 'No tokens.', users: 'No users.', roles: 'No role assignments.', start: 'Push your first image',
  },

  overview: {
    sentence: (images: number, registries: number, need: number) => `${of(images, 'image')} in ${of(registries, 'registry', 'registries')}. ${need === 0 ? 'None has open vulnerabilities.' : `${of(need, 'image has', 'images have')} open vulnerabilities.`}`,
    states: 'Images by state', bySeverity: 'Vulnerabilities by severity', summed: 'summed over images', repositories: 'Repositories with most critical vulnerabilities',
    partly: (n: number) => `among the first ${count(n)} by name`, all: 'All repositories', recent: 'Recent scans', allScans: 'All scans', trust: 'Can this be trusted?',
    unverified: (n: number) => `${of(n, 'image')} could not be assessed in whole; nothing is said for what was not.`, pending: (n: number) => `${of(n, 'image waits', 'images wait')} for the first scan.`,
    allAssessed: 'Every image was assessed.', noVdb: 'There is no vulnerability database: images stay Unverified until one is there.',
    feeds: (n: number, records: number) => `${of(n, 'feed')} with ${of(records, 'record')}`, ready: 'The server can do its work.', notReady: (why: string) => `The server reports a problem: ${why}`,
    exploited: 'Known exploited', fixable: 'Exploited and fixable',
  },
  recommendations: {
    title: 'Recommendations', sentence: 'What to improve, ordered by what it adds to your secure score.', csv: 'Download CSV', search: 'Search recommendations', group: 'Group by control', tabs: { score: 'Secure score recommendations', all: 'All recommendations' },
    type: 'Resource type', registries: 'Container registries', status: 'Status', active: 'Active', max: 'Max score', current: 'Current score', increase: 'Potential increase', unhealthyResources: 'Unhealthy resources', resourceHealth: 'Resource health', control: 'Control', key: 'Key',
    nUnhealthyHead: 'Unhealthy registries', nHealthyHead: 'Healthy registries', nNotApplicableHead: 'Not applicable registries',
    score: 'Secure score', controls: 'Active controls', recommendations: 'Active recommendations', healthOf: (n: number) => `Resource health, ${of(n, 'registry', 'registries')}`, noScore: 'not scored', of: (now: string, max: number) => `${now} of ${count(max)}`, ofAll: (n: number) => `of ${count(n)}`,
    nUnhealthy: (n: number) => `${count(n)} unhealthy`, nHealthy: (n: number) => `${count(n)} healthy`, nNotApplicable: (n: number) => `${count(n)} not applicable`,
    health: (bad: number, good: number, none: number) => `${of(bad, 'registry is', 'registries are')} unhealthy, ${count(good)} healthy, ${count(none)} not applicable`,
    notScored: 'not scored', nothing: 'nothing to gain', plus: (n: number) => `+${n}%`, points: (n: number) => `(${of(n, 'point')})`, exactly: (n: number) => `${n.toFixed(2)} points if every registry were healthy`,
    ofRegistries: (n: number, all: number) => `${count(n)} of ${of(all, 'registry', 'registries')}`, noneAssessed: 'none assessed', shown: (n: number, all: number) => (n === all ? of(n, 'recommendation') : `${count(n)} of ${of(all, 'recommendation')} shown`),
    preview: 'What is not scored does not change the secure score.', allHealthy: (n: number) => `All healthy: ${of(n, 'image')} assessed, none with open vulnerabilities.`,
  },
  recommendation: {
    sentence: (images: number, findings: number, fixable: string) => `${of(images, 'image holds', 'images hold')} ${of(findings, 'open vulnerability', 'open vulnerabilities')}.${fixable ? ` ${fixable} can be fixed today.` : ''}`,
    sentenceHealthy: (n: number) => `No open vulnerabilities in ${of(n, 'assessed image')}.`, sentenceNone: 'No registry could be assessed. The reasons are below.',
    tools: 'Actions', exempt: 'Exempt', exemptN: (n: number) => `Exempt ${of(n, 'registry', 'registries')}`, exemptOne: 'Exempt this registry', viewDefinition: 'View definition', definition: 'Definition', openQuery: 'Open query', queryResources: 'Query returning affected resources', queryFindings: 'Query returning security findings', csv: 'CSV', collecting: 'Collecting', cut: 'The first 10,000 are in the file.',
    when: { unhealthy: 'an image of it has an open finding', healthy: 'all of its images were assessed and none has an open finding', none: 'the plan is off, it is exempt, it has no images, or images could not be assessed and none has a finding' },
    unhealthy: 'Unhealthy registries', vulnerable: 'Vulnerable images', total: 'Total vulnerabilities', fixable: 'Can be fixed', freshness: 'Freshness interval', atOnce: 'At once', freshText: 'with new advisories', of: (n: number) => `of ${count(n)}`, nOf: (n: number, all: number) => `${count(n)} of ${count(all)}`,
    most: 'Registries with most vulnerabilities', noneUnhealthy: 'No registry is unhealthy.', bySeverity: 'Vulnerabilities by severity',
    notAssessed: (n: number, all: number, none: number) => [n ? `${count(n)} of ${of(all, 'image')} ${n === 1 ? 'is' : 'are'} not assessed` : '', none ? `${of(none, 'registry is', 'registries are')} not applicable` : ''].filter(Boolean).join(' and ') + `. ${n + none === 1 ? 'It counts' : 'They count'} neither as healthy nor as unhealthy.`,
    showThem: 'Show them', exemptions: (n: number) => `${of(n, 'exemption holds', 'exemptions hold')} for this recommendation.`, viewExemptions: 'View exemptions', planOn: 'Turn on the plan', seeWhy: 'See which images and why',
    description: 'Description', steps: 'Remediation steps', stepsInShort: 'Open an image, follow its plan, push the fixed image, delete the old one.', affected: 'Affected registries', subscription: 'Subscription', stateAndReason: 'State and reason', pick: (name: string) => `Select ${name}`, pickAll: 'Select all', more: 'More', openRegistry: 'Open registry',
    emptyTab: { Unhealthy: 'No registry is unhealthy.', Healthy: 'No registry is healthy: each has an image with open vulnerabilities, or could not be assessed.', NotApplicable: 'Every registry could be assessed.' },
  },
  checks: {
    title: 'Security checks', tabs: { findings: 'Findings', disabled: 'Disabled findings' }, search: 'Search security checks', id: 'ID', check: 'Security check', category: 'Category', package: 'Package', exploited: 'Exploited', fixed: 'Fixed in', applies: 'Applies to', images: 'Images',
    ofImages: (n: number, exact: boolean, all: number) => `${count(n)}${exact ? '' : '+'} of ${of(Math.max(n, all), 'image')}`, nowhere: 'No image that you can see has it.', noRemedy: 'No fix is published.',
  },
  exempt: {
    title: 'Exempt', change: 'Change the exemption', scope: 'Scope', picked: (n: number) => `Selected registries (${count(n)})`, kinds: { group: 'management group', subscription: 'subscription', registry: 'registry' },
    name: 'Name', category: 'Category', categories: { Mitigated: 'Mitigated: resolved by other means', Waiver: 'Waiver: the risk is accepted' }, categoryText: { Mitigated: 'A gateway, a network policy or another product deals with the risk.', Waiver: 'Somebody decided that the risk is worth it.' },
    expires: 'Ends on', expiresHint: 'At the end of that day, UTC. Empty: it holds until it is deleted.', description: 'Description', create: 'Create exemption', save: 'Save', atOnce: 'Takes effect at once', noScore: 'not scored',
    effect: (n: number, before: string, after: string) => `${of(n, 'registry becomes', 'registries become')} Not applicable. Secure score: ${before} → ${after}.`, effectGroup: 'Every registry below the management group becomes Not applicable.',
    effects: { Mitigated: 'Its vulnerabilities stay listed; it is outside of the score.', Waiver: 'Its vulnerabilities stay listed; it is outside of the score, and listed as accepted.' },
  },
  exceptions: {
    title: 'Exceptions', sentence: 'What is left out on purpose, by whom and until when.', tabs: { exemptions: 'Exemptions', rules: 'Disable rules' }, none: 'No exemptions. One is made on the page of a recommendation.', scope: 'Scope', state: 'State', holds: 'In effect', expired: 'Ended', recommendation: 'Recommendation', ends: 'Ends', never: 'when deleted',
    actions: 'Actions', remove: 'Delete', sure: (name: string) => `Delete “${name}”? What it left out comes back.`,
  },
  registries: { title: 'Registries', sentence: (n: number) => `${of(n, 'registry', 'registries')} that you can see.`, name: 'Name', state: 'State', images: 'Images', stored: 'Stored', repository: 'Repository', pushed: 'Last push', type: { embedded: 'this server' } as Record<string, string> },
  registry: { sentence: (unhealthy: number, all: number) => `${count(unhealthy)} of ${of(all, 'image')} ${unhealthy === 1 ? 'has' : 'have'} open vulnerabilities.`, repositories: 'Repositories', unverified: (n: number) => `${count(n)} could not be assessed.` },
  repository: { images: 'Images', image: 'Image', tags: 'Tags', noTags: 'No tags; can be pulled by digest', pulled: 'Last pulled', scanned: 'Last scan', pushed: 'Pushed', platform: 'Platform', all: 'All', kinds: 'Images only', kindsAll: 'With signatures and other artifacts' },
  image: {
    sentence: (total: number, kev: number, fixable: number) =>
      total === 0 ? 'No open vulnerabilities in what was assessed.' : `${of(total, 'open vulnerability', 'open vulnerabilities')}${kev ? `, ${count(kev)} known exploited` : ''}. ${fixable === 0 ? 'None can be fixed yet.' : `${count(fixable)} can be fixed.`}`,
    partial: (total: number) => `${of(total, 'open vulnerability', 'open vulnerabilities')}.`,
    noTags: 'This image has no tags. It still exists in the registry and can be pulled by its digest.',
    digest: 'Digest', platform: 'Platform', release: 'Release', pulled: 'Last pulled', scanned: 'Last scan', pushed: 'Pushed', nextScan: 'Next scan',
    scan: 'Scan again', scanAsked: 'Scan requested', tabs: { findings: 'Vulnerabilities', packages: 'Packages', layers: 'Layers', scans: 'Scans' },
    todo: 'What to do', todoNone: 'Nothing to fix in what was assessed.', clears: (n: number) => `clears ${count(n)}`, noFix: 'no fix', upgrade: (name: string) => `Upgrade ${name}`, wait: 'No fix yet', moreSteps: (n: number) => `${of(n, 'further package')} below, grouped by fix.`,
    assessed: 'What was assessed', packagesAssessed: (a: number, b: number) => `${count(a)} of ${of(b, 'package')} assessed`, gaps: 'Not assessed', noCoverage: 'Not assessed yet.', supportEnd: (date: string) => `This release gets no fixes since ${date}.`,
    extended: (date: string, name: string, until: string) => `Standard support of this release ended ${date}${name && until ? `; ${name} until ${until}` : ''}.`, supported: (date: string) => `This release gets fixes until ${date}.`,
    layer: 'Layer', brought: 'Brought', by: 'Made by', noLayers: 'No layer brought packages.', tooMany: 'The first 20,000 packages are counted.',
    groups: { fix: 'Fix', package: 'Package', cve: 'CVE', none: 'None' } as Record<string, string>, groupBy: 'Group by',
  },
  findings: {
    check: 'Security check, package and fix', cve: 'CVE', cvss: 'CVSS', epss: 'EPSS', where: 'Image', sorted: 'sorted', notScored: 'not scored', noFixText: (status: string) => `No fix: ${status}`,
    title: 'Vulnerabilities', sentence: 'Every open vulnerability in every image that you can see.',
    noCve: 'no CVE', morePackages: (n: number) => `and ${of(n, 'further package')}`,
    capped: 'The first 10,000 are grouped.', searching: 'Still reading. Rare matches take several pages.',
    status: {
      unknown: 'not known', fixed: 'fixed', affected: 'affected, none published', will_not_fix: 'the vendor will not fix it', fix_deferred: 'the vendor deferred it', end_of_life: 'the release gets no more fixes',
      under_investigation: 'the vendor investigates', not_affected: 'not affected',
    } as Record<string, string>,
  },
  filters: {
    add: 'Add filter', clear: 'Clear all', apply: 'Apply', remove: (name: string) => `Remove filter ${name}`, edit: (name: string) => `Change filter ${name}`, search: 'Search in titles', yes: 'Yes', no: 'No', atLeast: 'at least',
    names: { severity: 'Severity', kev: 'Known exploited', patchable: 'Can be fixed', cvss_gte: 'CVSS', epss_gte: 'EPSS', package: 'Package', cve: 'CVE', category: 'Category', status: 'Fix status', repository: 'Repository', search: 'Text' } as Record<string, string>,
    hints: { cvss_gte: '0 to 10', epss_gte: '0 to 1', package: 'openssl', cve: 'CVE-2023-5363 or an advisory', category: 'Debian', repository: 'team/app' } as Record<string, string>,
  },
  finding: {
    description: 'Description', noDescription: 'The vendor gives no description.', general: 'General information', remediation: 'Remediation', exploited: 'Exploited?', why: 'Why is this reported?', additional: 'Additional information', resources: 'Affected resources',
    id: 'ID', type: 'Type', typeVulnerability: 'Vulnerability', category: 'Category', published: 'Published', patchable: 'Patchable', yesPatchable: 'Yes, fixed version available', noPatchable: 'No', cvss3: 'CVSS 3.0 base score', cvss2: 'CVSS 2.0 base score', cvss4: 'CVSS 4.0 base score', cves: 'CVEs', references: 'Vendor references',
    notGiven: 'Not given by the vendor', kevYes: 'Yes: on the list of known exploited vulnerabilities (KEV)', kevNo: 'Not on the list of known exploited vulnerabilities (KEV)', ransomware: 'Used in ransomware campaigns', inKev: 'KEV', epss: 'EPSS', epssText: (p: string, rank: string) => `${p} chance of exploitation within 30 days, higher than ${rank} of all`, noEpss: 'Not scored',
    packageName: 'Package', installed: 'Installed', fixed: 'Fixed in', file: 'File', layer: 'Layer', madeBy: 'Made by', rule: 'Rule', compared: 'Compared', range: 'Affected range', feed: 'Source', scheme: 'Version order', vendorSeverity: 'Vendor’s severity', severitySource: 'Severity from', fixStatus: 'Fix status', vector: 'CVSS vector', modified: 'Last modified', vendor: 'Vendor', packageType: 'Package type', advisory: 'Advisory',
    digest: 'Digest', repository: 'Repository', registry: 'Registry', position: (i: number, n: number) => `${count(i)} of ${count(n)}`, copyFix: 'Copy fix', noFix: 'No fix is published. What the vendor says: ', gone: 'This finding is no longer in the image: it was fixed, or the rescan no longer reports it.', elsewhere: (n: number) => `In ${of(n, 'image')}`, openCve: 'Where am I affected?',
    upgrade: (name: string) => `Upgrade ${name}`,
  },
  inventory: {
    title: 'Inventory', sentence: 'Which images hold a package, in which version.', package: 'Package', version: 'Version', below: 'Version below', where: 'Image', hint: 'openssl', belowHint: '3.0.14', button: 'Search', start: 'Name a package: each image that you can see and that holds it is listed.', none: (name: string) => `No image that you can see holds ${name}.`, noneBelow: (name: string, v: string) => `No image that you can see holds ${name} below ${v}.`, type: 'Type',
    found: (n: number, all: boolean) => (all ? `${of(n, 'place')}` : `First ${of(n, 'place')}, more follow`),
  },
  cve: {
    affected: (n: number, more: boolean) => `You are affected: ${more ? 'more than ' : ''}${of(n, 'image')}`, unaffected: 'Not found in the images that you can see', vendors: 'What each vendor says', images: 'Images', unassessed: 'Images that were not assessed may be affected too.', fixable: (n: number) => `${count(n)} can be fixed today.`, within: 'Within what you may see.', score: 'CVSS', also: 'Also known as', source: 'Source', severity: 'Severity', title: 'Security check',
  },
  scans: { title: 'Scans', live: 'Live: this page follows along', paused: 'Not live: the connection is lost, it is tried again', image: 'Image', trigger: 'Trigger', status: 'Status', queued: 'Asked', took: 'Took', reason: 'Reason',
    triggers: { push: 'push', import: 'import', pull: 'pull', recheck: 'weekly recheck', advisories: 'advisories changed', retry: 'retry', manual: 'by hand' } as Record<string, string>, sentence: 'Newest first. Every push is scanned; so is what was pulled in the last 30 days.' },
  access: { title: 'Access', sentence: 'Who may do what, and where.', tabs: { roles: 'Role assignments', users: 'Users and robots', tokens: 'My tokens' }, user: 'User', role: 'Role', scope: 'Scope', since: 'Since', kind: 'Kind', password: 'Password', has: 'set', hasNot: 'none', kinds: { user: 'user', robot: 'robot' } as Record<string, string>, label: 'Label', expires: 'Ends', made: 'Made', everything: 'everything', end: (label: string) => `End ${label}`, ended: 'Token ended', newToken: 'New token', days: 'Days', make: 'Make token', shown: 'Copy it now: it is not shown again.', tokenKinds: { personal: 'personal', refresh: 'registry client', session: 'this portal' } as Record<string, string>, noEnd: 'does not end' },
  settings: { title: 'Settings', sentence: 'What the server judges by.', feeds: 'Advisory feeds', feed: 'Feed', source: 'From', fetched: 'Fetched', records: 'Records', notes: 'Not read', vdb: 'Vulnerability database', built: 'Built', advisories: 'Advisories', packages: 'Packages', exploits: 'Exploited and scored', update: 'Fetch feeds now', updating: 'Fetching', local: 'as given', server: 'Server', version: 'Version', portal: 'Portal', licences: 'Licences of the packages in it', none: 'There is no vulnerability database. Give one with --vdb, or let the server build one with --feeds-every.' },
  audit: { title: 'Audit', sentence: 'Who changed what, newest first.', tabs: { changes: 'Changes', images: 'Pushes and pulls' }, at: 'When', who: 'Who', from: 'From', what: 'What', subject: 'On', nobody: 'nobody known' },
  start: {
    title: 'Push your first image', text: 'Run these three commands. This page follows along and shows the result here, usually within a second of the push.', commands: 'Commands', client: 'Client', signIn: 'Sign in', copyIt: 'Name an image that you have', pull: 'Copy an image from elsewhere', push: 'Push it', status: 'Or ask on the command line', happening: 'What is happening', waiting: 'Waiting for a push', listening: 'this page listens', arrived: 'arrived', scanning: 'Scanning', scanned: 'Scanned', result: 'Result', opens: 'opens here', open: 'Open the image', plain: 'This server speaks plain HTTP. docker takes that only from localhost or a host listed under insecure-registries.', lost: 'Lost the password? plimsoll user passwd admin --data-dir DIR on the stopped server.', scanStarts: 'starts while the push is still running',
  },
};
