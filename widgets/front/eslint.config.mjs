// The tool-chain is the labextension's; only what is said of this script is here.
import tseslint from '../../server_ext/labextension/node_modules/typescript-eslint/dist/index.js';

export default tseslint.config(
  { ignores: ['front/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['front/tsconfig.json'],
        tsconfigRootDir: `${import.meta.dirname}/..`
      }
    },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipComments: true }],
      'no-console': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true }
      ]
    }
  }
);
