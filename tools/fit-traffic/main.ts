import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { profileNames, profilesFileSchema } from '../../local/traffic/profiles.ts';
import type { FittedProfile, MinuteNoise, Profile, ProfileName, ProfilesFile } from '../../local/traffic/profiles.ts';
import { calibrate, drawnFigures, medianFigures } from './calibrate.ts';
import { descriptions, kindOf } from './kinds.ts';
import { burstsOf, mean } from './measure.ts';
import { FOLLOWS_THE_CLOCK, fitShape } from './shape.ts';
import { fitMinuteNoise, fitTokens, geometricMean } from './tokens.ts';
import { ONE_MINUTE_TRACE, oneMinuteSeries, TEN_MINUTE_TRACE, tenMinuteSeries } from './traces.ts';
import type { KeySeries } from './traces.ts';

const about: ProfilesFile['about'] = {
  madeBy: 'node --import tsx tools/fit-traffic/main.ts DATA_FOLDER',
  sources: [
    {
      file: TEN_MINUTE_TRACE,
      what: '48 customers of a production LLM service, 14 days, requests and tokens per ten minutes',
      origin: 'alibaba/ServeGen, commit f891d11, arXiv 2505.09999; dates were moved to begin on a Monday, so weekdays are inferred',
      licence: 'Apache-2.0',
    },
    {
      file: ONE_MINUTE_TRACE,
      what: 'one hour of an LLM service, requests and tokens per minute',
      origin: 'kvcache-ai/Mooncake, commit 3b5a594',
      licence: 'Apache-2.0',
    },
  ],
  method: [
    'Rules on activity, regularity and spread sort the keys into kinds; every number below pools all keys of its kind, and no key can be told from it.',
    'Buckets in which two in five of the always-busy keys are silent together count as unknown: the service was away.',
    'hourOfWeek: mean of the normalised keys over 24 weekday and 24 weekend hours. Kinds that follow the clock were turned by whole hours to agree, then placed by us: quiet (nightly-batch: busy) from 00:00 to 06:00. The shape is drawn towards flat by the share that predicts the other week best, then raised to the power that makes a drawn key as regular by the day (dailyR2) as the median real one, since averages are blunter than keys.',
    'requestsPerMinute and tokens per request are geometric means of the keys; wandering, gate and bursts were adjusted until drawn keys, measured as the real ones, agreed with the median real key (goodness).',
    'minute: from the one-minute trace, a single service at about 200 requests a minute; smaller keys may be noisier within ten minutes than this says.',
    'In the ten-minute trace tokens per request are means of six hours, smoother than life; inputDrift and outputDrift know nothing faster, and the scatter within a minute comes from the one-minute trace.',
  ],
  assumed: [
    'models and their shares: the traces name no model. The names are of the Model type of @anthropic-ai/sdk 1.12.0.',
    'cacheReadShare and cacheCreationShare: the traces know no prompt caching. All input tokens of a trace are split by these shares.',
  ],
};

const assumed: Readonly<Record<ProfileName, Profile['assumed']>> = {
  steady: { models: [{ model: 'claude-haiku-5-5', share: 1 }], cacheReadShare: 0.5, cacheCreationShare: 0.05 },
  'busy-seasonal': {
    models: [
      { model: 'claude-sonnet-5-5', share: 0.8 },
      { model: 'claude-haiku-5-5', share: 0.2 },
    ],
    cacheReadShare: 0.6,
    cacheCreationShare: 0.08,
  },
  'office-hours': {
    models: [
      { model: 'claude-sonnet-5-5', share: 0.7 },
      { model: 'claude-opus-5-5', share: 0.3 },
    ],
    cacheReadShare: 0.7,
    cacheCreationShare: 0.1,
  },
  drifting: {
    models: [
      { model: 'claude-haiku-5-5', share: 0.6 },
      { model: 'claude-sonnet-5-5', share: 0.4 },
    ],
    cacheReadShare: 0.4,
    cacheCreationShare: 0.05,
  },
  'part-time': { models: [{ model: 'claude-sonnet-5-5', share: 1 }], cacheReadShare: 0.3, cacheCreationShare: 0.1 },
  'nightly-batch': { models: [{ model: 'claude-haiku-5-5', share: 1 }], cacheReadShare: 0.2, cacheCreationShare: 0.02 },
  sparse: { models: [{ model: 'claude-sonnet-5-5', share: 1 }], cacheReadShare: 0, cacheCreationShare: 0 },
};

