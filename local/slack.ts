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
  readonly cards: readonly ReceivedCard[];
  /** The next `times` posts are answered with this status. */
  fail(status: number, times: number): void;
  stop(): Promise<void>;
}

/** Starts a receiver on loopback; `port` 0 takes a free one. */
export async function startLocalSlack(port = 0): Promise<LocalSlack> {
  const cards: ReceivedCard[] = [];
  const failures: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = failures.shift();
      if (status !== undefined) {
        response.writeHead(status).end('failed on order');
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
    fail: (status, times) => failures.push(...Array.from({ length: times }, () => status)),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
