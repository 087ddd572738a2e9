// Checks what one file says of another: an org would find these mistakes only when the source is deployed.
import { basename } from 'node:path';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
    filesOf,
    hasField,
    nameInProject,
    objects,
    project,
    projectFolder,
    read,
    readXml,
    report,
    sourceFiles
} from './source.mjs';

const problems = [];
const complain = (path, what) => problems.push(`${nameInProject(path)}: ${what}`);

const classes = filesOf('classes', '.cls');
const components = new Map(
    sourceFiles
        .filter((path) => path.endsWith('.js-meta.xml'))
        .map((path) => [basename(path, '.js-meta.xml'), path])
);
const tabs = filesOf('tabs', '.tab-meta.xml');
const pages = filesOf('flexipages', '.flexipage-meta.xml');
const layouts = filesOf('layouts', '.layout-meta.xml');
const applications = filesOf('applications', '.app-meta.xml');
const externalCredentials = filesOf('externalCredentials', '.externalCredential-meta.xml');
const permissionSets = filesOf('permissionsets', '.permissionset-meta.xml');

function principals() {
    return [...externalCredentials].flatMap(([name, path]) =>
        readXml(path)
            .externalCredentialParameters.filter(({ parameterType }) => parameterType === 'NamedPrincipal')
            .map(({ parameterName }) => `${name}-${parameterName}`)
    );
}

// A source file without its -meta.xml is silently left out of a deployment.
function checkPairs() {
    for (const path of sourceFiles.filter((name) => /\.(cls|trigger)$/.test(name))) {
        if (!existsSync(`${path}-meta.xml`)) complain(path, 'has no -meta.xml and would not be deployed');
    }
    for (const path of sourceFiles.filter((name) => /\.(cls|trigger)-meta\.xml$/.test(name))) {
        if (!existsSync(path.replace('-meta.xml', ''))) complain(path, 'describes a file that is not there');
    }
}

// design: triggers are one line, so that nothing in them needs a test of its own.
function checkTriggers() {
    for (const [, path] of filesOf('triggers', '.trigger')) {
        const body = read(path).replace(/^[^{]*\{|\}[^}]*$/g, '');
        if (
            body
                .trim()
                .split(';')
                .filter((statement) => statement.trim()).length !== 1
        )
            complain(path, 'has more than one statement');
    }
}

function checkFieldPermission(path, field) {
    const [objectName, fieldName] = field.split('.');
    if (/^mkto_si__/i.test(fieldName))
        complain(path, `${field}: would not deploy where the package is not installed`);
    else if (!hasField(objectName, fieldName)) complain(path, `there is no field ${field}`);
    else if (objects.get(objectName).fields.get(fieldName)?.required === 'true')
        complain(path, `${field} is required: such can't be listed`);
}

// Least rights, each with its reason: the first of a kind carries it as a comment.
function checkReasons(path) {
    const told = new Set(['description', 'hasActivationRequired', 'label']);
    for (const [, comment, right] of read(path).matchAll(/(-->)?\n {4}<(\w+)>/g)) {
        if (!comment && !told.has(right)) complain(path, `${right} has no comment that gives its reason`);
        told.add(right);
    }
}

function checkPermissionSets() {
    const known = {
        classAccesses: ['apexClass', (name) => classes.has(name)],
        objectPermissions: ['object', (name) => objects.has(name)],
        tabSettings: ['tab', (name) => tabs.has(name)],
        customMetadataTypeAccesses: ['name', (name) => name.endsWith('__mdt') && objects.has(name)],
        externalCredentialPrincipalAccesses: [
            'externalCredentialPrincipal',
            (name) => principals().includes(name)
        ]
    };
    for (const path of permissionSets.values()) {
        checkReasons(path);
        const set = readXml(path);
        for (const [element, [key, exists]] of Object.entries(known)) {
            const names = (set[element] ?? []).map((entry) => entry[key]);
            names
                .filter((name) => !exists(name))
                .forEach((name) => complain(path, `there is no ${key} ${name}`));
            names
                .filter((name, index) => names.indexOf(name) !== index)
                .forEach((name) => complain(path, `${name} twice`));
        }
        (set.fieldPermissions ?? []).forEach(({ field }) => checkFieldPermission(path, field));
        const application = set.applicationVisibilities?.application;
        if (application && !applications.has(application))
            complain(path, `there is no application ${application}`);
        if (set.description?.length > 255) complain(path, 'its description is longer than 255 characters');
    }
}

