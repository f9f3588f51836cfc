import { createServer } from 'node:http';

/** A card as Slack would have got it. */
interface ReceivedCard {
  readonly path: string;
  readonly body: unknown;
}

/** Slack's incoming webhook, as far as a sender sees it. */
export interface LocalSlack {
  /** The webhook's URL; on the real Slack it is a secret. */
  readonly webhookUrl: string;
  readonly cards: ReceivedCard[];
  /** The next `times` posts are answered with this status. */
  fail(status: number, times: number, headers?: Readonly<Record<string, string>>): void;
  /** It fails no more. */
  forgive(): void;
  /** Hears of every post, whatever becomes of it. */
  onPost(hear: () => void): void;
  stop(): Promise<void>;
}

/** Starts a receiver on loopback; `port` 0 takes a free one. */
export async function startLocalSlack(port = 0): Promise<LocalSlack> {
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
      response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
    });
  });
  const address = await new Promise<{ port: number }>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') reject(new Error('the receiver has no port'));
      else resolve(bound);
    });
  });
  return {
    webhookUrl: `http://127.0.0.1:${address.port}/services/TLOCAL/BLOCAL/local`,
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
