// The verifier of the Digital Credentials Consortium. It takes no loader: contexts
// that it does not hold itself are fetched.
import {verifyCredential} from '@digitalcredentials/verifier-core';

export const operations = () => ({
  verify: async r => {
    const {log, errors} = await verifyCredential({credential: r.document, knownDIDRegistries: []});
    if (!log?.find(e => e.id === 'valid_signature')?.valid) throw Object.assign(new Error('no valid_signature'), {errors});
  },
});
