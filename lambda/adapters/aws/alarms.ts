import { DescribeAlarmsCommand, type CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { awsCall } from './calls.ts';

export interface AlarmSettings {
  readonly name: string;
  readonly isEnabled: boolean;
  /** ARNs of those who hear that it speaks, in whichever state. */
  readonly actions: readonly string[];
}

/** The alarms of these names, a hundred at the most; those that are not there are left out. */
export async function alarmsNamed(client: CloudWatchClient, names: readonly string[]): Promise<readonly AlarmSettings[]> {
  const { MetricAlarms = [] } = await awsCall('cloudwatch:DescribeAlarms', () =>
    client.send(new DescribeAlarmsCommand({ AlarmNames: [...names], MaxRecords: 100 })),
  );
  return MetricAlarms.map(({ AlarmName = '', ActionsEnabled, AlarmActions = [], InsufficientDataActions = [] }) => ({
    name: AlarmName,
    isEnabled: ActionsEnabled === true,
    actions: [...AlarmActions, ...InsufficientDataActions],
  }));
}
