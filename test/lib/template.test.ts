import { expect, test } from 'vitest';
import { example, synthesised } from './stacks.ts';

test("the example's template is the one that was reviewed (changed on purpose? npx vitest run test/lib -u)", async () => {
  const { text } = synthesised(example);
  const withoutAssets = text.replace(/"S3Key": "[^"]+"/g, '"S3Key": "<asset>"').replace(/"S3Bucket": \{[^}]+\}/g, '"S3Bucket": "<bucket>"');
  await expect(`${withoutAssets}\n`).toMatchFileSnapshot('__snapshots__/example.template.json');
});
