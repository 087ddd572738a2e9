// Checks the content of every *-meta.xml against the types of the Metadata API: unknown elements, values that are no
// value of their enumeration, required elements that lack. Converting or zipping the source finds none of these.
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { loadMetadataTypes } from './metadata-types.mjs';
import { nameInProject, read, report, sourceFiles } from './source.mjs';

const NAMESPACE = 'http://soap.sforce.com/2006/04/metadata';
// Given by the file's name, or added when it is deployed.
const NEVER_WRITTEN = new Set(['fullName', 'content']);

const types = loadMetadataTypes();
const parser = new XMLParser({ preserveOrder: true, ignoreAttributes: false, parseTagValue: false });
const problems = [];

function checkValue(place, text, type) {
    if (type === 'boolean' && !/^(true|false)$/.test(text))
        problems.push(`${place}: "${text}" is neither true nor false`);
    if (type === 'number' && !/^-?\d+(\.\d+)?$/.test(text)) problems.push(`${place}: "${text}" is no number`);
    const values = types.get(type)?.values;
    if (values && !values.has(text)) problems.push(`${place}: "${text}" is no ${type}`);
}

function checkElement(place, children, typeName) {
    const { members } = types.get(typeName);
    const seen = new Set();
    for (const child of children) {
        const name = Object.keys(child).find((key) => key !== ':@');
        if (name === '#text') continue;
        const member = members.get(name);
        if (!member) {
            problems.push(`${place}: ${typeName} has no element ${name}`);
            continue;
        }
        if (seen.has(name) && !member.isList) problems.push(`${place}/${name}: may occur only once`);
        seen.add(name);
        if (types.get(member.type)?.members?.size) checkElement(`${place}/${name}`, child[name], member.type);
        else checkValue(`${place}/${name}`, String(child[name][0]?.['#text'] ?? ''), member.type);
    }
    for (const [name, member] of members) {
        if (member.isRequired && !seen.has(name) && !NEVER_WRITTEN.has(name))
            problems.push(`${place}: lacks ${name}`);
    }
}

const files = sourceFiles.filter((path) => path.endsWith('-meta.xml'));
for (const path of files) {
    const text = read(path);
    const file = nameInProject(path);
    const wellFormed = XMLValidator.validate(text);
    if (wellFormed !== true) {
        problems.push(`${file}:${wellFormed.err.line}: ${wellFormed.err.msg}`);
        continue;
    }
    const root = parser.parse(text).find((node) => !Object.keys(node)[0].startsWith('?'));
    const name = Object.keys(root).find((key) => key !== ':@');
    if (root[':@']?.['@_xmlns'] !== NAMESPACE) problems.push(`${file}: its xmlns is not ${NAMESPACE}`);
    if (types.get(name)?.members) checkElement(file, root[name], name);
    else problems.push(`${file}: there is no metadata type ${name}`);
}
report(problems, `${files.length} metadata files are as the Metadata API wants them`);
