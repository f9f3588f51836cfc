import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The kinds of usage that the traces hold, each fitted to several keys at once; profiles.json says what each looks like. */
export const profileNames = ['steady', 'busy-seasonal', 'office-hours', 'drifting', 'part-time', 'nightly-batch', 'sparse'] as const;
export type ProfileName = (typeof profileNames)[number];

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const hours = z.array(z.number().nonnegative()).length(24);
const hourShares = z.array(share).length(24);
const drift = z.strictObject({ logSd: z.number().nonnegative(), minutes: positive });

const minuteSchema = z.strictObject({
  /** Variance of one minute's rate over its square, beyond Poisson. */
  overDispersion: z.number().nonnegative(),
  /** Coefficient of variation of one request's tokens. */
  inputCvPerRequest: positive,
  outputCvPerRequest: positive,
});

const fittedSchema = z.strictObject({
  /** What a reader should think of, in a sentence. */
  description: z.string().min(1),
  /** How many keys were pooled. */
  keys: z.int().min(2),
  /** Long-run mean over all minutes, quiet ones included. */
  requestsPerMinute: positive,
  /** Requests of an hour of the day over the long-run mean, UTC; the mean over a week of five weekdays and two weekend days is 1. */
  hourOfWeek: z.strictObject({ weekday: hours, weekend: hours }),
  /** Share of ten-minute spells with any traffic, and how long the process that opens and closes them remembers. */
  activity: z.strictObject({ weekday: hourShares, weekend: hourShares, memoryMinutes: positive }),
  /**
   * How the rate wanders around its hour: the logarithm is normal on either side of its median, wider below than above,
   * and a mixture of two memories, each falling to 1/e in its minutes; `slowShare` of the variance has the longer one.
   */
  wandering: z.strictObject({
    logSdUp: z.number().nonnegative(),
    logSdDown: z.number().nonnegative(),
    slowShare: share,
    slowMinutes: positive,
    fastMinutes: positive,
  }),
  /** Bursts start at random, last `minutes` on average and multiply the rate by a log-normal factor of this median. */
  bursts: z.strictObject({ perDay: z.number().nonnegative(), minutes: positive, factor: positive, factorLogSd: z.number().nonnegative() }),
  /** Means per request, and how the mean of an hour wanders. */
  tokens: z.strictObject({
    inputPerRequest: positive,
    outputPerRequest: positive,
    inputDrift: drift,
    outputDrift: drift,
  }),
  /** Assumed, not fitted: the traces know neither models nor caching. */
  assumed: z.strictObject({
    models: z.array(z.strictObject({ model: z.string().min(1), share: share })).min(1),
    /** Of all input tokens. */
    cacheReadShare: share,
    cacheCreationShare: share,
  }),
  /** How well it fits: the same figures measured on the real keys (their median) and on drawn ones. */
  goodness: z.strictObject({
    /** Mean absolute error of the shape of week 1 against week 2, over week 2's mean; `flat` is the error of no shape at all. */
    heldOutShapeError: z.number(),
    heldOutFlatError: z.number(),
    real: z.record(z.string(), z.number()),
    drawn: z.record(z.string(), z.number()),
  }),
});

/** One line each: where the numbers come from and what they are not. */
const aboutSchema = z.strictObject({
  madeBy: z.string(),
  sources: z.array(z.strictObject({ file: z.string(), what: z.string(), origin: z.string(), licence: z.string() })),
  method: z.array(z.string()),
  assumed: z.array(z.string()),
});

export const profilesFileSchema = z.strictObject({
  about: aboutSchema,
  minute: minuteSchema,
  profiles: z.record(z.enum(profileNames), fittedSchema),
});
export type ProfilesFile = z.infer<typeof profilesFileSchema>;
export type FittedProfile = z.infer<typeof fittedSchema>;
export type MinuteNoise = z.infer<typeof minuteSchema>;

/** Everything that drawing one key's usage needs. */
export type Profile = Omit<FittedProfile, 'goodness' | 'keys' | 'description'> & { readonly name: string; readonly minute: MinuteNoise };

/** The whole of profiles.json, checked. Throws an error that names the fields that are wrong. */
export function profilesFile(): ProfilesFile {
  const checked = profilesFileSchema.safeParse(JSON.parse(readFileSync(new URL('profiles.json', import.meta.url), 'utf8')));
  if (checked.success) return checked.data;
  throw new Error(
    `local/traffic/profiles.json: ${z.prettifyError(checked.error)}\nFit it again: node --import tsx tools/fit-traffic/main.ts DATA_FOLDER`,
  );
}

/** The fitted profiles by name. */
export function profiles(): Readonly<Record<ProfileName, Profile>> {
  const { minute, profiles: fitted } = profilesFile();
  const named = (name: ProfileName): Profile => ({ ...fitted[name], name, minute });
  return {
    steady: named('steady'),
    'busy-seasonal': named('busy-seasonal'),
    'office-hours': named('office-hours'),
    drifting: named('drifting'),
    'part-time': named('part-time'),
    'nightly-batch': named('nightly-batch'),
    sparse: named('sparse'),
  };
}
