// SD-JWT by the packages of the OpenWallet Foundation: sd-jwt-vc for dc+sd-jwt,
// core for the rest.
import {SDJwtInstance} from '@sd-jwt/core';
import {ES256, ES384, digest, generateSalt, getVerifier} from '@sd-jwt/crypto-nodejs';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';

const pairs = {};
for (const [name, algorithm] of Object.entries({ES256, ES384, holder: ES256})) {
  const {publicKey: {kty, crv, x, y}, privateKey} = await algorithm.generateKeyPair();
  pairs[name] = {alg: algorithm.alg, signer: await algorithm.getSigner(privateKey),
    did: `did:jwk:${Buffer.from(JSON.stringify({kty, crv, x, y})).toString('base64url')}`};
}
const verifier = jwk => ({
  'P-256': ES256.getVerifier, 'P-384': ES384.getVerifier, 'Ed25519': k => getVerifier(k, {name: 'Ed25519'}, {name: 'Ed25519'}),
})[jwk.crv](jwk);

const instance = (typ, options) => new (typ === 'dc+sd-jwt' ? SDJwtVcInstance : SDJwtInstance)(
  {hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, ...options});

export const operations = () => ({
  keys: () => ({keys: Object.fromEntries(Object.entries(pairs).map(([name, pair]) => [name, pair.did]))}),
  issue: async r => {
    const {alg, signer, did} = pairs[r.key];
    return {token: await instance(r.typ, {signer, signAlg: alg}).issue(r.document, r.frame, {header: {typ: r.typ, kid: `${did}#0`}})};
  },
  present: async r => {
    const {alg, signer} = pairs.holder;
    return {token: await instance(r.typ, {kbSigner: signer, kbSignAlg: alg}).present(r.token, r.frame,
      {kb: {payload: {iat: Math.floor(Date.now() / 1000), aud: r.domain, nonce: r.challenge}}})};
  },
  verify: async r => {
    const {payload, kb} = await instance(r.typ, {verifier: await verifier(r.jwk),
      kbVerifier: async (data, signature, claims) => (await verifier(claims.cnf.jwk))(data, signature)})
      .verify(r.token, r.challenge ? {keyBindingNonce: r.challenge} : {});
    // The library leaves the audience to its caller.
    if (r.challenge && kb.payload.aud !== r.domain) throw new Error(`aud is ${kb.payload.aud}`);
    return {document: payload};
  },
});