function checkCredentials() {
    for (const [, path] of filesOf('namedCredentials', '.namedCredential-meta.xml')) {
        for (const { externalCredential } of readXml(path).namedCredentialParameters) {
            if (externalCredential && !externalCredentials.has(externalCredential)) {
                complain(path, `there is no external credential ${externalCredential}`);
            }
        }
    }
}

function checkPages() {
    for (const path of pages.values()) {
        const page = readXml(path);
        const names = page.flexiPageRegions
            .flatMap(({ itemInstances }) => itemInstances ?? [])
            .map(({ componentInstance }) => componentInstance?.componentName)
            .filter((name) => name && !name.includes(':'));
        for (const name of names) {
            const bundle = components.get(name);
            if (!bundle) complain(path, `there is no component ${name}`);
            else if (!read(bundle).includes(`<target>lightning__${page.type}</target>`))
                complain(path, `${name} is not for a page of type ${page.type}`);
        }
    }
    for (const [name, path] of tabs) {
        const tab = readXml(path);
        if (tab.flexiPage && !pages.has(tab.flexiPage)) complain(path, `there is no page ${tab.flexiPage}`);
        if (tab.customObject === 'true' && !objects.has(name)) complain(path, `there is no object ${name}`);
    }
    for (const path of applications.values()) {
        readXml(path)
            .tabs.filter((tab) => !tabs.has(tab))
            .forEach((tab) => complain(path, `there is no tab ${tab}`));
    }
}

// Records of custom metadata are the admin's: a deployment would put a shipped one in the place of theirs.
function checkRecords() {
    for (const path of filesOf('customMetadata', '.md-meta.xml').values())
        complain(path, 'would overwrite what an admin wrote: put the default into the code that reads it');
}

// The page of a record shows what its layout names. Without one in the source it shows the number of the record alone.
function checkLayouts() {
    for (const [name, tab] of tabs) {
        if (readXml(tab).customObject !== 'true') continue;
        const [, path] = [...layouts].find(([title]) => title.startsWith(`${name}-`)) ?? [];
        if (!path) {
            complain(tab, 'its object has no layout');
            continue;
        }
        const shown = readXml(path)
            .layoutSections.flatMap(({ layoutColumns }) => layoutColumns)
            .flatMap(({ layoutItems }) => layoutItems ?? [])
            .map(({ field }) => field);
        shown
            .filter((field) => !hasField(name, field))
            .forEach((field) => complain(path, `there is no field ${field}`));
        [...objects.get(name).fields.keys()]
            .filter((field) => !shown.includes(field))
            .forEach((field) => complain(path, `does not show ${field}`));
    }
}

// import x from '@salesforce/apex/Class.method'
function checkComponents() {
    for (const path of sourceFiles.filter((name) => /\/lwc\/[^/]+\/[^/]+\.js$/.test(name))) {
        for (const [, className, method] of read(path).matchAll(/@salesforce\/apex\/(\w+)\.(\w+)/g)) {
            const source = classes.has(className) ? read(classes.get(className)) : '';
            const declared = new RegExp(`@AuraEnabled[^\\n]*\\s+public static [\\w<>., ]+ ${method}\\(`);
            if (!declared.test(source)) complain(path, `${className} has no @AuraEnabled method ${method}`);
        }
    }
}

function checkReplacements() {
    for (const { filename, stringToReplace } of project.replacements) {
        const path = join(projectFolder, filename);
        if (!existsSync(path)) problems.push(`sfdx-project.json: there is no file ${filename}`);
        else if (!read(path).includes(stringToReplace)) complain(path, `does not contain ${stringToReplace}`);
    }
}

const checks = [
    checkPairs,
    checkTriggers,
    checkPermissionSets,
    checkCredentials,
    checkPages,
    checkRecords,
    checkLayouts,
    checkComponents,
    checkReplacements
];
checks.forEach((check) => check());
report(
    problems,
    `${permissionSets.size} permission sets, pages, tabs, layouts and credentials name only what is there`
);
