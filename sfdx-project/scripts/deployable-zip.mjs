// Converts the source to what a deployment would send, as the Salesforce CLI does, and looks into it.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listFiles, packageFolders, projectFolder, read, report, sourceFiles } from './source.mjs';

// A CommonJS package whose names an import can't see.
const { ComponentSet, MetadataConverter } = createRequire(import.meta.url)(
    '@salesforce/source-deploy-retrieve'
);

const url = 'https://my-bridge.example.org';
process.env.INSIGHT_BRIDGE_URL = url;
// Replacements are looked up from the folder that holds sfdx-project.json.
process.chdir(projectFolder);

async function convert(components, output) {
    const outputDirectory = mkdtempSync(join(tmpdir(), 'deployable-'));
    const target = { outputDirectory, packageName: 'sales-insight-bridge', ...output };
    const { packagePath } = await new MetadataConverter().convert(components, 'metadata', target);
    return { outputDirectory, packagePath };
}

const components = ComponentSet.fromSource(packageFolders);
const zip = await convert(components, { type: 'zip' });
const unpacked = await convert(components, { type: 'directory' });
const files = listFiles(unpacked.packagePath);
const problems = [];

const classes = sourceFiles.filter((path) => path.endsWith('.cls')).length;
const deployed = files.filter((path) => path.endsWith('.cls')).length;
if (deployed !== classes) problems.push(`${classes} classes in the source, ${deployed} in the deployment`);
files
    .filter((path) => path.includes('__tests__'))
    .forEach((path) => problems.push(`${path} must not be deployed`));
const credential = files.find((path) => path.endsWith('Insight_Bridge.namedCredential'));
if (!credential || !read(credential).includes(`<parameterValue>${url}</parameterValue>`)) {
    problems.push('the Named Credential did not get the URL of INSIGHT_BRIDGE_URL');
}
if (!zip.packagePath.endsWith('.zip')) problems.push('no zip was written');

[zip, unpacked].forEach(({ outputDirectory }) => rmSync(outputDirectory, { recursive: true }));
report(problems, `${components.size} components make a deployable zip`);
