// What a did:key stands for, written from its specification.
const multikey = 'https://w3id.org/security/multikey/v1';

export const resolve = did => {
  const id = `${did}#${did.slice('did:key:'.length)}`;
  const method = {id, type: 'Multikey', controller: did, publicKeyMultibase: did.slice('did:key:'.length)};
  return {'@context': ['https://www.w3.org/ns/did/v1', multikey], id: did, verificationMethod: [method], authentication: [id], assertionMethod: [id]};
};

// dereference answers for a DID, or a DID URL with a fragment.
export const dereference = url => {
  const document = resolve(url.split('#')[0]);
  return url.includes('#') ? {'@context': multikey, ...document.verificationMethod[0]} : document;
};
