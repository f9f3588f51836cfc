import { operatorCauses, plainBrakes, plainCauses, plainRefutations, type Brake, type Cause } from '../../contract/causes.ts';

/** One of each code that carries data. */
export const causesWithData: readonly Cause[] = [
  ...operatorCauses.map((code) => ({ code, reason: 'a laptop was stolen' })),
  { code: 'paused', by: 'Ada', reason: 'a freeze' },
  { code: 'unstuck', acts: ['AWSPENDING is taken off.', 'A request is withdrawn.'] },
  { code: 'intended', to: 'inactive', why: { code: 'grace-over', end: 'silent' } },
  { code: 'replaced', by: 'apikey_next' },
  { code: 'ended-at-anthropic', status: 'expired' },
  { code: 'retired', why: { code: 'grace-over', end: 'emergency', inGrace: true }, valueUnknown: true },
  { code: 'containment', incidentId: 'usage-anomaly-1' },
  { code: 'cannot-come-back', apiKeyId: 'apikey_old', why: { code: 'value-refused', stillAt: Date.UTC(2026, 8, 7) }, before: 'emergency' },
  { code: 'broken-off', what: { code: 'being-tried' } },
  { code: 'key-ended', status: 'archived' },
  { code: 'other-workspace', workspaceId: null, expected: 'wrkspc_1' },
  { code: 'shown-as', status: 'inactive' },
  { code: 'unclear-answer', detail: 'HTTP 529' },
  { code: 'unclear-fields', apiKeyId: 'apikey_old', fields: 'scope.type is "galaxy"' },
  { code: 'recorded', text: 'what an older version said' },
];

export const causesWithoutData: readonly Cause[] = [
  ...plainCauses.map((code) => ({ code })),
  ...plainRefutations.map((code) => ({ code })),
];

export const everyBrake: readonly Brake[] = [
  ...plainBrakes.map((code) => ({ code })),
  { code: 'usage-not-visible', since: Date.UTC(2026, 8, 7, 10) },
  { code: 'key-of-another', apiKeyId: 'apikey_theirs', managedKey: 'batch' },
  { code: 'not-confirmed', subject: 'production', metric: 'outputTokens', most: 1_200 },
  { code: 'replacement-paused', managedKey: 'production', reason: 'a freeze' },
  { code: 'still-accepted', what: 'Anthropic still accepts it', fix: 'archive it' },
  { code: 'recorded', text: 'what an older version said' },
];
