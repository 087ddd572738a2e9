// What lies in the package directories: files, own objects with their fields, and the standard ones besides.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { XMLParser } from 'fast-xml-parser';

const require = createRequire(import.meta.url);

export const projectFolder = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const project = JSON.parse(readFileSync(join(projectFolder, 'sfdx-project.json'), 'utf8'));
export const packageFolders = project.packageDirectories.map(({ path }) => join(projectFolder, path));

export function listFiles(folder) {
    return readdirSync(folder, { withFileTypes: true })
        .flatMap((entry) => {
            const path = join(folder, entry.name);
            return entry.isDirectory() ? listFiles(path) : [path];
        })
        .sort();
}

export const sourceFiles = packageFolders.flatMap(listFiles);

export function nameInProject(path) {
    return relative(projectFolder, path).split(sep).join('/');
}

export function read(path) {
    return readFileSync(path, 'utf8');
}

const repeated = new Set([
    'classAccesses',
    'customMetadataTypeAccesses',
    'externalCredentialPrincipalAccesses',
    'externalCredentialParameters',
    'fieldPermissions',
    'flexiPageRegions',
    'itemInstances',
    'layoutColumns',
    'layoutItems',
    'layoutSections',
    'namedCredentialParameters',
    'objectPermissions',
    'tabSettings',
    'tabs',
    'targets',
    'userPermissions'
]);
const parser = new XMLParser({
    ignoreAttributes: false,
    parseTagValue: false,
    isArray: (name, path, isLeaf, isAttribute) =>
        !isAttribute && repeated.has(name) && path !== `LightningComponentBundle.${name}`
});

/** The content of the root element, with the elements that may repeat as lists. */
export function readXml(path) {
    const document = parser.parse(read(path));
    return Object.entries(document).find(([name]) => !name.startsWith('?'))[1];
}

/** name → path of the source files of one metadata folder, for example filesOf('tabs', '.tab-meta.xml'). */
export function filesOf(folder, suffix) {
    const found = new Map();
    for (const path of sourceFiles) {
        const parts = nameInProject(path).split('/');
        if (parts.includes(folder) && path.endsWith(suffix))
            found.set(parts.at(-1).slice(0, -suffix.length), path);
    }
    return found;
}

// What the list of standard objects leaves out: it was made in a small org.
const leftOut = {
    Account: ['Sic', 'Site'],
    Lead: ['DoNotCall', 'Fax', 'HasOptedOutOfEmail', 'MobilePhone'],
    Opportunity: ['ExpectedRevenue', 'TotalOpportunityQuantity'],
    UserExternalCredential: ['Id']
};
const fieldsOfEveryObject = [
    'Id',
    'CreatedById',
    'CreatedDate',
    'LastModifiedById',
    'LastModifiedDate',
    'SystemModstamp'
];
const fieldsOfKind = {
    __c: ['Name', 'OwnerId', 'IsDeleted'],
    __mdt: ['DeveloperName', 'MasterLabel', 'Label', 'QualifiedApiName', 'NamespacePrefix', 'Language'],
    __e: ['ReplayId', 'EventUuid']
};

function ownObjects() {
    const objects = new Map();
    for (const path of sourceFiles) {
        const [, name] = /\/objects\/([^/]+)\//.exec(`/${nameInProject(path)}`) ?? [];
        if (!name) continue;
        if (!objects.has(name)) {
            const kind = Object.keys(fieldsOfKind).find((suffix) => name.endsWith(suffix));
            objects.set(name, {
                fields: new Map(),
                own: true,
                builtIn: [...fieldsOfEveryObject, ...(fieldsOfKind[kind] ?? [])]
            });
        }
        if (path.endsWith('.field-meta.xml')) {
            const field = readXml(path);
            objects.get(name).fields.set(field.fullName, field);
        }
    }
    return objects;
}

// jsforce carries the fields of the standard objects as TypeScript types.
function standardObjects() {
    const objects = new Map();
    const path = join(
        dirname(require.resolve('@jsforce/jsforce-node/package.json')),
        'lib/types/standard-schema.d.ts'
    );
    const declarations = /^type (Fields|ParentReferences)\$(\w+) = \{\n([\s\S]*?)^\}/gm;
    for (const [, kind, name, body] of read(path).matchAll(declarations)) {
        if (!objects.has(name)) objects.set(name, { fields: new Map(), parents: new Map(), builtIn: [] });
        const object = objects.get(name);
        if (kind === 'Fields') object.builtIn = [...body.matchAll(/^\s+(\w+):/gm)].map(([, field]) => field);
        for (const [, parent, type] of body.matchAll(/^\s+(\w+): SObjectDefinition\$(\w+)/gm))
            object.parents.set(parent, type);
    }
    for (const [name, fields] of Object.entries(leftOut)) {
        const object = objects.get(name) ?? { fields: new Map(), parents: new Map(), builtIn: [] };
        objects.set(name, { ...object, builtIn: [...object.builtIn, ...fields] });
    }
    return objects;
}

export const objects = new Map([...standardObjects(), ...ownObjects()]);

/** Whether the object has the field; a path such as CronJobDetail.Name is followed. */
export function hasField(objectName, fieldPath) {
    const [first, ...rest] = fieldPath.split('.');
    const object = objects.get(objectName);
    if (!object) return false;
    if (rest.length > 0)
        return Boolean(object.parents?.has(first)) && hasField(object.parents.get(first), rest.join('.'));
    const names = [...object.fields.keys(), ...object.builtIn];
    return names.some((name) => name.toLowerCase() === first.toLowerCase());
}

/** Prints what is wrong, one line each, and ends the process accordingly. */
export function report(problems, allWell) {
    problems.forEach((problem) => console.error(problem));
    if (problems.length === 0) console.log(allWell);
    process.exitCode = problems.length === 0 ? 0 : 1;
}
