// One line of a bench: what, the figure, its limit, their ratio, and "ok" or "OVER"; a limit missed is exit status 1.
/** sense: '<=' or '>='. */
export function figure(what, value, unit, sense, limit) {
  const ok = sense === '<=' ? value <= limit : value >= limit;
  console.log(`${what.padEnd(52)} ${value.toFixed(3).padStart(12)} ${unit.padEnd(8)} limit ${sense} ${limit.toFixed(3).padStart(11)}  ` +
    `ratio ${(value / limit).toFixed(3).padStart(7)}  ${ok ? 'ok' : 'OVER'}`);
  if (!ok) process.exitCode = 1;
  return ok;
}
export const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
export const median = (list) => quantile(list, 0.5);
