import type { Receiver } from '../../local/receivers.ts';

/** What a card in Slack tells. */
export interface Card {
  readonly kind: string;
  readonly state: string;
  readonly incidentId: string;
  /** All of its text. */
  readonly text: string;
}

/** The cards about one cause, in their order. */
export function cardsAbout(slack: Receiver | undefined, subject: string): readonly Card[] {
  return (slack?.cards ?? []).flatMap(({ body }) => {
    const text = JSON.stringify(body);
    const [, kind, state, incidentId] = /([\w-]+) \| (\w+) \| incident ([\w-]+)/.exec(text) ?? [];
    if (kind === undefined || state === undefined || incidentId === undefined) throw new Error(`a card that names no incident: ${text}`);
    return incidentId.startsWith(`${kind}-${subject}-`) ? [{ kind, state, incidentId, text }] : [];
  });
}
