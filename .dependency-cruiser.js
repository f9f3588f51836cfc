/** The import rules of the house, in the order of docs/decisions/0001-the-house.md. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
});

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A list may name its variants and they its interface: types alone make no cycle.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('contract-imports-nothing', '^contract/', ['^contract/'], 'Names shared by synth time and run time stand on nothing.'),
    only(
      'foundation-imports-nothing-of-ours',
      '^lambda/foundation/',
      ['^lambda/foundation/', '^contract/', '^node:', '^[a-z_/0-9]+$', '^node_modules/'],
      'It knows no capability; the contract itself stands on nothing.',
    ),
    {
      name: 'lambda-knows-neither-cdk-nor-local',
      severity: 'error',
      from: { path: '^lambda/' },
      to: { path: ['^(bin|cli|lib|local|report|test)/', 'node_modules/(aws-cdk-lib|constructs)/'] },
    },
    {
      name: 'lib-knows-contract-and-cdk',
      severity: 'error',
      comment: 'Lambda files are named by path only.',
      from: { path: '^lib/' },
      to: { path: ['^(bin|cli|lambda|local|report|test)/', 'node_modules/(@aws-sdk|@anthropic-ai)/'] },
    },
    {
      name: 'only-the-edges-speak',
      severity: 'error',
      comment: 'What can this speak to? adapters and channels answer in one place each.',
      from: { path: '^lambda/', pathNot: ['^lambda/adapters/', '/channels/'] },
      to: { path: ['node_modules/@aws-sdk/', 'node_modules/@anthropic-ai/', '^node:(http|https|net|tls)$', '^(http|https|net|tls)$'] },
    },
    {
      name: 'stand-ins-share-nothing-with-what-they-judge',
      severity: 'error',
      from: { path: '^local/(anthropic|aws)/' },
      to: { path: ['^(lambda|lib|contract|cli|report)/'] },
    },
    { name: 'report-is-plain-data-in', severity: 'error', from: { path: '^report/' }, to: { path: '^(lib|local|cli|bin|test)/' } },
    { name: 'product-never-imports-tests', severity: 'error', from: { pathNot: '^test/' }, to: { path: '^test/' } },
    { name: 'product-never-imports-tools', severity: 'error', from: { pathNot: '^(test|tools)/' }, to: { path: '^tools/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
