import type { Wording } from './story.ts';

export const metricsDiffer: Wording<'metrics-differ'> = {
  open: (story) => ({
    title: `${story.name}: CloudWatch shows other usage than Anthropic`,
    summary: [
      `For hours CloudWatch has shown other usage of ${story.name} than Anthropic's report${story.reason === undefined ? '' : ` (${story.reason})`}. The first such minute is ${story.since}.`,
      'Somebody else writes into the CloudWatch namespace KeyGuard, or Key Guard sent something wrong.',
      'Detection and containment go by the report, and are not deceived. The dashboard, and alarms of your own on these metrics, may be.',
    ],
    actions: [
      'Find out in CloudTrail who calls PutMetricData (data events of CloudWatch), and take `cloudwatch:PutMetricData` on the namespace KeyGuard away from everybody but the usage collector.',
      `Compare with Claude Console > Usage, if you go by the figures of ${story.name} in CloudWatch.`,
      'If nobody but the usage collector writes there, tell the people who make Key Guard.',
    ],
  }),
  recovered: (story) => ({
    title: `${story.name}: CloudWatch shows what Anthropic reports`,
    summary: [
      `CloudWatch and Anthropic's report agree again about the usage of ${story.name}. They differed from ${story.since} on${story.reason === undefined ? '' : `; ${story.reason}`}.`,
      'What was written into these minutes stays in CloudWatch.',
    ],
    actions: ['Nothing has to be done, if you know who wrote it.'],
  }),
};
