// The two calls of WebAuthn as JSON in, JSON out (WebAuthn L3, 5.1.9 to 5.1.11), with what older browsers lack.

export const supported = () => 'credentials' in navigator && typeof PublicKeyCredential === 'function';

export const conditional = async () =>
  supported() && (await PublicKeyCredential.isConditionalMediationAvailable?.()) === true;

export async function create(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? decode(options);
  return toJSON(await navigator.credentials.create({ publicKey }));
}

export async function get(options, more = {}) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? decode(options);
  return toJSON(await navigator.credentials.get({ publicKey, ...more }));
}

const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const ids = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));

function decode(options) {
  const decoded = { ...options, challenge: bytes(options.challenge) };
  if (options.user) decoded.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) decoded.allowCredentials = ids(options.allowCredentials);
  if (options.excludeCredentials) decoded.excludeCredentials = ids(options.excludeCredentials);
  return decoded;
}

function toJSON(credential) {
  if (typeof credential.toJSON === 'function') {
    try {
      return credential.toJSON();
    } catch {
      // some password managers hand out objects that only look like credentials
    }
  }
  const { response } = credential;
  const json = {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: { clientDataJSON: text(response.clientDataJSON) },
  };
  for (const name of ['attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
    if (response[name]) json.response[name] = text(response[name]);
  }
  if (response.getTransports) json.response.transports = response.getTransports();
  return json;
}
