// A private Sigstore for tests: the handlers of @sigstore/mock behind a real HTTP server on this machine.
//
// Where the handlers are not faithful, this is: RFC 3161 requests in DER, as timestamp authorities want them; Rekor v1 logs a
// proposed envelope as its hashes; Rekor v2 logs hashedrekord 0.0.2 under an Ed25519 key that C2SP's signed notes name.
// Prints its address when it listens. GET /trusted_root.json and /signing_config.json say whom to believe and whom to ask.

import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import {
  fulcioHandler,
  initializeCA,
  initializeCTLog,
  initializeTLog,
  initializeTSA,
  rekorHandler,
} from '@sigstore/mock';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const host = `127.0.0.1:${server.address().port}`;
const base = `http://${host}`;

const pair = () => generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const b64 = (bytes) => Buffer.from(bytes).toString('base64');

const ctlog = await initializeCTLog(pair());
const ca = await initializeCA(pair(), ctlog);
const tlog = await initializeTLog(base, pair());
const tsa = await initializeTSA(pair());
const tiles = generateKeyPairSync('ed25519');
const tilesKey = tiles.publicKey.export({ format: 'der', type: 'spki' });
const tilesId = sha256(host, Buffer.from([0x0a, 0x01]), tilesKey.subarray(-32));

const fulcio = fulcioHandler(ca);
const rekor = rekorHandler(tlog);

// A nonce has more bits than a number of JavaScript, and not every reader takes parts of a second
const bare = tsa.tstInfo.bind(tsa);
tsa.tstInfo = (request) => {
  const info = bare({ ...request, nonce: 1 });
  info.nonce = request.nonce;
  info.genTime = new Date(Math.floor(Date.now() / 1000) * 1000);
  return info;
};

function certify(body) {
  const request = JSON.parse(body);
  if (request.certificateSigningRequest) {
    request.certificateSigningRequest = Buffer.from(request.certificateSigningRequest, 'base64').toString();
  }
  request.credentials ??= { oidcIdentityToken: '' };
  return fulcio.fn(JSON.stringify(request));
}

function stamp(body, contentType) {
  if (contentType === 'application/json') {
    const request = JSON.parse(body);
    const hash = Buffer.from(request.artifactHash, 'base64');
    return answerStamp({ hash, algorithm: '2.16.840.1.101.3.4.2.1', nonce: undefined, certificates: false });
  }
  const query = new pkijs.TimeStampReq({ schema: asn1js.fromBER(body).result });
  return answerStamp({
    hash: Buffer.from(query.messageImprint.hashedMessage.valueBlock.valueHexView),
    algorithm: query.messageImprint.hashAlgorithm.algorithmId,
    nonce: query.nonce,
    certificates: query.certReq ?? false,
  });
}

async function answerStamp({ hash, algorithm, nonce, certificates }) {
  const request = {
    artifactHash: hash,
    hashAlgorithmOID: algorithm,
    nonce,
    policyOID: '1.3.6.1.4.1.57264.2',
    certReq: certificates,
  };
  return { statusCode: 201, response: await tsa.timestamp(request), contentType: 'application/timestamp-reply' };
}

function logV1(body) {
  const proposed = JSON.parse(body);
  if (proposed.kind === 'dsse') {
    const { envelope, verifiers } = proposed.spec.proposedContent;
    const { payload, signatures } = JSON.parse(envelope);
    proposed.spec = {
      envelopeHash: { algorithm: 'sha256', value: sha256(envelope).toString('hex') },
      payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(payload, 'base64')).toString('hex') },
      signatures: signatures.map((item, at) => ({ signature: item.sig, verifier: verifiers[at] })),
    };
  }
  return rekor.fn(JSON.stringify(proposed));
}

function logV2(body) {
  const { hashedRekordRequestV002: hashed, dsseRequestV002: enveloped } = JSON.parse(body);
  const { kind, spec } = hashed ? recordOf(hashed) : envelopeOf(enveloped);
  const record = Buffer.from(JSON.stringify({ apiVersion: '0.0.2', kind, spec }));
  const root = sha256(Buffer.from([0]), record);
  const note = `${host}\n1\n${b64(root)}\n`;
  const line = b64(Buffer.concat([tilesId.subarray(0, 4), sign(null, Buffer.from(note), tiles.privateKey)]));
  const entry = {
    logIndex: '0',
    logId: { keyId: b64(tilesId) },
    kindVersion: { kind, version: '0.0.2' },
    inclusionProof: {
      logIndex: '0',
      rootHash: b64(root),
      treeSize: '1',
      hashes: [],
      checkpoint: { envelope: `${note}\n\u2014 ${host} ${line}\n` },
    },
    canonicalizedBody: b64(record),
  };
  return { statusCode: 201, response: JSON.stringify(entry), contentType: 'application/json' };
}

