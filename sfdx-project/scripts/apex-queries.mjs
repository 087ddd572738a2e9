// Checks objects and fields in SOQL, which the type checker leaves alone, and that every query and DML statement names
// its mode: under API 67 one that doesn't runs in user mode, which is seldom what was meant.
import { ApexErrorListener, ApexParserFactory } from '@apexdevtools/apex-parser';
import { hasField, nameInProject, objects, read, report, sourceFiles } from './source.mjs';

const DML = new Set(
    ['Insert', 'Update', 'Delete', 'Undelete', 'Upsert', 'Merge'].map((verb) => `${verb}Statement`)
);

const problems = [];
let queries = 0;

class Thrower extends ApexErrorListener {
    apexSyntaxError(line, column, message) {
        throw new Error(`line ${line}: ${message}`);
    }
}

function* descendants(node) {
    for (const child of node.children ?? []) {
        yield child;
        yield* descendants(child);
    }
}

const kindOf = (node) => node.constructor.name.replace(/Context$/, '');

function check(query, file) {
    queries += 1;
    const from = query.fromNameList().fieldName(0).getText();
    const place = `${file}:${query.start.line}`;
    if (!objects.has(from)) {
        problems.push(`${place}: there is no object ${from}`);
        return;
    }
    for (const node of descendants(query)) {
        if (kindOf(node) !== 'FieldName' || node.parentCtx === query.fromNameList()) continue;
        const field = node.getText();
        if (!hasField(from, field)) problems.push(`${place}: ${from} has no field ${field}`);
    }
    if (!/WITH(SYSTEM|USER)_MODE/i.test(query.getText()))
        problems.push(`${place}: the query does not name its mode`);
}

for (const path of sourceFiles.filter((name) => name.endsWith('.cls'))) {
    const { parser } = ApexParserFactory.createLexerAndParser(read(path), new Thrower());
    for (const node of descendants(parser.compilationUnit())) {
        const file = nameInProject(path);
        if (kindOf(node) === 'Query') check(node, file);
        if (DML.has(kindOf(node)) && !node.accessLevel())
            problems.push(`${file}:${node.start.line}: the DML does not name its mode`);
    }
}

report(problems, `${queries} queries name objects and fields that exist`);
