import type { LastUseRecord } from '../contract/records.ts';
import { counted, instant } from './output.ts';

/** `last used 2026-06-10 14:03 UTC with claude-haiku-4-5 in wrkspc_1, 5,000 tokens in that minute` */
export function lastUseText(use: LastUseRecord | undefined, usageKnownUntil: number): string {
  if (use !== undefined) {
    const tokens = counted(use.tokens, 'token').replace(/^\d+/, (digits) => Number(digits).toLocaleString('en-US'));
    return `last used ${instant(use.at)} with ${use.model} in ${use.workspaceId}, ${tokens} in that minute`;
  }
  return usageKnownUntil === 0
    ? 'whether it is used is not known'
    : `no use of it is known (usage is known until ${instant(usageKnownUntil)})`;
}
