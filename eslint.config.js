import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { noSentenceDecides } from './eslint/no-sentence-decides.js';

/** Side effects that only the edges may have: see docs/decisions/0001-the-house.md. */
const ambient = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: 'Time is an argument: take a Clock.' },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Time is an argument: take a Clock.' },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: 'Randomness is an argument.' },
];
const reveal = {
  selector: "CallExpression[callee.property.name='reveal']",
  message: 'A key value is read at the last moment, in an adapter or a channel only.',
};

export default tseslint.config(
  { ignores: ['cdk.out/**', 'dist/**', 'out/**', 'node_modules/**', 'coverage/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', 'bin/*.js', 'eslint/*.js'] }, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['lambda/**/*.ts', 'contract/**/*.ts', 'lib/**/*.ts', 'report/**/*.ts', 'cli/**/*.ts'],
    ignores: ['lambda/*.ts', 'lambda/foundation/**', 'lambda/adapters/**', 'lambda/incidents/channels/**'],
    rules: {
      'no-restricted-syntax': ['error', ...ambient, reveal],
      'no-restricted-globals': ['error', 'process', 'console', 'fetch', 'setTimeout'],
    },
  },
  {
    files: ['lambda/**/*.ts', 'contract/**/*.ts', 'cli/**/*.ts', 'report/**/*.ts', 'bin/*.ts'],
    // What older versions stored is told from its sentences here, and nowhere else.
    ignores: ['lambda/adapters/aws/old-causes.ts'],
    plugins: { keyguard: { rules: { 'no-sentence-decides': noSentenceDecides } } },
    rules: { 'keyguard/no-sentence-decides': 'error' },
  },
  // Constructs hold their children by `new`, and CDK's own style is classes.
  { files: ['lib/**/*.ts', 'bin/*.ts'], rules: { '@typescript-eslint/no-extraneous-class': 'off', 'no-new': 'off' } },
  // The command line speaks to the terminal through one file.
  { files: ['cli/output.ts', 'cli/prompt.ts', 'lib/config/load.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
  { files: ['bin/*.js'], languageOptions: { globals: { process: 'readonly', URL: 'readonly' } } },
);
