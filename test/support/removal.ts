/** Why an operator removes a standby key, as the record says it before the deed and after it. */
export const removal = {
  before: { cause: { code: 'removing', reason: 'distrusted' } },
  after: { cause: { code: 'removed', reason: 'distrusted' } },
} as const;
