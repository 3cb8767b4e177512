// Signs with @sigstore/sign against the private stack. Reads {base, token, cases: [{data in base64, type, rekor}]} from standard
// input and writes the bundles. `type`: a DSSE payload's media type, or null for a bare message signature.

import { readFileSync } from 'node:fs';
import { bundleToJSON } from '@sigstore/bundle';
import {
  DSSEBundleBuilder,
  FulcioSigner,
  MessageSignatureBundleBuilder,
  RekorWitness,
  TSAWitness,
} from '@sigstore/sign';

const input = JSON.parse(readFileSync(0, 'utf8'));
const bundles = [];
for (const { data, type, rekor } of input.cases) {
  const signer = new FulcioSigner({
    fulcioBaseURL: input.base,
    identityProvider: { getToken: async () => input.token },
  });
  const witnesses = [new RekorWitness({ rekorBaseURL: input.base, majorApiVersion: rekor, entryType: 'dsse' })];
  if (rekor === 2) witnesses.push(new TSAWitness({ tsaBaseURL: `${input.base}/api/v1/timestamp` }));
  const Builder = type ? DSSEBundleBuilder : MessageSignatureBundleBuilder;
  const builder = new Builder({ signer, witnesses });
  const bundle = await builder.create({ data: Buffer.from(data, 'base64'), type: type ?? undefined });
  bundles.push(bundleToJSON(bundle));
}
console.log(JSON.stringify(bundles));
