// The npm side of TestLists: node peer.mjs PACKAGE, in a folder with lists.json:
// {length, revoked, suspended, lookups, encodedList, lst}. It checks once that the
// package reads our lists as they were meant, says "ready", and then measures as
// peer.mjs of the other table does. Nothing is fetched.
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

const {length, revoked, suspended, lookups, encodedList, lst} = JSON.parse(readFileSync('lists.json', 'utf8'));
const demand = (ok, what) => { if(!ok) throw new Error(what); };
const wanted = new Array(length).fill(0);
for(const i of suspended) wanted[i] = 2;
for(const i of revoked) wanted[i] = 1;
let kept = 0; // so that no look-up is thought away

const tokens = ({pack, unpack, StatusList}) => {
  const list = unpack(lst);
  demand(wanted.every((s, i) => list.getStatus(i) === s), 'reads another list');
  return {
    build: () => pack(new StatusList(wanted.slice(), 2)), decode: () => unpack(lst),
    lookup: () => { for(const i of lookups) kept += list.getStatus(i); },
  };
};
const packages = {
  async '@digitalbazaar/vc-bitstring-status-list'(name) {
    const {createList, decodeList} = await import(name);
    const list = await decodeList({encodedList});
    demand(wanted.every((s, i) => list.getStatus(i) === (s === 1)), 'reads another list');
    return {
      build: async () => {
        const made = await createList({length});
        for(const i of revoked) made.setStatus(i, true);
        return made.encode();
      },
      decode: () => decodeList({encodedList}),
      lookup: () => { for(const i of lookups) kept += list.getStatus(i); },
    };
  },
  async '@sd-jwt/jwt-status-list'(name) {
    const {StatusList} = await import(name);
    return tokens({StatusList, pack: l => l.compressStatusList(), unpack: text => StatusList.decompressStatusList(text, 2)});
  },
  async '@owf/token-status-list'(name) {
    const {StatusList} = await import(name);
    return tokens({StatusList, pack: l => Buffer.from(l.compressStatusListToBytes()).toString('base64url'),
      unpack: text => StatusList.decompressStatusListFromBytes(Buffer.from(text, 'base64url'), 2)});
  },
};

const measures = await packages[process.argv[2]](process.argv[2]);
for(const f of Object.values(measures)) await f();
console.log('"ready"');
for await (const line of createInterface({input: process.stdin})) {
  const {what, ms} = JSON.parse(line), f = measures[what];
  const cpu = process.cpuUsage(), start = performance.now();
  let ops = 0, wall;
  do { await f(); ops++; wall = performance.now() - start; } while(wall < ms);
  const {user, system} = process.cpuUsage(cpu);
  console.log(JSON.stringify({ops, cpuNanos: (user + system) * 1e3, wallNanos: wall * 1e6, kept}));
}
