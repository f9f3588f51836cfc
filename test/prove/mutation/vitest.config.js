/**
 * The fast tests of the rotation engine, each file isolated: modules that stay loaded would hide every mutant of a table.
 * See docs/decisions/0011-mutation-check.md.
 */
export default {
  test: {
    include: ['test/lambda/rotation/**/*.test.ts', 'test/docs/lifecycle-table.test.ts'],
    tags: [{ name: 'long' }],
    tagsFilter: ['!long'],
    exclude: ['test/lambda/rotation/{on-the-world,old-keys,replicas}.test.ts'],
  },
};