/** Past this power a shape would be narrower than any key's. */
const SHARPEST = 5;

/** Fits every kind to the traces in `folder`. The same traces give the same numbers. */
function fitProfiles(folder: string): ProfilesFile {
  const keys = tenMinuteSeries(folder);
  const minute = rounded(fitMinuteNoise(oneMinuteSeries(folder)));
  const fitted = profileNames.map((name) => {
    const members = keys.filter((series) => kindOf(series) === name);
    return [name, fitProfile(name, members, minute)] as const;
  });
  return profilesFileSchema.parse({ about, minute, profiles: Object.fromEntries(fitted) });
}

function fitProfile(name: ProfileName, members: readonly KeySeries[], minute: MinuteNoise): FittedProfile {
  const real = medianFigures(members);
  const shape = fitShape(name, members);
  const start = members[0]?.start ?? 0;
  const base: Profile = {
    name,
    minute,
    requestsPerMinute: geometricMean(members.map(({ requests }) => mean(requests.filter((count) => !Number.isNaN(count))) / 10)),
    hourOfWeek: { weekday: shape.requests.slice(0, 24), weekend: shape.requests.slice(24) },
    activity: { weekday: shape.active.slice(0, 24), weekend: shape.active.slice(24), memoryMinutes: 1 },
    wandering: { logSdUp: 0, logSdDown: 0, slowShare: 0, slowMinutes: 1, fastMinutes: 1 },
    bursts: { perDay: 0, minutes: 1, factor: 1, factorLogSd: 0 },
    tokens: fitTokens(members),
    assumed: assumed[name],
  };
  const {
    name: _,
    minute: __,
    ...profile
  } = rounded(calibrate(base, real, members.flatMap(burstsOf), start, FOLLOWS_THE_CLOCK[name] === undefined ? 1 : SHARPEST));
  const goodness = {
    heldOutShapeError: shape.heldOutError,
    heldOutFlatError: shape.heldOutFlatError,
    real: { ...real },
    drawn: { ...drawnFigures({ ...profile, name, minute }, start) },
  };
  return { description: descriptions[name], keys: members.length, ...profile, goodness: rounded(goodness) };
}

/** Four significant digits everywhere: the data say no more. */
function rounded<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, (_key, part: unknown) => (typeof part === 'number' ? Number(part.toPrecision(4)) : part))) as T;
}

function main(folder: string | undefined): void {
  if (folder === undefined) throw new Error(`usage: ${about.madeBy}, where DATA_FOLDER holds ${TEN_MINUTE_TRACE} and ${ONE_MINUTE_TRACE}`);
  const file = fitProfiles(folder);
  const json = JSON.stringify(file, undefined, 2).replaceAll(/\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]/g, (list) =>
    list.replaceAll(/\s+/g, ' '),
  );
  writeFileSync(new URL('../../local/traffic/profiles.json', import.meta.url), `${json}\n`);
  for (const [name, { keys, goodness }] of Object.entries(file.profiles)) {
    console.log(`${name}: ${keys} keys; shape error ${goodness.heldOutShapeError} (flat ${goodness.heldOutFlatError})`);
    for (const [figure, value] of Object.entries(goodness.real))
      console.log(`  ${figure.padEnd(20)} real ${value}  drawn ${goodness.drawn[figure] ?? 'none'}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv[2]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
