// Raw sockets against the server, and what the kernel says of its processes.
import fs from 'node:fs';
import net from 'node:net';
import { sleep } from './lib.mjs';

/** Connect, send what is given, and gather what comes until the server closes: {text, ms}. Without an end within limit it fails. */
export function dial(server, bytes, { limit = 20000, port = Number(server.host.split(':')[1]) } = {}) {
  const begun = Date.now();
  const socket = net.connect(port, server.host.split(':')[0]);
  if (bytes.length) socket.write(bytes);
  socket.text = '';
  socket.on('data', (d) => { socket.text += d.toString('latin1'); });
  socket.on('error', () => {});
  socket.ended = new Promise((done, fail) => {
    const timer = setTimeout(() => { socket.destroy(); fail(new Error(`not closed within ${limit} ms; got ${JSON.stringify(socket.text.slice(0, 200))}`)); }, limit);
    socket.on('close', () => { clearTimeout(timer); done({ text: socket.text, ms: Date.now() - begun }); });
  });
  return socket;
}
export const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((m) => Number(m[1])).filter((s) => s !== 100);

const field = (pid, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
/** Descriptors, but for the database's: its connections are kept for the next use, of a fixed number. */
function descriptors(pid) {
  return fs.readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try { return !fs.readlinkSync(`/proc/${pid}/fd/${fd}`).includes('/plimsoll.db'); } catch { return false; }
  }).length;
}
/** Threads, descriptors, resident bytes now and at most. */
export const usage = (pid) => ({
  threads: field(pid, 'Threads'), fds: descriptors(pid), rss: 1024 * field(pid, 'VmRSS'), peak: 1024 * field(pid, 'VmHWM'),
});
export const resetPeak = (pid) => fs.writeFileSync(`/proc/${pid}/clear_refs`, '5');

/** Wait until threads and descriptors are no more than they were; what they are at the end. */
export async function settled(pid, before, timeout = 60000) {
  for (const until = Date.now() + timeout; ; await sleep(50)) {
    const now = usage(pid);
    if ((now.threads <= before.threads && now.fds <= before.fds) || Date.now() > until) return now;
  }
}

/** Look at the workers of a server until stopped: the most resident bytes that any had, and how many were seen. */
export function watchWorkers(pid) {
  const seen = { peak: 0, pids: new Set() };
  const timer = setInterval(() => {
    for (const child of children(pid)) {
      try {
        if (fs.readFileSync(`/proc/${child}/comm`, 'utf8') !== 'plimsoll-worker\n') continue; // between fork and exec
        const peak = 1024 * field(child, 'VmHWM');
        if (peak > seen.peak) seen.peak = peak;
        seen.pids.add(child);
      } catch { /* it ended */ }
    }
  }, 5);
  seen.stop = () => clearInterval(timer);
  return seen;
}
function children(pid) {
  const all = [];
  for (const task of fs.readdirSync(`/proc/${pid}/task`))
    try { all.push(...fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean)); } catch { /* it ended */ }
  return all;
}
