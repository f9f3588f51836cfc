import type { UsageDimension } from '../../../contract/records.ts';

/** As in "the model claude-opus-5". */
export const dimensionNouns: Readonly<Record<UsageDimension, string>> = {
  model: 'model',
  workspaceId: 'workspace',
  serviceTier: 'service tier',
  contextWindow: 'context window',
  inferenceGeo: 'inference geography',
  speed: 'speed',
};
