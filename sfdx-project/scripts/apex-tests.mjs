// Runs the Apex tests in a small model of the platform, where that tool lies beside this repository. It is a model: for
// limits, sharing, rights and mixed DML there is only an org (org-tests, and README.md).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from './source.mjs';

const tool = join(projectFolder, '../../shared/tools/apexrun/run');
if (existsSync(tool)) {
    const { status, stdout, stderr } = spawnSync(tool, ['apex', join(projectFolder, 'force-app')], {
        encoding: 'utf8'
    });
    const lines = stdout.trim().split('\n');
    console.log(status === 0 ? lines.at(-1) : lines.filter((line) => !line.startsWith('ok')).join('\n'));
    if (stderr) console.error(stderr);
    process.exitCode = status ?? 1;
} else {
    console.log(
        'skipped: the Apex tests need the model runner apexrun beside this repository, or an org (sf apex run test)'
    );
}
