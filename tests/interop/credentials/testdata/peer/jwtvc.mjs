// JWT of VCDM 1.1 by did-jwt-vc.
import {createVerifiableCredentialJwt, createVerifiablePresentationJwt, verifyCredential, verifyPresentation} from 'did-jwt-vc';
import {base64url, exportJWK, generateKeyPair} from 'jose';

const issuers = {};
for (const alg of ['EdDSA', 'ES256']) {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  const jwk = await exportJWK(publicKey);
  const algorithm = alg === 'EdDSA' ? {name: 'Ed25519'} : {name: 'ECDSA', hash: 'SHA-256'};
  issuers[alg] = {
    alg, did: `did:jwk:${base64url.encode(JSON.stringify(jwk))}`,
    signer: async data => base64url.encode(new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, Buffer.from(data)))),
  };
}

const resolver = {
  resolve: async did => {
    const publicKeyJwk = JSON.parse(Buffer.from(did.slice('did:jwk:'.length), 'base64url').toString('utf8'));
    const method = {id: `${did}#0`, type: 'JsonWebKey2020', controller: did, publicKeyJwk};
    return {didResolutionMetadata: {}, didDocumentMetadata: {},
      didDocument: {id: did, verificationMethod: [method], authentication: [method.id], assertionMethod: [method.id]}};
  },
};

export const operations = () => ({
  keys: () => ({keys: Object.fromEntries(Object.entries(issuers).map(([alg, issuer]) => [alg, issuer.did]))}),
  sign: async r => ({token: await createVerifiableCredentialJwt(r.document, issuers[r.key])}),
  verify: async r => { await verifyCredential(r.token, resolver); },
  present: async r => ({token: await createVerifiablePresentationJwt(
    {vp: {'@context': ['https://www.w3.org/2018/credentials/v1'], type: ['VerifiablePresentation'], verifiableCredential: [r.token]},
      jti: 'urn:example:Andromeda', nonce: r.challenge, aud: r.domain}, issuers[r.key])}),
  verifyPresentation: async r => { await verifyPresentation(r.token, resolver, {challenge: r.challenge, domain: r.domain, audience: r.domain}); },
});
