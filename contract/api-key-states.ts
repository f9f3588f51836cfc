export const apiKeyStates = ['standby', 'pending', 'current', 'draining', 'inactive', 'archived', 'rejected', 'contained'] as const;
export type ApiKeyState = (typeof apiKeyStates)[number];

/** States of an old key that can still be brought back. */
export const oldStates = ['draining', 'inactive', 'contained'] as const satisfies readonly ApiKeyState[];
export type OldState = (typeof oldStates)[number];
