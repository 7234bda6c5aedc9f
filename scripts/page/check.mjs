// Looks at a page of `-o html` in a headless browser: at two widths, light, dark and printed. Ends with 1
// where axe finds something, where the page is wider than the window, or where a link leads nowhere.
import fs from 'node:fs';
import puppeteer from 'puppeteer-core';

const [page, pictures, browser] = process.argv.slice(2);
const axe = fs.readFileSync(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const options = { executablePath: browser, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] };
const chromium = await puppeteer.launch(options).catch(reason => {
  console.error(`test: WITHOUT THE PAGE: the browser does not start: ${reason.message}`);
  process.exit(0);
});
const faults = [];
const looks = ['light', 'dark'].flatMap(scheme => [400, 1280].map(width => ({ scheme, width, media: 'screen' })));
looks.push({ scheme: 'light', width: 800, media: 'print' });
for (const { scheme, width, media } of looks) {
  const name = `${media}-${scheme}-${width}`;
  const tab = await chromium.newPage();
  await tab.setBypassCSP(true);
  await tab.emulateMediaType(media);
  await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await tab.setViewport({ width, height: 900 });
  tab.on('console', message => faults.push(`${name}: the console says ${message.text()}`));
  await tab.goto(`file://${page}`);
  const { needed, lost } = await tab.evaluate(() => ({
    needed: document.documentElement.scrollWidth,
    lost: [...document.querySelectorAll('a[href^="#"]')]
      .map(link => link.getAttribute('href').slice(1))
      .filter(id => !document.getElementById(id)),
  }));
  if (needed > width) faults.push(`${name}: the page is ${needed} pixels wide`);
  lost.forEach(id => faults.push(`${name}: no explanation of ${id}`));
  await tab.screenshot({ path: `${pictures}/${name}.png`, fullPage: true });
  await tab.evaluate(axe);
  const { violations } = await tab.evaluate(() => axe.run());
  for (const { id, nodes } of violations) faults.push(`${name}: axe: ${id} at ${nodes[0].target}`);
  await tab.close();
}
await chromium.close();
faults.forEach(fault => console.error(fault));
console.log(`page: ${looks.length} looks, ${faults.length} faults, pictures in ${pictures}`);
process.exit(faults.length ? 1 : 0);
