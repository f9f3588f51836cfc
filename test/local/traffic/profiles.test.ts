import { describe, expect, test } from 'vitest';
import { profileNames, profiles, profilesFile } from '../../../local/traffic/profiles.ts';

const known = profiles();
const { profiles: fitted } = profilesFile();

describe.each(profileNames)('the profile %s', (name) => {
  const { goodness } = fitted[name];

  test('has the over-dispersion and the memory of the real keys, by profiles.json', () => {
    const { real, drawn } = goodness;
    const difference = (figure: string) => Math.abs((drawn[figure] ?? NaN) - (real[figure] ?? NaN));
    expect(difference('residualLogSd')).toBeLessThan(0.05 * (real.residualLogSd ?? 0));
    expect(difference('residualUpShare')).toBeLessThan(0.05);
    expect(difference('autocorrelation10m')).toBeLessThan(0.15);
    expect(difference('autocorrelation1h')).toBeLessThan(0.05);
    expect(difference('autocorrelation6h')).toBeLessThan(0.1);
    expect(difference('active')).toBeLessThan(0.06);
  });

  test('predicts a week that it was not fitted to no worse than a flat line', () => {
    expect(goodness.heldOutShapeError).toBeLessThanOrEqual(goodness.heldOutFlatError);
  });

  test('has a shape whose mean over a week is 1', () => {
    const { weekday, weekend } = known[name].hourOfWeek;
    const sum = (hours: readonly number[]) => hours.reduce((all, hour) => all + hour, 0);
    expect((5 * sum(weekday) + 2 * sum(weekend)) / 168).toBeCloseTo(1, 3);
  });
});

test('kinds that follow the clock predict an unseen week far better than a flat line', () => {
  for (const name of ['busy-seasonal', 'office-hours'] as const) {
    expect(fitted[name].goodness.heldOutShapeError).toBeLessThan(0.5 * fitted[name].goodness.heldOutFlatError);
  }
});
