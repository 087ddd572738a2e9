// Everything that can be checked without an org, one line each; what fails is printed in full. Two at a time, since
// the slow ones are processes of their own and the machines that run this have two cores.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { requireJava } from './java.mjs';
import { projectFolder } from './source.mjs';

const tool = (name) => join(projectFolder, 'node_modules/.bin', name);
const script = (name) => [process.execPath, [join(projectFolder, 'scripts', `${name}.mjs`)]];

const checks = {
    'Apex rules': script('apex-rules'),
    'Lightning components': [tool('sfdx-lwc-jest'), ['--', '--silent']],
    'Apex tests': script('apex-tests'),
    'Apex types': script('apex-types'),
    'Apex queries': script('apex-queries'),
    'Metadata content': script('metadata-content'),
    'Metadata references': script('metadata-references'),
    'Deployable zip': script('deployable-zip'),
    'JavaScript rules': [tool('eslint'), ['.', '--max-warnings=0']],
    Formatting: [tool('prettier'), ['--check', '--log-level=warn', '.']]
};

function run(name, [command, args]) {
    const started = Date.now();
    return new Promise((resolve) => {
        const child = spawn(command, args, { cwd: projectFolder, shell: process.platform === 'win32' });
        let output = '';
        child.stdout.on('data', (chunk) => (output += chunk));
        child.stderr.on('data', (chunk) => (output += chunk));
        child.on('error', (error) => resolve({ name, ok: false, output: error.message, started }));
        child.on('close', (code) =>
            resolve({ name, ok: code === 0, output: output.trim(), seconds: (Date.now() - started) / 1000 })
        );
    });
}

function show({ name, ok, output, seconds = 0 }) {
    const summary = /^(Tests:.*|skipped: .*)$/m.exec(output)?.[1] ?? output.split('\n').at(-1);
    console.log(
        `${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(21)} ${`${seconds.toFixed(1)} s`.padStart(7)}  ${ok ? summary : ''}`
    );
    if (!ok) console.log(output.replace(/^/gm, '       '));
}

requireJava();
const waiting = Object.entries(checks);
const results = [];
async function work() {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
        const result = await run(...next);
        show(result);
        results.push(result);
    }
}
await Promise.all([work(), work()]);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
