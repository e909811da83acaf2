// Data Integrity by the packages of Digital Bazaar.
import * as vc from '@digitalbazaar/vc';
import * as ecdsaJCS from '@digitalbazaar/ecdsa-jcs-2019-cryptosuite';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as ecdsaSD from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as eddsaJCS from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {Ed25519Signature2020} from '@digitalbazaar/ed25519-signature-2020';
import {Ed25519VerificationKey2020} from '@digitalbazaar/ed25519-verification-key-2020';
import {cryptosuite as ecdsaRDFC} from '@digitalbazaar/ecdsa-rdfc-2019-cryptosuite';
import {cryptosuite as eddsaRDFC} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {dereference} from './didkey.mjs';

const named = pair => {
  pair.controller = `did:key:${pair.publicKeyMultibase}`;
  pair.id = `${pair.controller}#${pair.publicKeyMultibase}`;
  return pair;
};
const keys = {
  'Ed25519': named(await Ed25519Multikey.generate()),
  'P-256': named(await EcdsaMultikey.generate({curve: 'P-256'})),
  'P-384': named(await EcdsaMultikey.generate({curve: 'P-384'})),
  'Ed25519VerificationKey2020': await (async () => {
    const pair = await Ed25519VerificationKey2020.generate();
    pair.controller = `did:key:${pair.fingerprint()}`;
    pair.id = `${pair.controller}#${pair.fingerprint()}`;
    return pair;
  })(),
};

const signers = {
  'eddsa-rdfc-2022': () => eddsaRDFC,
  'eddsa-jcs-2022': eddsaJCS.createSignCryptosuite,
  'ecdsa-rdfc-2019': () => ecdsaRDFC,
  'ecdsa-jcs-2019': ecdsaJCS.createSignCryptosuite,
  'ecdsa-sd-2023': ecdsaSD.createSignCryptosuite,
};
const signing = ({suite, key, mandatory}) => suite === 'Ed25519Signature2020' ?
  new Ed25519Signature2020({key: keys[key]}) :
  new DataIntegrityProof({signer: keys[key].signer(), cryptosuite: signers[suite]({mandatoryPointers: mandatory ?? []})});
const verifying = () => [new Ed25519Signature2020(), ...[
  eddsaRDFC, eddsaJCS.createVerifyCryptosuite(), ecdsaRDFC, ecdsaJCS.createVerifyCryptosuite(), ecdsaSD.createVerifyCryptosuite(),
].map(cryptosuite => new DataIntegrityProof({cryptosuite}))];

const verdict = r => {
  if (!r.verified) throw Object.assign(new Error('not verified'), {errors: (r.error?.errors ?? [r.error]).flat()});
};
// Status lists are another matter than proofs.
const checkStatus = async () => ({verified: true});

export const operations = contexts => {
  const documentLoader = async url => {
    const document = contexts.get(url) ?? (url.startsWith('did:key:') ? dereference(url) : undefined);
    if (!document) throw new Error(`the network was asked for ${url}`);
    return {contextUrl: null, documentUrl: url, document: structuredClone(document)};
  };
  return {
    keys: () => ({keys: Object.fromEntries(Object.entries(keys).map(([name, pair]) => [name, pair.controller]))}),
    sign: async r => ({document: await vc.issue({credential: r.document, suite: signing(r), documentLoader})}),
    verify: async r => verdict(await vc.verifyCredential({credential: r.document, suite: verifying(), documentLoader, checkStatus})),
    derive: async r => ({document: await vc.derive({verifiableCredential: r.document, documentLoader,
      suite: new DataIntegrityProof({cryptosuite: ecdsaSD.createDiscloseCryptosuite({selectivePointers: r.pointers})})})}),
    present: async r => ({document: await vc.signPresentation({suite: signing(r), challenge: r.challenge, domain: r.domain, documentLoader,
      presentation: vc.createPresentation({verifiableCredential: r.document, holder: keys[r.key].controller})})}),
    verifyPresentation: async r => verdict(await vc.verify({presentation: r.document, suite: verifying(), challenge: r.challenge, domain: r.domain,
      documentLoader, checkStatus})),
  };
};
