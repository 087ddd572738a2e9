// Bundles the components with Salesforce's own base components for a browser outside Salesforce. What only exists in
// an org (Apex, toasts, record data) is played.
import lwc from '@lwc/rollup-plugin';
import resolve from '@rollup/plugin-node-resolve';
import replace from '@rollup/plugin-replace';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rollup } from 'rollup';

const wireOf = (name) => `
    import { ${name} } from '${join(import.meta.dirname, 'sample.js')}';
    export default class {
        constructor(tell) { this.tell = tell; }
        connect() { this.tell({ data: ${name}, error: undefined }); }
        update() {}
        disconnect() {}
    }`;
const answerOf = (name) => `
    import { ${name} } from '${join(import.meta.dirname, 'sample.js')}';
    export default async () => ${name};`;

const played = {
    // Of the base components, this is the one thing that synthetic shadow can't do.
    '@salesforce/gate/bc.260.enableComboboxElementInternals': 'export default { isOpen: () => false };',
    '@salesforce/apex': 'export const refreshApex = async () => {};',
    '@salesforce/apex/InsightCardController.getCard': wireOf('card'),
    '@salesforce/apex/InsightCardController.refresh': answerOf('card'),
    '@salesforce/apex/MarketoSyncController.getStatus': answerOf('status'),
    '@salesforce/apex/MarketoSyncController.start': answerOf('status'),
    '@salesforce/apex/MarketoSyncController.stop': answerOf('status'),
    '@salesforce/apex/MarketoSyncController.runNow': 'export default async () => "The refresh has started.";',
    'lightning/uiRecordApi': 'export const notifyRecordUpdateAvailable = async () => {};',
    'lightning/platformShowToastEvent':
        'export class ShowToastEvent extends CustomEvent { constructor(detail) { super("toast", { detail }); } }'
};

const playing = {
    name: 'played',
    resolveId: (id) => (id in played ? `\0played:${id}` : null),
    load: (id) => (id.startsWith('\0played:') ? played[id.slice('\0played:'.length)] : null)
};

/** Writes index.html and what it needs into the folder. */
export async function build(folder) {
    const bundle = await rollup({
        input: join(import.meta.dirname, 'page.js'),
        plugins: [
            playing,
            lwc({
                rootDir: import.meta.dirname,
                modules: [{ dir: 'modules' }, { npm: 'lightning-base-components' }],
                enableDynamicComponents: true
            }),
            resolve(),
            replace({
                preventAssignment: true,
                values: { 'process.env.NODE_ENV': '"production"', 'import.meta.env.SSR': 'false' }
            })
        ],
        onwarn: () => {}
    });
    mkdirSync(folder, { recursive: true });
    await bundle.write({ file: join(folder, 'page.js'), format: 'iife', inlineDynamicImports: true });
    const styles = join(import.meta.dirname, 'node_modules/@salesforce-ux/design-system/assets');
    cpSync(join(styles, 'styles'), join(folder, 'styles'), { recursive: true });
    cpSync(join(styles, 'icons'), join(folder, 'icons'), { recursive: true });
    writeFileSync(
        join(folder, 'index.html'),
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
        <link rel="stylesheet" href="styles/salesforce-lightning-design-system.min.css">
        <style>body { background: #f3f3f3; padding: 1rem } main > * { display: block }</style></head>
        <body class="slds-scope"><main></main><script src="page.js"></script></body></html>`
    );
}
