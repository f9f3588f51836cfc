/** The variants of this proof: what CONTRIBUTING.md says that each needs, done as it says. */

/** Put behind a text that stands once in a file. */
export interface Insertion {
  readonly file: string;
  readonly after: string;
  readonly text: string;
}

export interface Variant {
  /** As the first column of CONTRIBUTING's table has it. */
  readonly what: string;
  /** The text of each is in files/. */
  readonly newFiles: readonly string[];
  /** The entry in the registry. */
  readonly entry: Insertion;
  /** What the compiler asks for, once the entry is there. */
  readonly asked: readonly Insertion[];
}

const registry = 'contract/registry.ts';

export const book: readonly Variant[] = [
  {
    what: 'alert channel',
    newFiles: ['lambda/incidents/channels/pager.ts'],
    entry: {
      file: registry,
      after: "  email: { name: 'email', setting: 'emails' },\n",
      text: "  pager: { name: 'Pager', setting: 'pager', credential: { noun: 'routing key', what: 'the routing key of the pager', description: 'Routing key of the pager' } },\n",
    },
    asked: [
      {
        file: 'lambda/incidents/channels.ts',
        after: "  email: () => import('./channels/email.ts'),\n",
        text: "  pager: posted(() => import('./channels/pager.ts')),\n",
      },
      {
        file: 'lib/config/schema.ts',
        after: 'const postedChannels = {\n',
        text: "  pager: z.strictObject({ routingKey: z.literal(true).describe('`true`: call the pager.') }).optional().describe('Left out, no pager is called.'),\n",
      },
      {
        file: 'lambda/incidents/message/delivery-failed.ts',
        after: 'readonly unavailable: string }>> = {\n',
        text: "  pager: { refused: 'Store its new routing key.', unavailable: 'Wait until the pager answers again.' },\n",
      },
      {
        file: 'local/receivers.ts',
        after: 'Readonly<Record<PostedChannel, LocalChannel>> = {\n',
        text: "  pager: { start: () => startReceiver({ credentialAt: (address) => `local@${address}`, answer: 'called' }), setting: { routingKey: true } },\n",
      },
    ],
  },
  {
    what: 'rotation strategy',
    newFiles: ['lambda/rotation/strategies/vending.ts'],
    entry: { file: registry, after: "  pool: { supply: 'standby keys' },\n", text: "  vending: { supply: 'itself' },\n" },
    asked: [
      {
        file: 'lambda/rotation/strategies.ts',
        after: "  pool: once(async () => (await import('./strategies/pool.ts')).pool),\n",
        text: "  vending: once(async () => (await import('./strategies/vending.ts')).vending),\n",
      },
      {
        file: 'lib/config/schema.ts',
        after: "  pool: 'each rotation claims one of the standby keys that people made in the Claude Console',\n",
        text: "  vending: 'each rotation buys a key',\n",
      },
    ],
  },
  {
    what: 'detector',
    newFiles: ['lambda/detection/detectors/ceiling.ts'],
    entry: { file: registry, after: "export const detectorKinds = ['envelope'", text: ", 'ceiling'" },
    asked: [
      { file: 'lambda/detection/detectors.ts', after: 'Readonly<Record<DetectorKind, Detector>> = { envelope', text: ', ceiling' },
      {
        file: 'lambda/detection/detectors.ts',
        after: "import { envelope } from './detectors/envelope.ts';\n",
        text: "import { ceiling } from './detectors/ceiling.ts';\n",
      },
    ],
  },
  {
    what: 'incident kind',
    newFiles: ['lambda/incidents/message/dog-barked.ts', 'docs/runbooks/dog-barked.md'],
    entry: { file: registry, after: "  'detection-failing',\n", text: "  'dog-barked',\n" },
    asked: [
      { file: 'lambda/incidents/severity.ts', after: "  'detection-failing': 'warning',\n", text: "  'dog-barked': 'warning',\n" },
      {
        file: 'lambda/incidents/message/alarm-text.ts',
        after: "  'detection-failing': 'its usage is looked at again',\n",
        text: "  'dog-barked': 'the watchdog is quiet',\n",
      },
      { file: 'lambda/incidents/message.ts', after: "  'detection-failing': detectionFailing,\n", text: "  'dog-barked': dogBarked,\n" },
      {
        file: 'lambda/incidents/message.ts',
        after: "import { deliveryFailed } from './message/delivery-failed.ts';\n",
        text: "import { dogBarked } from './message/dog-barked.ts';\n",
      },
    ],
  },
  {
    what: 'function',
    newFiles: ['lambda/watchdog.ts', 'lib/watchdog.ts'],
    entry: { file: registry, after: '  notifier: {},\n', text: '  watchdog: { everyMs: 60_000 },\n' },
    asked: [
      {
        file: 'contract/environment.ts',
        after: "  heartbeat: ['anthropicBaseUrl', 'stateTable', 'definitionsDigest'],\n",
        text: "  watchdog: ['stateTable', 'alertTopic', 'installation', 'dashboardUrl', 'definitionsDigest'],\n",
      },
      {
        file: 'lib/keyguard-stack.ts',
        after: '      notifier: incidents.notifier,\n',
        text: "      watchdog: new Watchdog(this, 'Watchdog', { installation }).dog,\n",
      },
      {
        file: 'lib/keyguard-stack.ts',
        after: "import { Usage } from './usage.ts';\n",
        text: "import { Watchdog } from './watchdog.ts';\n",
      },
      { file: 'lib/nag-suppressions.ts', after: "  notifier: 'Incidents/Notifier',\n", text: "  watchdog: 'Watchdog/Dog',\n" },
      {
        file: 'cli/doctor/functions.ts',
        after: "    retirement: ['retirement', async () => retired(await runs(table).last('retirement'), now)],\n",
        text: "    watchdog: ['watchdog', async () => ran((await runs(table).last('watchdog'))?.at, retirementMs, 'watchdog', now)],\n",
      },
      {
        file: 'local/world/functions.ts',
        after: '  notifier: { handler: notifierHandler },\n',
        text: '  watchdog: { handler: watchdogHandler },\n',
      },
      {
        file: 'local/world/functions.ts',
        after: "import { notifierHandler } from '../../lambda/notifier.ts';\n",
        text: "import { watchdogHandler } from '../../lambda/watchdog.ts';\n",
      },
    ],
  },
];
