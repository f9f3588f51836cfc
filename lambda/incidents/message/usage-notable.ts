import { counted } from '../../foundation/counted.ts';
import type { Story, Wording } from './story.ts';

export const usageNotable: Wording<'usage-notable'> = {
  open: ({ notable }) => ({
    title: `${whose(notable)} used somewhat more than usual`,
    summary: [
      'In the day before this message, usage was unusual, but not enough for an alarm: with so many keys something like it is found every few days by chance.',
      ...notable.map((each) => `${each.whose}: ${each.what}.`),
      'Nothing is cut off because of this.',
    ],
    actions: [
      'Look through the list. If you know why, do nothing.',
      'If something surprises you, ask the owners of that key, and look at it in Claude Console > Usage.',
      'Run `npx --no-install keyguard status`: it shows whether more has happened since.',
    ],
  }),
  recovered: ({ reason }) => ({
    title: 'No key was used somewhat more than usual for a week',
    summary: [`There is nothing to tell${reason === undefined ? '' : `: ${reason}`}.`],
    actions: ['Nothing has to be done.'],
  }),
};

function whose(notable: Story['notable']): string {
  const names = [...new Set(notable.map((each) => each.whose))];
  const [first = 'some keys'] = names;
  return names.length < 2 ? `${first}:` : `${first} and ${counted(names.length - 1, 'more key', 'more keys')}:`;
}
