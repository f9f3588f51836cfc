/** Why an operator removes a standby key, as the record says it before the deed and after it. */
export const removal = {
  before: { because: 'distrusted' },
  after: { because: 'removed: distrusted' },
} as const;
