// Adds to each line what Node's parser reads of the same bytes, in the same form. Node is the other parser that many fronts and clients are made with.
import readline from 'node:readline';

process.noDeprecation = true;
const { HTTPParser, methods } = process.binding('http_parser');

function read(bytes) {
  // Not compared: Node refuses a tab behind a length, which RFC 9110 §5.6.3 allows and all others take.
  if (/content-length:[^\r]*\t\r/i.test(bytes.toString('latin1'))) return '-';
  const parser = new HTTPParser();
  const done = [];
  let now, late, open = true;
  parser.initialize(HTTPParser.REQUEST, {});
  parser[HTTPParser.kOnHeaders] = (headers, url) => { late = url || late; }; // behind trailers the target comes so
  parser[HTTPParser.kOnHeadersComplete] = (major, minor, headers, method, url, code, text, upgrade, keepAlive) => {
    now = { head: `${methods[method]} ${url ?? late}`, body: [], keepAlive };
    return 0;
  };
  parser[HTTPParser.kOnBody] = (b) => { now.body.push(Buffer.from(b)); };
  parser[HTTPParser.kOnMessageComplete] = () => {
    if (open) done.push(`${now.head} ${Buffer.concat(now.body).toString('hex')}`);
    open = open && now.keepAlive;
  };
  parser.execute(bytes);
  return done.join('|');
}
for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity }))
  console.log(`${line}\t${read(Buffer.from(line.split('\t')[0], 'hex'))}`);
