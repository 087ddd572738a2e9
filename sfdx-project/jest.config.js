const { jestConfig } = require('@salesforce/sfdx-lwc-jest/config');

module.exports = {
    ...jestConfig,
    setupFilesAfterEnv: ['<rootDir>/jest.setup.js'],
    testRegex: '/__tests__/.*\\.test\\.js$',
    modulePathIgnorePatterns: ['<rootDir>/picture/', '<rootDir>/.localdevserver']
};
