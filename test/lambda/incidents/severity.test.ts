import { expect, test } from 'vitest';
import { containableKinds, incidentKinds } from '../../../contract/registry.ts';
import { severityOf } from '../../../lambda/incidents/severity.ts';

test('what may cost money or fail requests now is critical, and only that', () => {
  const critical = incidentKinds.filter((kind) => severityOf(kind, 'open') === 'critical');
  expect(critical).toEqual(['usage-anomaly', 'retired-key-used', 'current-key-dead']);
});

test('a cut-off key still asks for people, a recovered one does not', () => {
  for (const kind of containableKinds) expect(severityOf(kind, 'contained')).toBe('warning');
  for (const kind of incidentKinds) expect(severityOf(kind, 'recovered')).toBe('info');
});
