// The words by which the node names what is wrong. Each has sentences in every
// catalogue (tests/words.spec.ts).

/** problemCodes are of refused requests (problem+json) and of the page's own troubles. */
export const problemCodes = [
  'bad-class',
  'bad-offer',
  'bad-request',
  'busy',
  'codec',
  'cross-origin',
  'expired',
  'forbidden',
  'login',
  'no-keyframe',
  'no-snapshot',
  'offline',
  'plain-login',
  'silent',
  'snapshot-login',
  'snapshot-silent',
  'snapshot-wrong',
  'taken',
  'too-many-tries',
  'unknown-feed',
  'unknown-name',
  'unreachable-node',
  'webrtc-off',
  'wrong-login',
  'internal',
  // of the page itself
  'no-https',
  'no-device',
  'device-busy',
  'permission',
  'no-webrtc',
  'no-player',
  'no-media',
  'preview-codec',
  'lost',
] as const;

/** troubleCodes are of feeds and links in the status. */
export const troubleCodes = [
  'offline',
  'unreachable',
  'camera-login',
  'refused',
  'no-push',
  'silent',
  'no-source',
  'no-key-frame',
  'codec',
  'taken-out',
  'late',
  'lossy',
  'queue',
  'floor',
  'far',
  'peer-away',
  'no-link',
] as const;

export type ProblemCode = (typeof problemCodes)[number];
export type TroubleCode = (typeof troubleCodes)[number];

export function isTroubleCode(code: string): code is TroubleCode {
  return (troubleCodes as readonly string[]).includes(code);
}

export function isProblemCode(code: string): code is ProblemCode {
  return (problemCodes as readonly string[]).includes(code);
}
