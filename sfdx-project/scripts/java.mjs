// Runs Java, which two of the checks are written in.
import { spawnSync } from 'node:child_process';

export function requireJava() {
    if (spawnSync('java', ['-version']).error) {
        console.error(
            'Java is missing, and the Apex type check and PMD are written in it. Install it with: apt-get install default-jre-headless'
        );
        process.exit(1);
    }
}

export function runJava(args) {
    requireJava();
    return spawnSync('java', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
