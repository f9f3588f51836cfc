/**
 * One invented value for each shape of contract/secret-shapes.ts, put together from parts, so that nothing here is taken for a
 * leak by who searches repositories. Each holds F4KE, fa4e or FA4E.
 */
const fake = (count: number): string => 'F4KE'.repeat(Math.ceil(count / 4)).slice(0, count);
const hex = (count: number): string => 'fa4e'.repeat(Math.ceil(count / 4)).slice(0, count);

export const fakeSecrets: Readonly<Record<string, string>> = {
  'an Admin API key': ['sk-ant', 'admin01', fake(16)].join('-'),
  'an Anthropic key or token': ['sk-ant', 'api03', fake(16)].join('-'),
  "Slack's webhook address": ['https://hooks.slack.com', 'services', 'T0', 'B0', fake(16)].join('/'),
  'a Slack token': ['xoxb', '1234567890', fake(16)].join('-'),
  'a signing secret of a webhook': ['whsec', fake(32)].join('_'),
  'a signed token (JWT)': ['eyJhbGciOiJIUzI1NiJ9', `eyJ${fake(16)}`, fake(32)].join('.'),
  'a private key': ['-----BEGIN RSA', `PRIVATE KEY-----\n${fake(64)}\n-----END RSA`, 'PRIVATE KEY-----'].join(' '),
  'an AWS access key': ['AKIA', 'FA4E'.repeat(4)].join(''),
  'an AWS secret key': ['aws_secret_access', `key = ${fake(40)}`].join('_'),
  'an Amazon Bedrock key': ['ABSK', fake(72)].join(''),
  'a GitHub token': ['ghp', fake(36)].join('_'),
  'a GitLab token': ['glpat', fake(20)].join('-'),
  "PagerDuty's integration address": ['https://events.pagerduty.com', 'integration', hex(32), 'enqueue'].join('/'),
  'the address of a webhook': ['https://discord.com/api', 'webhooks', '1234567890', fake(32)].join('/'),
  'an address with a password in it': ['https://me', `${fake(8)}@example.com`].join(':'),
  'an address with a key in it': ['https://api.opsgenie.com/v1/json/alert?api', `Key=${hex(32)}`].join(''),
  'a bearer token': ['Bearer', fake(20)].join(' '),
  'a key in a header': ['x-api-key', fake(20)].join(': '),
  'a key of OpenAI or of its kin': ['sk', 'proj', fake(40)].join('-'),
  'a Stripe key': ['sk', 'live', fake(24)].join('_'),
  'a Google key': ['AI', 'za', fake(35)].join(''),
  'a package registry’s token': ['npm', fake(36)].join('_'),
  'a key of a model provider': ['hf', fake(34)].join('_'),
  'a key of an email or telephone service': ['SG', fake(22), fake(43)].join('.'),
  'a token of a cloud or of a secrets manager': ['hvs', fake(24)].join('.'),
  'a token of a monitoring or office service': ['glsa', fake(32)].join('_'),
  'a key of Azure storage or of a message bus': ['AccountName=a;Account', `Key=${fake(86)}==`].join(''),
  'an Opsgenie key': ['Genie', `Key ${[hex(8), hex(4), hex(4), hex(4), hex(12)].join('-')}`].join(''),
  'an age identity': ['AGE', 'SECRET', 'KEY', `1${'FA4E'.repeat(14)}`].join('-'),
  "a Telegram bot's token": ['123456789', `AA${fake(33)}`].join(':'),
  "a chat server's webhook address": ['https://chat.acme.io', 'hooks', hex(26)].join('/'),
  'a PagerDuty routing key': ['events.pagerduty.com/v2/enqueue', `R0${'1FA4E'.repeat(6)}`].join(' '),
};
