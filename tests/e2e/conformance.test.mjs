// The conformance list against the real server, with its access rules on.
import { after } from 'node:test';
import { Server } from './lib.mjs';

const server = await new Server().start();
process.env.PLIMSOLL_URL = server.url.replace(/\/$/, '');
process.env.PLIMSOLL_USER = 'admin';
process.env.PLIMSOLL_PASSWORD = server.password;
after(() => server.stop());
await import('./conformance.mjs');
