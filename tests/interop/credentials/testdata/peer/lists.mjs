// Status lists: Digital Bazaar's package for those of the W3C, two of the
// OpenWallet Foundation's for token lists. The latter read a token and leave its
// signature to others: here to panva's jose, and for CBOR to Node itself.
import * as vc from '@digitalbazaar/vc';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as eddsaJCS from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as sdjwt from '@sd-jwt/jwt-status-list';
import * as owf from '@owf/token-status-list';
import {CoseKey, ProtectedHeaders, Sign1, UnprotectedHeaders} from '@owf/cose';
import {CompactSign, compactVerify, exportJWK, generateKeyPair, importJWK} from 'jose';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {checkStatus, createCredential, createList} from '@digitalbazaar/vc-bitstring-status-list';
import {createPrivateKey, createPublicKey, sign as signBytes, verify as verifyBytes} from 'node:crypto';
import {cryptosuite as eddsaRDFC} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {dereference} from './didkey.mjs';

const multikey = await Ed25519Multikey.generate();
multikey.controller = `did:key:${multikey.publicKeyMultibase}`;
multikey.id = `${multikey.controller}#${multikey.publicKeyMultibase}`;

const pairs = {};
for (const alg of ['EdDSA', 'ES256']) {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  const jwk = await exportJWK(publicKey);
  pairs[alg] = {privateKey, secret: await exportJWK(privateKey), did: `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`};
}
const hash = alg => alg === 'ES256' ? 'sha256' : null;
const p1363 = key => ({key, dsaEncoding: 'ieee-p1363'});

const packages = {'@sd-jwt/jwt-status-list': sdjwt, '@owf/token-status-list': owf};
const suites = () => [eddsaJCS.createVerifyCryptosuite(), eddsaRDFC].map(cryptosuite => new DataIntegrityProof({cryptosuite}));
const signers = {'eddsa-jcs-2022': eddsaJCS.createSignCryptosuite, 'eddsa-rdfc-2022': () => eddsaRDFC};

// whole makes the list of all statuses out of those that are not 0.
const whole = r => {
  const all = new Array(r.length).fill(0);
  for (const [index, status] of Object.entries(r.set)) all[index] = status;
  return all;
};
const claims = r => ({sub: r.url, iat: r.from, exp: r.from + 3600, ttl: 900});
const protectedAlg = {EdDSA: -8, ES256: -7};

export const operations = contexts => {
  const loader = known => async url => {
    const document = known?.[url] ?? contexts.get(url) ?? (url.startsWith('did:key:') ? dereference(url) : undefined);
    if (!document) throw new Error(`the network was asked for ${url}`);
    return {contextUrl: null, documentUrl: url, document: structuredClone(document)};
  };
  return {
    keys: () => ({keys: {Ed25519: multikey.controller, ...Object.fromEntries(Object.entries(pairs).map(([alg, p]) => [alg, p.did]))}}),

    // bitstring reads the status of a credential by a list of the W3C's.
    bitstring: async r => {
      const result = await checkStatus({credential: r.document, documentLoader: loader(r.documents), suite: suites()});
      if (!result.verified) throw result.error ?? new Error('not verified');
      return {statuses: result.results.map(s => Number(s.status))};
    },
    makeBitstring: async r => {
      const list = await createList({length: r.length});
      for (const index of Object.keys(r.set)) list.setStatus(Number(index), true);
      const credential = {...await createCredential({id: r.url, list, statusPurpose: 'revocation'}), issuer: multikey.controller,
        validFrom: new Date(r.from * 1000).toISOString().replace('.000', '')};
      const suite = new DataIntegrityProof({signer: multikey.signer(), cryptosuite: signers[r.suite]()});
      return {document: await vc.issue({credential, suite, documentLoader: loader()})};
    },

    // jwt reads statuses out of a token list.
    jwt: async r => {
      const {protectedHeader} = await compactVerify(r.token, await importJWK(r.jwk, r.algorithm), {algorithms: [r.algorithm]});
      if (protectedHeader.typ !== 'statuslist+jwt') throw new Error(`typ is ${protectedHeader.typ}`);
      const list = packages[r.typ].getListFromStatusListJWT(r.token);
      return {statuses: r.indices.map(i => list.getStatus(i))};
    },
    makeJWT: async r => {
      const {StatusList, createHeaderAndPayload} = packages[r.typ];
      const {header, payload} = createHeaderAndPayload(new StatusList(whole(r), r.bits), claims(r), {alg: r.key, kid: `${pairs[r.key].did}#0`});
      return {token: await new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(header).sign(pairs[r.key].privateKey)};
    },

    // cwt is the same in CBOR, in base64.
    cwt: async r => {
      const token = Buffer.from(r.token, 'base64');
      const key = createPublicKey({key: r.jwk, format: 'jwk'});
      const sound = await Sign1.decode(token).verifySignature({key: CoseKey.fromJwk(r.jwk)}, {
        verify: async ({sign1}) => verifyBytes(hash(r.algorithm), sign1.toBeSigned, p1363(key), sign1.signature)});
      if (!sound) throw new Error('the signature does not verify');
      const list = owf.StatusListCwt.fromToken(token);
      if (list.protectedHeaders.headers.get(16) !== 'application/statuslist+cwt') throw new Error('typ is another');
      return {statuses: r.indices.map(i => list.payload.statusList.getStatus(i))};
    },
    makeCWT: async r => {
      const {secret, did} = pairs[r.key];
      const {sub, iat, exp, ttl} = claims(r);
      const list = new owf.StatusListCwt({
        payload: {subject: sub, issuedAt: new Date(iat * 1000), expirationTime: new Date(exp * 1000), timeToLive: ttl, statusList: new owf.StatusList(whole(r), r.bits)},
        protectedHeaders: ProtectedHeaders.create({protectedHeaders: new Map([[1, protectedAlg[r.key]]])}),
        unprotectedHeaders: UnprotectedHeaders.create({unprotectedHeaders: new Map([[4, Buffer.from(`${did}#0`)]])}),
      });
      const bytes = await list.signAndEncode({signingKey: CoseKey.fromJwk(secret), algorithm: protectedAlg[r.key]}, {
        sign: async ({toBeSigned}) => signBytes(hash(r.key), toBeSigned, p1363(createPrivateKey({key: secret, format: 'jwk'})))});
      return {token: Buffer.from(bytes).toString('base64')};
    },
  };
};
