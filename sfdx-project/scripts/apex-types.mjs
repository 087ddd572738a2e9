// Type-checks the Apex with apex-ls, against standard objects and the project's own.
// apex-ls is lenient about unknown fields of a standard object that the project adds fields to; so where it does, a
// second pass on a copy without those objects finds them.
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createRequire } from 'node:module';
import { runJava } from './java.mjs';
import { nameInProject, objects, packageFolders, project, projectFolder, report } from './source.mjs';

const jars = join(
    dirname(createRequire(import.meta.url).resolve('@salesforce/code-analyzer-pmd-engine/package.json')),
    'dist/java-lib/*'
);

function issuesIn(folder) {
    const main = 'io.github.apexdevtools.apexls.CheckForIssues';
    const { stdout, stderr, status } = runJava([
        '-cp',
        jars,
        main,
        '-w',
        folder,
        '-d',
        'warnings',
        '-n',
        '-f',
        'json'
    ]);
    if (status !== 0 && status !== 4) throw new Error(`apex-ls ended with ${status}: ${stderr}`);
    const files = JSON.parse(stdout.trim() || '{"files":[]}').files ?? [];
    return files.flatMap(({ path, messages }) =>
        messages.map(({ message, start }) => ({
            message,
            text: `${relative(folder, path)}:${start.line}: ${message}`
        }))
    );
}

function extendedStandardObjects() {
    return packageFolders
        .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
        .filter(
            (entry) =>
                entry.isDirectory() && entry.parentPath.endsWith('/objects') && !entry.name.includes('__')
        )
        .map((entry) => join(entry.parentPath, entry.name));
}

function unknownFieldsOf(extended) {
    const copy = mkdtempSync(join(tmpdir(), 'apex-types-'));
    try {
        for (const name of ['sfdx-project.json', ...project.packageDirectories.map(({ path }) => path)]) {
            cpSync(join(projectFolder, name), join(copy, name), { recursive: true });
        }
        extended.forEach((folder) => rmSync(join(copy, nameInProject(folder)), { recursive: true }));
        return issuesIn(copy).filter(({ message }) => {
            const [, field, object] = /^Unknown field '(\w+)' on SObject 'Schema\.(\w+)'/.exec(message) ?? [];
            return field && !objects.get(object)?.fields.has(field);
        });
    } finally {
        rmSync(copy, { recursive: true });
    }
}

const extended = extendedStandardObjects();
const issues = [...issuesIn(projectFolder), ...(extended.length > 0 ? unknownFieldsOf(extended) : [])];
report(
    issues.map(({ text }) => text),
    'every type, method and field that the Apex names exists'
);
