import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';
import prettier from 'eslint-config-prettier';
import { FOLDERS } from './folder-arrows.js';

/** Arrows point to core: which sibling packages each package may import. */
const ARROWS = {
  core: [],
  threadsafe: ['core'],
  executor: ['core', 'threadsafe'],
  net: ['core'],
  ringloop: ['core', 'threadsafe', 'executor', 'net'],
};

const betweenPackages = (name) =>
  Object.keys(ARROWS)
    .filter((other) => !ARROWS[name].includes(other))
    .map((other) => (other === 'ringloop' ? 'ringloop' : `@ringloop/${other}`))
    .map((specifier) => ({
      group: [specifier, `${specifier}/*`],
      message: 'Imports between packages point to core only.',
    }));

const restrict = (files, patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
});

const arrowRules = Object.entries(FOLDERS).flatMap(([name, folders]) => [
  restrict([`packages/${name}/src/*.ts`], betweenPackages(name)),
  ...folders.map((folder, at) =>
    restrict(
      [`packages/${name}/src/${folder}/**/*.ts`],
      [
        ...betweenPackages(name),
        ...folders.slice(at + 1).map((later) => ({
          group: [`../${later}/*`],
          message: `Imports between folders point to the left in folder-arrows.js: ${folder} comes before ${later}.`,
        })),
      ],
    ),
  ),
]);

/** Shared words are reached through one seam, so that the explorer can stand in between. */
const seamRule = {
  files: ['packages/*/src/**/*.ts'],
  ignores: ['packages/core/src/memory/atomics.ts'],
  rules: {
    'no-restricted-globals': ['error', { name: 'Atomics', message: 'Import the operations from #atomics.' }],
  },
};

export default tseslint.config(
  { ignores: ['**/dist/', 'build/', 'coverage/', 'benchmarks/results/'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-exports': 'error',
      // The loop tells of a future that failed and that nobody asked: a task may be left to itself.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafePromises: ['Future', 'Task', 'Waiter', 'RunningCoroutine'],
        },
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      // `while (true)` is how a retry loop reads.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // `unknown`-typed reasons and generic type parameters used once document the public API.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      // An async function that awaits nothing is a coroutine all the same; a promise of nothing is a Promise<void>.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/class-literal-property-style': 'off', // a field per instance where one getter does
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Doors re-export by name.' },
        { selector: 'ExportDefaultDeclaration', message: 'No default exports.' },
      ],
    },
  },
  ...arrowRules,
  seamRule,
  {
    files: ['.ci/*.js', '*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's assertions are expressions, and tests reject with odd values on purpose.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  prettier,
);
