// The npm side of the table: node peer.mjs STACK, in a folder with credential.json,
// statuslist.json and the contexts of the Open Badge. It checks once that the
// stack accepts the credential and refuses a forged one, says "ready", and then
// for each line {"what": NAME, "ms": N} on stdin measures that long and answers
// {"ops", "cpuNanos", "wallNanos"}. Everything the stacks would fetch is answered
// from memory; nothing leaves the process.
import {readFileSync} from 'node:fs';
import {createInterface} from 'node:readline';

const text = name => readFileSync(name, 'utf8');
const credential = JSON.parse(text('credential.json')), list = text('statuslist.json'), listURL = JSON.parse(list).id;
const forged = structuredClone(credential);
forged.name += 'x';
const demand = (ok, what) => { if(!ok) throw new Error(what); };

const stacks = {
  async digitalbazaar() {
    const [vc, {DataIntegrityProof}, {cryptosuite}, Multikey, didKey, {checkStatus}, {securityLoader}] = await Promise.all([
      '@digitalbazaar/vc', '@digitalbazaar/data-integrity', '@digitalbazaar/eddsa-rdfc-2022-cryptosuite', '@digitalbazaar/ed25519-multikey',
      '@digitalbazaar/did-method-key', '@digitalbazaar/vc-bitstring-status-list', '@digitalbazaar/security-document-loader'].map(n => import(n)));
    const loader = securityLoader();
    for(const [url, doc] of Object.entries(JSON.parse(text('contexts.json')))) loader.addStatic(url, doc);
    loader.addStatic(listURL, JSON.parse(list));
    const driver = didKey.driver(), known = new Map();
    driver.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Multikey.from});
    loader.setDidResolver({get: async ({did, url}) => {
      const k = url ?? did;
      if(!known.has(k)) known.set(k, await driver.get({did, url}));
      return known.get(k);
    }});
    const documentLoader = loader.build();
    const check = (credential, checkStatus) => vc.verifyCredential({credential, documentLoader, checkStatus, suite: new DataIntegrityProof({cryptosuite})});
    const status = o => checkStatus({...o, verifyBitstringStatusListCredential: true});
    const none = async () => ({verified: true});
    demand(!(await check(forged, status)).verified, 'accepts a forged credential');
    const must = async p => { const r = await p; demand(r.verified, JSON.stringify(r.error?.errors?.map(e => e.message) ?? r)); };
    return {bare: () => must(check(credential, none)), status: () => must(check(credential, status))};
  },
  async core() {
    globalThis.fetch = async req => String(req.url ?? req) === listURL ?
      new Response(list, {headers: {'content-type': 'application/json'}}) :
      new Response('{}', {status: 404, headers: {'content-type': 'application/json'}});
    const {verifyCredential} = await import('@digitalcredentials/verifier-core');
    const signed = async credential => (await verifyCredential({credential, knownDIDRegistries: []})).log?.find(e => e.id === 'valid_signature')?.valid;
    demand(!await signed(forged), 'accepts a forged credential');
    return {status: async () => demand(await signed(credential), 'refuses the credential')};
  }
};

const measures = await stacks[process.argv[2]]();
for(const f of Object.values(measures)) await f();
console.log('"ready"');
for await (const line of createInterface({input: process.stdin})) {
  const {what, ms} = JSON.parse(line), f = measures[what];
  const cpu = process.cpuUsage(), start = performance.now();
  let ops = 0, wall;
  do { await f(); ops++; wall = performance.now() - start; } while(wall < ms);
  const {user, system} = process.cpuUsage(cpu);
  console.log(JSON.stringify({ops, cpuNanos: (user + system) * 1e3, wallNanos: wall * 1e6}));
}
