/**
 * What a value that burns looks like: the one list for what a configuration refuses and what redaction takes out of text.
 * Only shapes that are told from other text without doubt: a vendor's own prefix, address or header.
 */
export interface SecretShape {
  /** For people: `holds a secret (a GitHub token)`. */
  readonly what: string;
  /** The whole value, wherever it stands in a text; redaction takes out what it matches. */
  readonly value: RegExp;
  /** What a file is refused for, where that is more than a whole value, or must be surer. @default value */
  readonly inFile?: RegExp;
  /** The command that takes it in; absent for what Key Guard has no use for. */
  readonly takenBy?:
    | 'npx --no-install keyguard admin-key set'
    | 'npx --no-install keyguard standby add NAME'
    | 'npx --no-install keyguard slack-webhook set';
}

/** A prefix of few letters counts at the start of a word only; in JSON a line break before it is written as a letter. */
const wordStart = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))`;
const starting = (pattern: string): RegExp => new RegExp(`${wordStart}(?:${pattern})`);

export const secretShapes: readonly SecretShape[] = [
  {
    what: 'an Admin API key',
    value: /sk-ant-admin[A-Za-z0-9]*-[A-Za-z0-9_-]{12,}/,
    inFile: /sk-ant-admin/i,
    takenBy: 'npx --no-install keyguard admin-key set',
  },
  // Anthropic's own hint (`sk-ant-api03-R2D...igAA`) is no whole value and stays readable.
  {
    what: 'an Anthropic key or token',
    value: /sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]{12,}/,
    inFile: /sk-ant-/i,
    takenBy: 'npx --no-install keyguard standby add NAME',
  },
  {
    what: "Slack's webhook address",
    value: /hooks\.slack(?:-gov)?\.com\/[A-Za-z]+\/[A-Za-z0-9/_-]+/i,
    inFile: /hooks\.slack(?:-gov)?\.com/i,
    takenBy: 'npx --no-install keyguard slack-webhook set',
  },
  { what: 'a Slack token', value: /xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}|xapp-\d-[A-Za-z0-9-]{8,}/ },
  { what: 'a signing secret of a webhook', value: /whsec_[A-Za-z0-9+/=]{8,}/ },
  { what: 'a signed token (JWT)', value: /eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/ },
  {
    what: 'a private key',
    value: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY[^]*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)/,
    inFile: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY/,
  },
  { what: 'an AWS access key', value: /(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])/ },
  { what: 'an AWS secret key', value: /(?<=aws_?(?:secret_?)?(?:access_?)?key["'=:\\\s]{1,8})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/i },
  { what: 'an Amazon Bedrock key', value: /ABSK[A-Za-z0-9+/]{60,}={0,2}|bedrock-api-key-[A-Za-z0-9+/=_-]{20,}/ },
  { what: 'a GitHub token', value: /gh[opsur]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}/ },
  { what: 'a GitLab token', value: /gl(?:pat|dt|rt|ptt|ft|imt|soat|agent|cbt|oas)-[A-Za-z0-9_-]{20,}/ },
  { what: "PagerDuty's integration address", value: /events\.(?:eu\.)?pagerduty\.com\/(?:integration|x-ere|generic)\/[A-Za-z0-9/_-]+/i },
  {
    what: 'the address of a webhook',
    value:
      /(?:[a-z0-9-]{1,63}\.webhook\.office\.com\/webhookb2|discord(?:app)?\.com\/api\/webhooks|hooks\.zapier\.com\/hooks|api\.telegram\.org\/bot)[A-Za-z0-9:@/_-]+/i,
  },
  { what: 'an address with a password in it', value: /(?<=:\/\/)[^/\s@]*:[^/\s@]+@/, inFile: /:\/\/[^/\s@]*:[^/\s@]*@/ },
  {
    what: 'an address with a key in it',
    value: /(?<=[?&](?:api_?key|access_?token|auth|client_?secret|key|password|secret|sig|signature|token)=)[A-Za-z0-9%+/=._~-]{8,}/i,
  },
  // A file may speak of the bearer of something; a token has digits.
  {
    what: 'a bearer token',
    value: /(?<=bearer\s)[A-Za-z0-9._~+/=-]{12,}/i,
    inFile: /bearer\s(?=[A-Za-z._~+/=-]*\d)[A-Za-z0-9._~+/=-]{12,}/i,
  },
  { what: 'a key in a header', value: /(?<=x-api-key["':\\\s]{1,8})[A-Za-z0-9._~+/=-]{12,}/i },
  { what: 'a key of OpenAI or of its kin', value: starting('sk-(?!ant-)[A-Za-z0-9_-]{20,}') },
  { what: 'a Stripe key', value: starting('[rs]k_(?:live|test)_[A-Za-z0-9]{10,}') },
  { what: 'a Google key', value: /AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}/ },
  { what: 'a package registry’s token', value: starting('npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|dckr_pat_[A-Za-z0-9_-]{20,}') },
  {
    what: 'a key of a model provider',
    value: starting('hf_[A-Za-z0-9]{30,}|gsk_[A-Za-z0-9]{30,}|xai-[A-Za-z0-9]{30,}|pplx-[A-Za-z0-9]{30,}|r8_[A-Za-z0-9]{30,}'),
  },
  {
    what: 'a key of an email or telephone service',
    value: starting('SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}|SK[0-9a-f]{32}|key-[0-9a-f]{32}'),
  },
  {
    what: 'a token of a cloud or of a secrets manager',
    value: starting(
      'do[opr]_v1_[a-f0-9]{60,}|dapi[a-f0-9]{32}|hv[sbr]\\.[A-Za-z0-9_-]{20,}|dp\\.[a-z]{2,5}\\.[A-Za-z0-9.]{40,}|[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,}',
    ),
  },
  {
    what: 'a token of a monitoring or office service',
    value: starting(
      'glsa_[A-Za-z0-9_]{20,}|glc_[A-Za-z0-9+/=]{20,}|NRAK-[A-Z0-9]{20,}|ATATT3[A-Za-z0-9_=-]{20,}|lin_api_[A-Za-z0-9]{20,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|PMAK-[a-f0-9-]{20,}|ntn_[A-Za-z0-9]{30,}',
    ),
  },
  { what: 'a key of Azure storage or of a message bus', value: /(?<=(?:account|sharedaccess)key=)[A-Za-z0-9+/]{40,}={0,2}/i },
  { what: 'an Opsgenie key', value: /(?<=geniekey["':\\\s]{1,8})[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/i },
  { what: 'an age identity', value: /AGE-(?:PLUGIN-[A-Z0-9]+-|SECRET-KEY-)1?[A-Z0-9]{20,}/i },
  { what: "a Telegram bot's token", value: /(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}/ },
  { what: "a chat server's webhook address", value: /(?<=:\/\/[A-Za-z0-9.:-]{1,80}\/)hooks\/[a-z0-9]{26}(?![A-Za-z0-9])/ },
  {
    what: 'a PagerDuty routing key',
    value:
      /(?<=(?:events\.(?:eu\.)?pagerduty\.com[A-Za-z0-9/]{0,20}|(?:routing|integration)[_ -]?key)["',:=\\\s]{1,8})[A-Za-z0-9]{32}(?![A-Za-z0-9])/i,
  },
];

/** What a file, or an argument, holds that must not stand there: the first shape that fits. */
export function secretIn(text: string): SecretShape | undefined {
  return secretShapes.find(({ value, inFile = value }) => inFile.test(text));
}
