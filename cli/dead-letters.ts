import type { Alert } from '../contract/alert.ts';
import { functionsOf } from '../contract/heartbeat.ts';
import { deployedFunctionName } from '../contract/names.ts';
import { deadLetters, type DeadLetter, type DeadLetters } from '../lambda/adapters/aws/dead-letters.ts';
import { lambda, lambdaThatWaits, sqs } from '../lambda/adapters/aws/clients.ts';
import { deadLetterQueueOf } from '../lambda/adapters/aws/function-settings.ts';
import { invoke } from '../lambda/adapters/aws/invoke.ts';
import { KeyguardError } from '../lambda/foundation/errors.ts';
import { parsedJson } from '../lambda/foundation/json.ts';
import { readAlert } from '../lambda/incidents/read-alert.ts';
import type { OpenInstallation } from './installation.ts';

/** An event in the dead-letter queue of a function, in our own words: its body is never shown. */
export interface Letter {
  readonly id: string;
  readonly functionName: string;
  /** Null where nobody knows. */
  readonly sentAt: number | null;
  /** `alert`: it can be sent again. `tick`: of a schedule, and later ones have done its work. `unreadable`: nothing that we know. */
  readonly kind: 'alert' | 'tick' | 'unreadable';
  readonly what: string;
}

/** The queue of one function. */
export interface LetterQueue {
  readonly functionName: string;
  readonly queue: DeadLetters;
}

/** The dead-letter queues of the functions. */
export async function letterQueues({ configuration }: OpenInstallation): Promise<readonly LetterQueue[]> {
  const queues: LetterQueue[] = [];
  for (const functionName of functionsOf(configuration.usage).map((name) => deployedFunctionName(configuration.installation, name))) {
    const name = await queueNameOf(functionName);
    if (name !== undefined) queues.push({ functionName, queue: await deadLetters(sqs(), name) });
  }
  return queues;
}

/** Undefined also where there is no such function: who checks the functions says that. */
async function queueNameOf(functionName: string): Promise<string | undefined> {
  try {
    return await deadLetterQueueOf(lambda(), functionName);
  } catch (error) {
    if (error instanceof KeyguardError && error.code === 'function-missing') return undefined;
    throw error;
  }
}

/** What lies in a queue: up to ten events, and how many there are. Nothing is changed. */
export async function lettersIn({
  functionName,
  queue,
}: LetterQueue): Promise<{ readonly count: number; readonly letters: readonly Letter[] }> {
  const count = await queue.count();
  const letters = count === 0 ? [] : (await queue.look()).map((letter) => read(functionName, letter));
  return { count: Math.max(count, letters.length), letters };
}

export interface Redriven extends Letter {
  readonly outcome: 'delivered' | 'dropped' | 'failed';
  /** Why it failed; it stays in its queue. */
  readonly because?: string;
}

/**
 * Sends alerts again, and takes ticks out, of which the schedule has long made others. One that fails stays where it is. `held`: how
 * many somebody else has in his hands.
 */
export async function redrive({
  functionName,
  queue,
}: LetterQueue): Promise<{ readonly redriven: readonly Redriven[]; readonly held: number }> {
  const count = await queue.count();
  if (count === 0) return { redriven: [], held: 0 };
  const redriven: Redriven[] = [];
  for (const letter of await queue.take()) {
    const known = read(functionName, letter);
    const sent = await sentAgain(known, letter);
    redriven.push({ ...known, ...sent });
    // Killed before this, it is sent again in two minutes, and the notifier drops what has arrived.
    await (sent.outcome === 'failed' ? queue.putBack(letter) : queue.remove(letter));
  }
  return { redriven, held: Math.max(0, count - redriven.length) };
}

/** An event that is in our hands: nobody else gets it for two minutes. */
export interface HeldLetter extends Letter {
  /** Null for what is no alert: nobody knows what stands in it. */
  readonly alert: Alert | null;
  readonly length: number;
  drop(): Promise<void>;
  putBack(): Promise<void>;
}

/** Takes one event into our hands; undefined where no queue has it, or somebody else is at it. */
export async function letterOf(id: string, queues: readonly LetterQueue[]): Promise<HeldLetter | undefined> {
  for (const { functionName, queue } of queues) {
    if ((await queue.count()) === 0) continue;
    const all = await queue.take();
    for (const other of all) if (other.id !== id) await queue.putBack(other);
    const letter = all.find((each) => each.id === id);
    if (letter === undefined) continue;
    const message = messageIn(letter.body);
    return {
      ...read(functionName, letter),
      alert: message === undefined ? null : (alertIn(message) ?? null),
      length: letter.body.length,
      drop: () => queue.remove(letter),
      putBack: () => queue.putBack(letter),
    };
  }
  return undefined;
}

function alertIn(message: string): Alert | undefined {
  try {
    return readAlert(message);
  } catch {
    return undefined;
  }
}

async function sentAgain({ functionName, kind }: Letter, { body }: DeadLetter): Promise<Pick<Redriven, 'outcome' | 'because'>> {
  if (kind === 'tick') return { outcome: 'dropped' };
  if (kind === 'unreadable') return { outcome: 'failed', because: 'nobody knows what it is' };
  try {
    await invoke(lambdaThatWaits(), functionName, { Records: [{ EventSource: 'aws:sns', Sns: { Message: messageIn(body) } }] });
    return { outcome: 'delivered' };
  } catch (error) {
    if (!(error instanceof KeyguardError)) throw error;
    return { outcome: 'failed', because: error.message };
  }
}

function read(functionName: string, { id, body, sentAt }: DeadLetter): Letter {
  const message = messageIn(body);
  const base = { id, functionName, sentAt };
  if (message !== undefined) {
    const alert = alertIn(message);
    if (alert === undefined) return { ...base, kind: 'unreadable', what: 'a message that is no alert of Key Guard' };
    const { kind, subject, state, at } = alert;
    return { ...base, sentAt: sentAt ?? Date.parse(at), kind: 'alert', what: `alert ${kind} of ${subject}, ${state}` };
  }
  return isTick(parsedJson(body))
    ? { ...base, kind: 'tick', what: 'a tick of its schedule' }
    : { ...base, kind: 'unreadable', what: 'an event that Key Guard does not know' };
}

/** The alert's text, whether Lambda put the event aside or SNS the message. */
function messageIn(body: string): string | undefined {
  const event = parsedJson(body);
  const field = (value: unknown, name: string | number): unknown => (value instanceof Object ? Reflect.get(value, name) : undefined);
  const message = field(event, 'Message') ?? field(field(field(field(event, 'Records'), 0), 'Sns'), 'Message');
  return typeof message === 'string' ? message : undefined;
}

/** EventBridge Scheduler sends an empty object, or an event of its own. */
function isTick(event: unknown): boolean {
  if (!(event instanceof Object)) return false;
  return Object.keys(event).length === 0 || Reflect.get(event, 'source') === 'aws.scheduler' || 'detail-type' in event;
}
