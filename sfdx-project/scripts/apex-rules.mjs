// Runs PMD's Apex rules over the Apex, all but those named here.
import { CodeAnalyzer, CodeAnalyzerConfig } from '@salesforce/code-analyzer-core';
import { createEnginePlugin } from '@salesforce/code-analyzer-pmd-engine';
import { requireJava } from './java.mjs';
import { nameInProject, packageFolders, report } from './source.mjs';

const leftOut = new Set([
    // A header says what a class is for; a method whose name says it all needs no paragraph.
    'ApexDoc',
    // Rights are tested where they exist, in org-tests; elsewhere the code runs in system mode on purpose.
    'ApexUnitTestClassShouldHaveRunAs',
    // Four plain parameters read better than an object made for one call.
    'ExcessiveParameterList',
    'AvoidBooleanMethodParameters',
    // Sums over a whole class: a class of many short methods is no complex class.
    'CyclomaticComplexity',
    'CognitiveComplexity',
    'ExcessivePublicCount',
    // The finalizer is attached through InsightRuntime, which the rule can't see through.
    'QueueableWithoutFinalizer',
    // Custom metadata has as many rows as an admin wrote, and counts are of one row.
    'AvoidNonRestrictiveQueries',
    // The log is the last resort of a publisher that may not throw.
    'AvoidDebugStatements'
]);
const leftOutInTests = new Set(['AvoidHardcodingId', 'OperationWithLimitsInLoop']);

requireJava();
const analyzer = new CodeAnalyzer(CodeAnalyzerConfig.fromObject({}));
await analyzer.addEnginePlugin(createEnginePlugin());
const workspace = await analyzer.createWorkspace(packageFolders);
const rules = await analyzer.selectRules(['pmd:Apex'], { workspace });
const results = await analyzer.run(rules, { workspace });

const problems = results
    .getViolations()
    .map((violation) => ({
        rule: violation.getRule().getName(),
        file: nameInProject(violation.getPrimaryLocation().getFile()),
        line: violation.getPrimaryLocation().getStartLine(),
        message: violation.getMessage()
    }))
    .filter(
        ({ rule, file }) =>
            !leftOut.has(rule) && !(leftOutInTests.has(rule) && /(^|\/)(tests|org-tests)\//.test(file))
    )
    .map(({ rule, file, line, message }) => `${file}:${line}: ${message} (${rule})`);
report(problems, `${rules.getCount() - leftOut.size} rules of PMD are kept`);
