import type { Interceptor, CallRecord, Fault, ResultFault } from '../intercept.ts';
import { AwsError, refuseOthers } from '../service.ts';
import type { Account, Call, Operation, Service } from '../service.ts';
import { failure, serverError, success, unknownOperation, unknownService } from './answer.ts';
import type { WireRequest, WireResponse } from './http.ts';
import { createRouter } from './route.ts';
import type { Route } from './route.ts';

/** What the socket does: answer, be cut, or stay silent. */
export type Outcome = WireResponse | 'cut' | 'unanswered';

/** Decodes a call, asks the interceptor, runs the operation, encodes its answer, and writes one line of the log. */
export function createDispatcher(
  services: readonly Service[],
  account: Account,
  interceptor: Interceptor,
): (request: WireRequest) => Promise<Outcome> {
  const findRoute = createRouter(services);
  /** Calls that are in the hands of a hook. */
  const held = new Set<string>();

  const perform = async (route: Route, fault: Fault | undefined, requestId: string): Promise<Performed> => {
    const { service, operation, handler } = route;
    try {
      if (fault === 'throttle') throw new AwsError(service.throttle.code, service.throttle.message);
      if (fault === 'error500') throw serverError(service);
      if (handler === undefined) throw unknownOperation(service, operation);
      const input = await route.decode(handler);
      refuseOthers(input, handler.takes, `${service.name}:${operation}`);
      const resultFault = resultFaultOf(fault);
      const output = await run(handler, input, {
        now: account.clock.now(),
        stale: fault === 'stale',
        ...(resultFault === undefined ? {} : { resultFault }),
      });
      return { answer: success(service, handler, output, requestId) };
    } catch (error) {
      const awsError = error instanceof AwsError ? error : bug(service, operation, error);
      return { answer: failure(service, awsError, requestId), errorCode: awsError.code };
    }
  };

  return async (request) => {
    const requestId = account.randomness.uuid();
    const route = findRoute(request);
    if (route === undefined) return unknownService(request, requestId);
    const call = { number: interceptor.nextNumber(), service: route.service.name, operation: route.operation };
    // The SDK gives every attempt of one call the same id.
    const caller = String(request.headers['amz-sdk-invocation-id'] ?? requestId);
    // A hook that waits for ever models a caller that died in this call: it makes no other attempt when its time is up.
    if (held.has(caller)) return 'unanswered';
    const faultFor = async (phase: 'before' | 'after'): Promise<Fault | undefined> => {
      held.add(caller);
      try {
        return await interceptor.faultFor({ ...call, phase });
      } finally {
        held.delete(caller);
      }
    };
    const at = account.clock.now();
    const log = (rest: Pick<CallRecord, 'status' | 'errorCode' | 'fault'>): void => interceptor.record({ ...call, at, ...rest });
    const lose = (status: 'cut' | 'unanswered', fault: Fault): Outcome => {
      log({ status, fault });
      return status;
    };

    let performed: Performed;
    let before: Fault | undefined;
    try {
      before = await faultFor('before');
      if (before === 'drop-before') return lose('cut', before);
      if (before === 'hang-before') return lose('unanswered', before);
      performed = await perform(route, before, requestId);
      const after = await faultFor('after');
      const lost = after ?? before;
      if (lost === 'drop-after') return lose('cut', lost);
      if (lost === 'hang-after') return lose('unanswered', lost);
      if (after !== undefined) {
        if (after !== 'error500') throw new RangeError(`${after} cannot happen after a call's effect`);
        performed = { answer: failure(route.service, serverError(route.service), requestId), errorCode: route.service.internalError };
      }
      before = after ?? before;
    } catch (error) {
      // A hook's own mistake must not pass for a fault that was asked for.
      const mistake = hookError(route, error);
      performed = { answer: failure(route.service, mistake, requestId), errorCode: mistake.code };
    }
    log({
      status: performed.answer.status,
      ...(performed.errorCode === undefined ? {} : { errorCode: performed.errorCode }),
      ...(before === undefined ? {} : { fault: before }),
    });
    return performed.answer;
  };
}

interface Performed {
  readonly answer: WireResponse;
  readonly errorCode?: string;
}

const resultFaults: readonly ResultFault[] = ['internal-error', 'partial', 'forbidden', 'throttled', 'throughput', 'conflict'];

function resultFaultOf(fault: Fault | undefined): ResultFault | undefined {
  return resultFaults.find((each) => fault === `result-${each}`);
}

function run(handler: Operation, input: unknown, call: Call): unknown {
  // checkInput has proven that `input` has the shape of the schema that `operation` bound to this handler's type.
  return handler.run(input as never, call);
}

/** A mistake of the stand-in itself: 400, so that no client retries it, and the stack for whoever has to mend it. */
function bug(service: Service, operation: string, error: unknown): AwsError {
  return new AwsError('LocalAwsBug', `The local AWS failed in ${service.name}:${operation}: ${stackOf(error)}`, {}, 400);
}

function hookError({ service, operation }: Route, error: unknown): AwsError {
  return new AwsError('LocalAwsHookFailed', `A call hook failed at ${service.name}:${operation}: ${stackOf(error)}`, {}, 400);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
