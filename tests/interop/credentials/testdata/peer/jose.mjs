// Tokens by panva's jose.
import {CompactSign, compactVerify, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK} from 'jose';

const pairs = {};
for (const alg of ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'ES512', 'PS256', 'RS256']) {
  const {publicKey, privateKey} = await generateKeyPair(alg, {extractable: true});
  const jwk = await exportJWK(publicKey);
  pairs[alg] = {privateKey, did: `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`};
}

export const operations = () => ({
  keys: () => ({keys: Object.fromEntries(Object.entries(pairs).map(([alg, pair]) => [alg, pair.did]))}),
  sign: async r => ({token: await new CompactSign(Buffer.from(JSON.stringify(r.document)))
    .setProtectedHeader({alg: r.key, kid: `${pairs[r.key].did}#0`, typ: r.typ, cty: r.typ.slice(0, 2)}).sign(pairs[r.key].privateKey)}),
  verify: async r => {
    const {alg} = decodeProtectedHeader(r.token);
    const {protectedHeader, payload} = await compactVerify(r.token, await importJWK(r.jwk, alg), {algorithms: [r.algorithm]});
    if (protectedHeader.typ !== r.typ) throw new Error(`typ is ${protectedHeader.typ}`);
    return {document: JSON.parse(Buffer.from(payload).toString('utf8'))};
  },
});