function recordOf({ digest, signature }) {
  const data = { algorithm: 'SHA2_256', digest };
  const logged = { content: signature.content, verifier: verifierOf(signature.verifier) };
  return { kind: 'hashedrekord', spec: { hashedRekordV002: { data, signature: logged } } };
}

// As the first releases of Rekor v2 logged envelopes, and some clients still ask for
function envelopeOf({ envelope, verifiers }) {
  const payloadHash = { algorithm: 'SHA2_256', digest: b64(sha256(Buffer.from(envelope.payload, 'base64'))) };
  const signatures = envelope.signatures.map((item, at) => ({ content: item.sig, verifier: verifierOf(verifiers[at]) }));
  return { kind: 'dsse', spec: { dsseV002: { payloadHash, signatures } } };
}

function verifierOf({ keyDetails, x509Certificate, publicKey }) {
  return x509Certificate ? { keyDetails, x509Certificate } : { keyDetails, publicKey };
}

// As GitHub Actions answers a job: a token nobody here verifies, for the audience that is asked for
function token(url, authorization) {
  if (authorization !== 'bearer the-jobs-own-secret') return { statusCode: 401, response: 'no' };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: 'https://token.actions.githubusercontent.com',
    aud: url.searchParams.get('audience'),
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(Date.now() / 1000) + 300,
    sub: 'https://github.com/team/app/.github/workflows/release.yml@refs/heads/main',
    job_workflow_ref: 'team/app/.github/workflows/release.yml@refs/heads/main',
    repository: 'team/app',
    ref: 'refs/heads/main',
    event_name: 'push',
  };
  const value = `${part({ alg: 'none' })}.${part(claims)}.${part('unsigned')}`;
  return { statusCode: 200, response: JSON.stringify({ value }), contentType: 'application/json' };
}

const validFor = { start: new Date(Date.now() - 60_000).toISOString() };
const log = (id, key, details) => ({
  baseUrl: base,
  hashAlgorithm: 'SHA2_256',
  publicKey: { rawBytes: b64(key), keyDetails: details, validFor },
  logId: { keyId: b64(id) },
});
const authority = (uri, ...chain) => ({
  uri,
  subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
  certChain: { certificates: chain.map((der) => ({ rawBytes: b64(der) })) },
  validFor,
});
const trustedRoot = {
  mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
  tlogs: [
    log(sha256(tlog.publicKey), tlog.publicKey, 'PKIX_ECDSA_P256_SHA_256'),
    log(tilesId, tilesKey, 'PKIX_ED25519'),
  ],
  certificateAuthorities: [authority(base, ca.rootCertificate)],
  ctlogs: [log(ctlog.logID, ctlog.publicKey, 'PKIX_ECDSA_P256_SHA_256')],
  timestampAuthorities: [authority(base, tsa.intCertificate, tsa.rootCertificate)],
};
const service = (url, majorApiVersion) => ({ url, majorApiVersion, validFor, operator: 'sigstore.mock' });
const signingConfig = {
  mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
  caUrls: [service(base, 1)],
  oidcUrls: [],
  rekorTlogUrls: [service(base, 2), service(base, 1)],
  tsaUrls: [service(`${base}/api/v1/timestamp`, 1)],
  rekorTlogConfig: { selector: 'ANY' },
  tsaConfig: { selector: 'ANY' },
};
const json = (value) => ({ statusCode: 200, response: JSON.stringify(value), contentType: 'application/json' });

async function answer(request, body) {
  const url = new URL(request.url, base);
  switch (`${request.method} ${url.pathname}`) {
    case 'POST /api/v2/signingCert':
      return certify(withBearer(body, request.headers.authorization));
    case 'POST /api/v1/log/entries':
      return logV1(body);
    case 'POST /api/v2/log/entries':
      return logV2(body);
    case 'POST /api/v1/timestamp':
      return stamp(body, request.headers['content-type']);
    case 'GET /token':
      return token(url, request.headers.authorization);
    case 'GET /trusted_root.json':
      return json(trustedRoot);
    case 'GET /signing_config.json':
      return json(signingConfig);
    default:
      return { statusCode: 404, response: 'not found' };
  }
}

// Some clients send the token as a header, as Fulcio also takes it
function withBearer(body, authorization) {
  const request = JSON.parse(body);
  if (!request.credentials && authorization) {
    request.credentials = { oidcIdentityToken: authorization.replace(/^Bearer /i, '') };
  }
  return JSON.stringify(request);
}

server.on('request', (request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', async () => {
    let result;
    try {
      result = await answer(request, Buffer.concat(chunks));
    } catch (error) {
      result = { statusCode: 500, response: String(error?.stack ?? error) };
    }
    response.writeHead(result.statusCode, { 'Content-Type': result.contentType ?? 'text/plain' });
    response.end(result.response);
  });
});
console.log(base);
