import { createServer } from 'node:http';
import type { PostedChannel, PostedSetting } from '../contract/registry.ts';
import type { Configuration } from '../lib/config/schema.ts';

/** A card as the channel would have got it. */
interface ReceivedCard {
  readonly path: string;
  readonly body: unknown;
}

/** A channel's own end, as far as a sender sees it. */
export interface Receiver {
  /** What opens it; of the real channel it is a secret. */
  readonly credential: string;
  readonly cards: ReceivedCard[];
  /** The next `times` posts are answered with this status. */
  fail(status: number, times: number, headers?: Readonly<Record<string, string>>): void;
  /** It fails no more. */
  forgive(): void;
  /** Hears of every post, whatever becomes of it. */
  onPost(hear: () => void): void;
  stop(): Promise<void>;
}

interface LocalChannel {
  readonly start: () => Promise<Receiver>;
  /** What keyguard.json says to turn the channel on. */
  readonly setting: Exclude<Configuration['alerts'][PostedSetting], undefined>;
}

/** The local end of each channel that the notifier delivers to. */
export const localChannels: Readonly<Record<PostedChannel, LocalChannel>> = {
  'slack-webhook': {
    start: () => startReceiver({ credentialAt: (address) => `${address}/services/TLOCAL/BLOCAL/local`, answer: 'ok' }),
    setting: { webhook: true },
  },
};

interface ReceiverDescription {
  /** What opens the channel, whose own end is at this address. */
  readonly credentialAt: (address: string) => string;
  readonly answer: string;
}

/** Starts a receiver on loopback that takes JSON. */
async function startReceiver({ credentialAt, answer }: ReceiverDescription): Promise<Receiver> {
  const cards: ReceivedCard[] = [];
  const failures: { readonly status: number; readonly headers: Readonly<Record<string, string>> }[] = [];
  const hearers: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      for (const hear of hearers) hear();
      const failure = failures.shift();
      if (failure !== undefined) {
        response.writeHead(failure.status, failure.headers).end('failed on order');
        return;
      }
      cards.push({ path: request.url ?? '', body: JSON.parse(Buffer.concat(chunks).toString('utf8')) });
      response.writeHead(200, { 'content-type': 'text/html' }).end(answer);
    });
  });
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('the receiver has no port'));
      else resolve(bound);
    });
  });
  return {
    credential: credentialAt(`http://127.0.0.1:${port}`),
    cards,
    fail: (status, times, headers = {}) => void failures.push(...Array.from({ length: times }, () => ({ status, headers }))),
    forgive: () => void failures.splice(0),
    onPost: (hear) => void hearers.push(hear),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
