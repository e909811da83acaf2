// Answers one JSON request a line with one JSON answer a line: the operation op
// is called with the request, and what it throws becomes an error. The contexts
// are read from the file named on the command line. There is no network here: a
// fetch is answered from the contexts or fails.
import {webcrypto} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

globalThis.crypto ??= webcrypto; // Node 18

const contexts = new Map(Object.entries(JSON.parse(readFileSync(process.argv[2], 'utf8'))));
globalThis.fetch = async request => {
  const url = String(request.url ?? request);
  if (!contexts.has(url)) throw new Error(`the network was asked for ${url}`);
  return new Response(JSON.stringify(contexts.get(url)), {headers: {'content-type': 'application/ld+json'}});
};

// What packages print would stand between the answers, or in the way.
console.log = console.error = () => {};

// An operation is called group.name; a group is a file of this folder.
const groups = {};

async function answer(request) {
  const [group, name] = request.op.split('.');
  try {
    groups[group] ??= (await import(`./${group}.mjs`)).operations(contexts);
    return {ok: true, ...await groups[group][name](request)};
  } catch (e) {
    const all = [e, ...[e.errors ?? [], e.cause ?? []].flat()];
    return {ok: false, error: all.map(x => x.message ?? String(x)).join('; ')};
  }
}

for await (const line of createInterface({input: process.stdin})) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + '\n');
}
