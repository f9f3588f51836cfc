import { expect, test } from 'vitest';
import { alarmTextWithFix } from '../../../lambda/incidents/message/alarm-text.ts';
import { doubtText, verificationText } from '../../../lambda/incidents/message/verification-text.ts';
import { brakeText, causeText } from '../../../lambda/incidents/message/cause-text.ts';
import { causesWithData, causesWithoutData, everyAlarm, everyBrake, everyDoubt, everyVerification } from '../../support/causes.ts';

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

test('each reason that people are told is one sentence', () => {
  const sentences = everyAlarm.map(alarmTextWithFix);
  for (const sentence of sentences) expect(sentence).toMatch(/^\S[^\n]*\S$/);
  expect(sentences).toMatchSnapshot();
});

test('each reason why a standby key was not proven is one sentence of its own', () => {
  const sentences = everyVerification.map(verificationText);
  expect(new Set(sentences).size).toBe(everyVerification.length);
  expect(everyDoubt.map(doubtText)).toMatchSnapshot();
  expect(sentences.slice(-6)).toMatchSnapshot();
});
