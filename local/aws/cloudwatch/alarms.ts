import type { DescribeAlarmsInput, DescribeAlarmsOutput } from '@aws-sdk/client-cloudwatch';
import type { Checked } from '../service.ts';

/** As CloudFormation made it. It is never evaluated here. */
interface LocalAlarm {
  readonly name: string;
  /** ARNs of topics. */
  readonly actions: readonly string[];
  readonly actionsEnabled: boolean;
}

export interface Alarms {
  /** Makes it, or changes the one of this name. */
  put(alarm: LocalAlarm): void;
  delete(name: string): void;
}

export function createAlarms(): Alarms & { describe(input: Checked<DescribeAlarmsInput>): DescribeAlarmsOutput } {
  const alarms = new Map<string, LocalAlarm>();
  return {
    put: (alarm) => void alarms.set(alarm.name, alarm),
    delete: (name) => void alarms.delete(name),
    // Names that nobody has are left out (API_DescribeAlarms).
    describe: ({ AlarmNames = [...alarms.keys()] }) => ({
      MetricAlarms: AlarmNames.flatMap((name) => {
        const alarm = alarms.get(name);
        if (alarm === undefined) return [];
        const actions = [...alarm.actions];
        const speaksBySilence = name.endsWith('-silent');
        return [
          {
            AlarmName: name,
            ActionsEnabled: alarm.actionsEnabled,
            AlarmActions: actions,
            InsufficientDataActions: speaksBySilence ? actions : [],
          },
        ];
      }),
    }),
  };
}
