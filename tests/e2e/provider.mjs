// An OpenID provider for tests: authorization code with PKCE, RS256 and ES256. It signs in whoever `next` says, and a test may change the token or any of its answers.
import crypto from 'node:crypto';
import http from 'node:http';

const encode = (value) => Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString('base64url');
let numbers = 0;
export function makeKey(alg) {
  const pair = alg === 'ES256' ? crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }) : crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...pair, alg, kid: `key ${numbers++}`, jwk() { return { ...pair.publicKey.export({ format: 'jwk' }), kid: this.kid, use: 'sig', alg }; } };
}
export function sign(header, claims, key) {
  const text = `${encode(header)}.${encode(claims)}`;
  if (!key) return `${text}.`;
  const signature = crypto.sign('sha256', Buffer.from(text), key.alg === 'ES256' ? { key: key.privateKey, dsaEncoding: 'ieee-p1363' } : key.privateKey);
  return `${text}.${signature.toString('base64url')}`;
}

export class Provider {
  constructor({ clock, clientId = 'plimsoll', secret = 'p@ss w:rd' } = {}) {
    Object.assign(this, { clock, clientId, secret, codes: new Map(), asked: {}, next: { sub: '1', preferred_username: 'ann', groups: [] } });
    this.keys = [makeKey('RS256')];
    this.answers = {}; // path: (reply) => … instead of the usual
    this.token = (header, claims, key) => sign(header, claims, key);
  }
  async start() {
    this.server = http.createServer((request, reply) => this.answer(request, reply));
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.issuer = `http://127.0.0.1:${this.server.address().port}/realm`;
    return this;
  }
  stop() { this.server.closeAllConnections(); return new Promise((done) => this.server.close(done)); }
  answer(request, reply) {
    const url = new URL(request.url, this.issuer);
    const json = (status, body) => { reply.writeHead(status, { 'content-type': 'application/json' }); reply.end(JSON.stringify(body)); };
    this.asked[url.pathname] = (this.asked[url.pathname] ?? 0) + 1;
    if (this.answers[url.pathname]) return this.answers[url.pathname](reply);
    if (url.pathname === '/realm/.well-known/openid-configuration')
      return json(200, { issuer: this.issuer, authorization_endpoint: `${this.issuer}/authorize?kept=1`, token_endpoint: `${this.issuer}/token`, jwks_uri: `${this.issuer}/keys`,
        response_types_supported: ['code'] });
    if (url.pathname === '/realm/keys') return json(200, { keys: this.keys.map((k) => k.jwk()) });
    if (url.pathname === '/realm/authorize') {
      const q = Object.fromEntries(url.searchParams), code = crypto.randomBytes(16).toString('hex');
      if (q.kept !== '1' || q.response_type !== 'code' || q.client_id !== this.clientId || q.code_challenge_method !== 'S256' || !/^[\w-]{43}$/.test(q.code_challenge)) return json(400, q);
      this.codes.set(code, { ...q, who: this.next });
      reply.writeHead(302, { location: `${q.redirect_uri}?${new URLSearchParams({ code, state: q.state, iss: this.issuer, some_extension: 'x' })}` });
      return reply.end();
    }
    if (url.pathname === '/realm/token' && request.method === 'POST') {
      let text = '';
      request.on('data', (d) => { text += d; });
      request.on('end', () => this.exchange(request, new URLSearchParams(text), json));
      return undefined;
    }
    return json(404, {});
  }
  exchange(request, form, json) {
    const was = this.codes.get(form.get('code'));
    this.codes.delete(form.get('code')); // once
    const basic = this.secret && `Basic ${Buffer.from([this.clientId, this.secret].map(encodeURIComponent).join(':')).toString('base64')}`;
    const challenge = crypto.createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const known = basic ? request.headers.authorization === basic : form.get('client_id') === this.clientId;
    if (!known) return json(401, { error: 'invalid_client' });
    if (!was || form.get('grant_type') !== 'authorization_code' || challenge !== was.code_challenge || form.get('redirect_uri') !== was.redirect_uri) return json(400, { error: 'invalid_grant' });
    const now = Math.floor(this.clock.now() / 1000), key = this.keys.at(-1);
    const claims = { iss: this.issuer, aud: this.clientId, iat: now, exp: now + 300, nonce: was.nonce, ...was.who };
    return json(200, { access_token: 'x', token_type: 'Bearer', id_token: this.token({ alg: key.alg, kid: key.kid, typ: 'JWT' }, claims, key) });
  }
}

/** A browser: keeps cookies by their path, follows nothing by itself. */
export class Visitor {
  cookies = new Map();
  constructor(base) { this.base = base; }
  async get(target, options = {}) {
    const url = new URL(target, this.base), own = url.origin === new URL(this.base).origin;
    const cookie = own ? [...this.cookies].filter(([, c]) => url.pathname.startsWith(c.path)).map(([name, c]) => `${name}=${c.value}`).join('; ') : '';
    const r = await fetch(url, { redirect: 'manual', ...options, headers: { accept: 'text/html', ...(cookie && { cookie }), ...options.headers } });
    for (const line of own ? r.headers.getSetCookie() : []) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/Max-Age=0/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, { value, path: /Path=([^;]+)/.exec(line)[1], line });
    }
    return r;
  }
  /** To the provider and back, up to the address that the provider sends the browser to. */
  async toCallback() {
    const start = await this.get('/api/v1/session/oidc');
    if (start.status !== 303) throw new Error(`the sign-in began with ${start.status}`);
    return (await this.get(start.headers.get('location'))).headers.get('location');
  }
  async signIn() { return (await this.get(await this.toCallback())).headers.get('location'); }
  async session() { const r = await this.get('/api/v1/session', { headers: { accept: 'application/json' } }); return r.status === 200 ? r.json() : r.status; }
}
