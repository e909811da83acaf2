// The other side of the interop test: npm didwebvh-ts.
//   node peer.mjs make            writes logs of its own to stdout
//   node peer.mjs check           judges the logs given on stdin
//   node peer.mjs bench N MS FILE measures full checks of a log
// The library leaves Ed25519 to the caller; node:crypto is the fastest there is.
import {createHash, createPrivateKey, createPublicKey, sign, verify} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {createDID, deactivateDID, deriveNextKeyHash, multibaseEncode, MultibaseEncoding, prepareDataForSigning,
  resolveDIDFromLog, signWitnessProofEntry, updateDID} from 'didwebvh-ts';

const spki = Buffer.from('302a300506032b6570032100', 'hex');
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const verifier = {verify: async (sig, msg, pk) =>
  verify(null, msg, createPublicKey({key: Buffer.concat([spki, Buffer.from(pk)]), format: 'der', type: 'spki'}), sig)};
const b58 = bytes => multibaseEncode(new Uint8Array(bytes), MultibaseEncoding.BASE58_BTC);

const key = name => {
  const seed = createHash('sha256').update(name).digest();
  const priv = createPrivateKey({key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8'});
  const raw = createPublicKey(priv).export({format: 'der', type: 'spki'}).subarray(-32);
  const mb = b58(Buffer.concat([Buffer.from([0xed, 0x01]), raw]));
  return {mb, did: `did:key:${mb}`, signer: {
    getVerificationMethodId: () => `did:key:${mb}#${mb}`,
    sign: async ({document, proof}) => ({proofValue: b58(sign(null, await prepareDataForSigning(document, proof), priv))}),
  }};
};
const vm = k => [{type: 'Multikey', publicKeyMultibase: k.mb, purpose: 'assertionMethod'}];
const text = log => log.map(e => JSON.stringify(e)).join('\n') + '\n';
const at = i => new Date(Date.UTC(2026, 0, 1) + i * 3600e3).toISOString().replace('.000', '');

async function make() {
  const [a, b, c, d, w1, w2] = ['a', 'b', 'c', 'd', 'w1', 'w2'].map(key);
  const out = [];
  const add = (name, r, witness, deactivated = false) => out.push({name, did: r.did, log: text(r.log),
    witness: witness ? JSON.stringify(witness) : '', versionId: r.meta.versionId, deactivated});
  const first = {domain: 'ts.example', signer: a.signer, updateKeys: [a.mb], verificationMethods: vm(a), created: at(0), verifier};

  let r = await createDID(first);
  add('create', r);
  r = await updateDID({log: r.log, signer: a.signer, updated: at(1), alsoKnownAs: ['https://ts.example'], verifier});
  add('update', r);
  r = await updateDID({log: r.log, signer: a.signer, updateKeys: [b.mb], updated: at(2), verifier});
  r = await updateDID({log: r.log, signer: b.signer, updated: at(3), services: [{id: '#x', type: 'X', serviceEndpoint: 'https://ts.example'}], verifier});
  add('rotate', r);
  r = await deactivateDID({log: r.log, signer: b.signer, updateKeys: [], verifier});
  add('deactivate', r, null, true);

  r = await createDID({...first, portable: true, nextKeyHashes: [await deriveNextKeyHash(b.mb)], paths: ['x']});
  r = await updateDID({log: r.log, signer: b.signer, updateKeys: [b.mb], nextKeyHashes: [await deriveNextKeyHash(c.mb), await deriveNextKeyHash(d.mb)], updated: at(1), verifier});
  add('pre-rotation', r);
  r = await updateDID({log: r.log, signer: c.signer, updateKeys: [c.mb], nextKeyHashes: [], domain: 'moved.example', updated: at(2), verifier});
  add('portable move', r);

  const witness = {threshold: 2, witnesses: [{id: w1.did}, {id: w2.did}]};
  r = await createDID({...first, witness});
  const proofs = async versionId => signWitnessProofEntry({versionId, witnesses: witness.witnesses, created: at(0),
    witnessSignersByDid: {[w1.did]: w1.signer, [w2.did]: w2.signer}});
  let file = [await proofs(r.meta.versionId)];
  r = await updateDID({log: r.log, signer: a.signer, witness, updated: at(1), verifier, witnessProofs: file});
  file = [await proofs(r.meta.versionId)];
  add('witnesses', r, file);
  console.log(JSON.stringify(out));
}

const parse = t => t.trim().split('\n').map(l => JSON.parse(l));

async function check() {
  const out = [];
  for(const c of JSON.parse(readFileSync(0, 'utf8'))) {
    try {
      const r = await resolveDIDFromLog(parse(c.log), {verifier, requestedDid: c.did, witnessProofs: c.witness ? JSON.parse(c.witness) : []});
      if(r.meta.error) throw new Error(`${r.meta.error}: ${r.meta.problemDetails?.detail}`);
      out.push({name: c.name, ok: true, did: r.did, versionId: r.meta.versionId, deactivated: r.meta.deactivated === true});
    } catch(e) { out.push({name: c.name, ok: false, error: String(e.message ?? e)}); }
  }
  console.log(JSON.stringify(out));
}

async function bench(entries, ms, file) {
  const t = readFileSync(file, 'utf8');
  const run = async () => {
    const r = await resolveDIDFromLog(parse(t), {verifier});
    if(r.meta.error || !r.meta.versionId.startsWith(`${entries}-`)) throw new Error(JSON.stringify(r.meta));
  };
  const loop = async span => {
    const c0 = process.cpuUsage(), w0 = performance.now();
    let n = 0;
    do { await run(); n++; } while(performance.now() - w0 < span);
    const c = process.cpuUsage(c0);
    return {ops: n, cpuNanos: (c.user + c.system) * 1e3, wallNanos: (performance.now() - w0) * 1e6};
  };
  await loop(ms); // warm up
  console.log(JSON.stringify(await loop(ms)));
}

const [mode, ...args] = process.argv.slice(2);
await ({make, check, bench: () => bench(Number(args[0]), Number(args[1]), args[2])})[mode]();
