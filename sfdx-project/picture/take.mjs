// Takes the pictures of the README: npm run picture. Needs Chromium (apt-get install chromium, or CHROMIUM=path).
import { createServer } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { build } from './build.mjs';

const pictures = [
    { name: 'insight-card', component: 'card', width: 460, height: 400 },
    { name: 'insight-card-phone', component: 'card', width: 320, height: 480 },
    { name: 'marketo-sync', component: 'page', width: 980, height: 640 }
];
const images = join(import.meta.dirname, '../../docs/images');
const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml' };

function serve(folder) {
    const server = createServer((request, response) => {
        const path = join(folder, normalize(new URL(request.url, 'http://localhost').pathname));
        if (!existsSync(path)) return response.writeHead(404).end();
        response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' });
        return response.end(readFileSync(path));
    });
    return new Promise((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve(server));
    });
}

const folder = mkdtempSync(join(tmpdir(), 'picture-'));
await build(folder);
const server = await serve(folder);
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox']
});
try {
    for (const { name, component, width, height } of pictures) {
        const page = await browser.newPage({
            viewport: { width, height },
            deviceScaleFactor: 1.5,
            locale: 'en-US'
        });
        page.on('pageerror', (error) => {
            throw error;
        });
        await page.goto(`http://127.0.0.1:${server.address().port}/index.html?component=${component}`);
        await page.waitForSelector('dl');
        await page.waitForLoadState('networkidle');
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (wide > 0) throw new Error(`${name} is ${wide} px wider than ${width} px`);
        await page.locator('body').screenshot({ path: join(images, `${name}.png`) });
        console.log(`docs/images/${name}.png`);
        await page.close();
    }
} finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true });
}
