import { expect, test } from 'vitest';
import { homeOf, isArnOf, secretsOf } from '../../contract/names.ts';

const home = homeOf('arn:aws:sns:eu-west-1:111122223333:keyguard-alerts') ?? { partition: '', region: '', account: '' };
const { secretName } = secretsOf('keyguard', 'production');

test('the ARN of a secret belongs to a name in its account and Region, with six characters at its end', () => {
  expect(isArnOf(secretName, 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers-a1B2c3', home)).toBe(true);
});

test.each([
  ['another account', 'arn:aws:secretsmanager:eu-west-1:999999999999:secret:keyguard/production/consumers-a1B2c3'],
  ['another Region', 'arn:aws:secretsmanager:us-east-1:111122223333:secret:keyguard/production/consumers-a1B2c3'],
  ['another partition', 'arn:aws-cn:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers-a1B2c3'],
  ['another service', 'arn:aws:ssm:eu-west-1:111122223333:secret:keyguard/production/consumers-a1B2c3'],
  ['the standby secret', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/standby-a1B2c3'],
  ['a name that begins so', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers-other-a1B2c3'],
  ['a longer end', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers-a1B2c3d'],
  ['an end with a slash', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers-a1B2/3'],
  ['no end', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard/production/consumers'],
  ['the name alone', 'keyguard/production/consumers'],
  ['another installation', 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:keyguard2/production/consumers-a1B2c3'],
  ['nothing', ''],
])('%s is another secret', (_what, arn) => {
  expect(isArnOf(secretName, arn, home)).toBe(false);
});

test.each(['', 'keyguard', 'arn:aws:sns', 'arn:aws:iam::111122223333:role/x'])('%j says of no home', (arn) => {
  expect(homeOf(arn)).toBeUndefined();
});
