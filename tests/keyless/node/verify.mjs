// A second opinion: @sigstore/verify on bundles. Reads one JSON document from standard input,
// {trustedRoot, keys: {hint: DER in base64}, cases: [{bundle, artifact in base64 or null, identity?, tlogThreshold?}]},
// and writes a list: "" for a bundle that holds, else why it does not.

import { readFileSync } from 'node:fs';
import { bundleFromJSON } from '@sigstore/bundle';
import { PublicKey, PublicKeyDetails, TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const input = JSON.parse(readFileSync(0, 'utf8'));
const keys = Object.fromEntries(
  Object.entries(input.keys ?? {}).map(([hint, rawBytes]) => [
    hint,
    PublicKey.fromJSON({ rawBytes, keyDetails: PublicKeyDetails[PublicKeyDetails.PKIX_ECDSA_P256_SHA_256] }),
  ])
);
const material = toTrustMaterial(TrustedRoot.fromJSON(input.trustedRoot), keys);

const verdicts = input.cases.map(({ bundle, artifact, identity, thresholds }) => {
  try {
    const entity = toSignedEntity(bundleFromJSON(bundle), artifact ? Buffer.from(artifact, 'base64') : undefined);
    new Verifier(material, thresholds ?? {}).verify(entity, identity);
    return '';
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
});
console.log(JSON.stringify(verdicts));
