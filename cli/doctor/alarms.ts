import { alarmNamesOf } from '../../contract/alarms.ts';
import { alarmsNamed, type AlarmSettings } from '../../lambda/adapters/aws/alarms.ts';
import { cloudWatch } from '../../lambda/adapters/aws/clients.ts';
import type { OpenInstallation } from '../installation.ts';
import { counted } from '../output.ts';
import { broken, checked, good, type Answer, type Check } from './check.ts';

/** Whether CloudWatch would tell people that a function fails, or that its schedule does not call it any more. */
export function alarmChecks(about: string, { definition, configuration }: OpenInstallation): Promise<readonly Check[]> {
  return checked(about, 'alarms', async () => {
    const names = alarmNamesOf(configuration.installation, configuration.usage);
    return alarmAnswers(names, await alarmsNamed(cloudWatch(), names), definition.alarmTopicArn);
  });
}

function alarmAnswers(names: readonly string[], found: readonly AlarmSettings[], topicArn: string): readonly Answer[] {
  const answers = names.flatMap((name): readonly Answer[] => {
    const alarm = found.find((each) => each.name === name);
    if (alarm === undefined) {
      return [
        broken(
          `there is no alarm ${name}: nobody would hear what it is there for`,
          'npx cdk deploy; if somebody deleted it by hand, make it again as npx cdk synth shows it',
        ),
      ];
    }
    if (!alarm.actions.includes(topicArn)) {
      return [
        broken(`alarm ${name} tells nobody: it has no action that leads to ${topicArn}`, 'add that topic to it in CloudWatch > Alarms'),
      ];
    }
    if (!alarm.isEnabled)
      return [broken(`the actions of alarm ${name} are off: it tells nobody`, `aws cloudwatch enable-alarm-actions --alarm-names ${name}`)];
    return [];
  });
  return answers.length > 0 ? answers : [good(`${counted(names.length, 'alarm')} of CloudWatch are there, and tell the topic of alarms`)];
}
