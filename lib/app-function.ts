import { ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IGrantable, IPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Duration, RemovalPolicy } from 'aws-cdk-lib/core';
import { alarmName, type AlarmKind } from '../contract/alarms.ts';
import { Construct } from 'constructs';
import { credentialVariable, environmentOf, variables } from '../contract/environment.ts';
import type { VariableName } from '../contract/environment.ts';
import { deployedFunctionName } from '../contract/names.ts';
import { functions, isScheduled, postedChannels, type FunctionName } from '../contract/registry.ts';
import type { Definitions } from '../contract/policy.ts';
import { FunctionCode } from './function-code.ts';
import { ScheduledRun } from './scheduled-run.ts';

export type FunctionVariables = Readonly<Partial<Record<VariableName, string>>>;

/** What every function of an installation has in common. */
export interface AppFunctionCommons {
  /** Name of the installation: begins the names of the alarms. */
  readonly installation: string;
  /** What is managed: asked at the end of synth, when all managed keys are known. */
  readonly definitions: () => Definitions;
  /** All that is known; each function is given only what the contract says it needs. */
  readonly variables: FunctionVariables;
  /** Encrypts the logs. Its policy must let CloudWatch Logs use it, as EncryptionKey's does. */
  readonly encryptionKey: IKey;
  readonly logRetention: RetentionDays;
  readonly alarmTopic: ITopic;
}

export interface AppFunctionProps {
  /** Its handler is lambda/<name>.ts. */
  readonly name: FunctionName;
  /** For people: what it does, in one sentence. */
  readonly description: string;
  readonly commons: AppFunctionCommons;
  readonly timeout: Duration;
  /** How often Lambda runs it again for an event that it failed on. @default 2 */
  readonly retryAttempts?: number;
}

/** Variables that may be absent. */
const optional: readonly VariableName[] = [...postedChannels.map(credentialVariable), 'dashboardUrl'];

/**
 * The one way a function is made: runtime, bundle, role, logs, dead-letter queue, alarms. What it may do is granted to
 * the construct; it lands in one policy of its own, which the role carries before the function exists.
 */
export class AppFunction extends Construct implements IGrantable {
  readonly function: Function;
  readonly role: Role;
  readonly grantPrincipal: IPrincipal;
  readonly deadLetterQueue: Queue;
  readonly alarms: readonly Alarm[];
  readonly #policy: ManagedPolicy;

  constructor(scope: Construct, id: string, props: AppFunctionProps) {
    super(scope, id);
    const { commons, name } = props;
    const logGroup = new LogGroup(this, 'Logs', {
      encryptionKey: commons.encryptionKey,
      retention: commons.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Holds schedule ticks and alerts, nothing secret: SQS's own encryption spares every sender a grant on our key.
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    // A customer-managed policy: one document, in one place, and the role has it before Lambda checks for it.
    this.#policy = new ManagedPolicy(this, 'Policy', { description: `What ${name} may do` });
    this.grantPrincipal = this.#policy.grantPrincipal;
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com'), managedPolicies: [this.#policy] });
    logGroup.grantWrite(this.#policy);
    this.deadLetterQueue.grant(this.#policy, 'sqs:SendMessage');

    this.function = new Function(this, 'Function', {
      // Chosen, not generated: the keyguard command finds it by the name of the installation.
      functionName: deployedFunctionName(commons.installation, name),
      code: new FunctionCode(name, commons.definitions),
      handler: 'index.handler',
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: props.timeout,
      // Its policy is complete as it stands: the construct would grant the dead-letter queue a second time, in line.
      role: this.role.withoutPolicyUpdates(),
      logGroup,
      deadLetterQueue: this.deadLetterQueue,
      ...(props.retryAttempts === undefined ? {} : { retryAttempts: props.retryAttempts }),
      environment: environmentFor(name, commons.variables, this.node.path),
    });

    const run = this.function;
    const every = isScheduled(name) ? Duration.millis(functions[name].everyMs) : undefined;
    if (every !== undefined) new ScheduledRun(this, 'Every', { run, every, deadLetterQueue: this.deadLetterQueue });
    this.alarms = this.#createAlarms(props, every);
    for (const alarm of this.alarms) alarm.addAlarmAction(new SnsAction(commons.alarmTopic));
  }

  allow(...statements: PolicyStatement[]): void {
    this.#policy.addStatements(...statements);
  }

  /** Failed runs, summed over the period. */
  metricErrors(period = Duration.minutes(5)): Metric {
    return this.function.metricErrors({ period, statistic: 'Sum' });
  }

  #createAlarms({ name, commons }: AppFunctionProps, every: Duration | undefined): readonly Alarm[] {
    const named = (kind: AlarmKind): string => alarmName(commons.installation, name, kind);
    const atLeastOne = {
      threshold: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    };
    const errors = this.metricErrors(every ?? Duration.minutes(5)).createAlarm(this, 'Errors', {
      ...atLeastOne,
      // A tick that fails is made good by the next; an event that fails is not.
      ...(every === undefined ? { evaluationPeriods: 1 } : { evaluationPeriods: 5, datapointsToAlarm: 3 }),
      alarmName: named('errors'),
      alarmDescription: `Key Guard's function ${name} fails. Look at its log group, and run: npx --no-install keyguard doctor`,
    });
    const deadLetters = this.deadLetterQueue
      .metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5), statistic: 'Maximum' })
      .createAlarm(this, 'DeadLetterAlarm', {
        ...atLeastOne,
        evaluationPeriods: 1,
        alarmName: named('dead-letters'),
        alarmDescription: `Events that Key Guard's function ${name} could not handle lie in its dead-letter queue. See them and send them again: npx --no-install keyguard deliveries`,
      });
    return every === undefined
      ? [errors, deadLetters]
      : [errors, deadLetters, this.#createSilenceAlarm(named('silent'), name, every, commons.alarmTopic)];
  }

  /**
   * Silence is an alarm too. It speaks through "insufficient data": a new alarm begins in that state, so that a first
   * deployment raises no false one, and a schedule that stops falls back into it.
   */
  #createSilenceAlarm(alarmName: string, name: FunctionName, every: Duration, topic: ITopic): Alarm {
    const period = Duration.minutes(Math.max(5, every.toMinutes() * 2));
    const alarm = this.function.metricInvocations({ period, statistic: 'Sum' }).createAlarm(this, 'Silent', {
      alarmName,
      alarmDescription: `Key Guard's function ${name} has not run for ${2 * period.toMinutes()} minutes: its schedule is off or cannot reach it. Run: npx --no-install keyguard doctor`,
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.MISSING,
    });
    alarm.addInsufficientDataAction(new SnsAction(topic));
    return alarm;
  }
}

/** Exactly what the contract lists for this function, no more. */
function environmentFor(name: FunctionName, known: FunctionVariables, path: string): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const variable of environmentOf[name]) {
    const value = known[variable];
    if (value !== undefined) environment[variables[variable]] = value;
    else if (!optional.includes(variable))
      throw new Error(`${path}: variables.${variable} is missing: ${name} reads it as ${variables[variable]}`);
  }
  return environment;
}
