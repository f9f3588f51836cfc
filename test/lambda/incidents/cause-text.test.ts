import { expect, test } from 'vitest';
import { brakeText, causeText } from '../../../lambda/incidents/message/cause-text.ts';
import { causesWithData, causesWithoutData, everyBrake } from '../../support/causes.ts';

test('each cause is one sentence, and no two say the same', () => {
  const causes = [...causesWithoutData, ...causesWithData];
  const sentences = causes.map(causeText);
  expect(new Set(sentences).size).toBe(causes.length);
  for (const sentence of sentences) expect(sentence).toMatch(/^\S[^\n]*\S$/);
  expect(causesWithData.map(causeText)).toMatchSnapshot();
});

test('each brake is one sentence of its own', () => {
  const sentences = everyBrake.map(brakeText);
  expect(new Set(sentences).size).toBe(everyBrake.length);
  expect(sentences).toMatchSnapshot();
});
