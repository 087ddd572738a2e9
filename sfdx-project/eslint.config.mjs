// The rules of LWC for components, those of Jest for their tests, plain JavaScript for scripts.
import js from '@eslint/js';
import recommended from '@salesforce/eslint-config-lwc/recommended.js';
import jest from 'eslint-plugin-jest';
import globals from 'globals';

const components = 'force-app/main/**/lwc/**/*.js';
const componentTests = 'force-app/main/**/lwc/**/__tests__/**/*.js';

export default [
    { ignores: ['node_modules/', 'picture/node_modules/', 'picture/built/', 'coverage/'] },
    ...[].concat(recommended).map((config) => ({ ...config, files: [components] })),
    {
        // A timer is how a page looks again; both components clear theirs when they go away.
        files: [components],
        rules: { '@lwc/lwc/no-async-operation': 'off' }
    },
    {
        files: [componentTests, 'jest.*.js'],
        plugins: jest.configs['flat/recommended'].plugins,
        languageOptions: { globals: { ...globals.node, ...globals.jest } },
        rules: {
            ...jest.configs['flat/recommended'].rules,
            '@lwc/lwc/no-unexpected-wire-adapter-usages': 'off',
            'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expectAccessible'] }]
        }
    },
    {
        files: ['**/*.mjs'],
        ...js.configs.recommended,
        languageOptions: {
            ecmaVersion: 2024,
            sourceType: 'module',
            globals: { ...globals.node, ...globals.browser }
        }
    }
];
