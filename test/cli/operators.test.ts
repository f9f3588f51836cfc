import { expect, test } from 'vitest';
import { operatorAnswers } from '../../cli/operators.ts';

const role = 'arn:aws:iam::210987654321:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef';
const user = 'arn:aws:iam::210987654321:user/team/kim';
const session = (name: string): string => `arn:aws:sts::210987654321:assumed-role/${name}/kim`;
const said = (operators: readonly string[], caller: string): readonly string[] =>
  operatorAnswers(operators, caller).map(({ what }) => what);

test('a session counts as its role whatever its path, and a user as itself', () => {
  expect(said([role], session('AWSReservedSSO_Admin_0123456789abcdef'))).toEqual([]);
  expect(said([role, user], user)).toEqual([]);
  expect(said([], session('anybody'))).toEqual([]);
});

test('who asks and is no operator is told what they will not be able to do', () => {
  expect(said([role], session('Deploy'))).toEqual([expect.stringMatching(/^you \(.*assumed-role\/Deploy\/kim\) are not in "operators"/)]);
  expect(said([user], 'arn:aws:iam::210987654321:user/kim')).toHaveLength(1);
});

test('an operator of another account is named, also where the name is that of who asks', () => {
  const foreign = 'arn:aws:iam::999999999999:role/Deploy';
  expect(said([foreign], session('Deploy'))).toEqual([
    expect.stringMatching(/999999999999:role\/Deploy is not of account 210987654321/),
    expect.stringContaining('are not in "operators"'),
  ]);
});
