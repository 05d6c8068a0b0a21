import { chromium } from "playwright-core";
import { launchOptions } from "./scripts/test_browser.ts";
const out = "/tmp/t/breakB/shots"; await Deno.mkdir(out, { recursive: true });
const b = await chromium.launch(await launchOptions());
const steps = (await import(Deno.args[0]!)).default;
for (const [w, h] of [[1440, 900], [390, 844]]) {
  const page = await (await b.newContext({ viewport: { width: w!, height: h! } })).newPage();
  page.on("pageerror", (e) => console.log("PAGEERROR", e.message)); page.on("console", (m) => { if (m.type() === "error") console.log("CONSOLE", m.text()); });
  await steps(page, async (name: string) => { await page.waitForTimeout(900); await page.screenshot({ path: `${out}/${name}_${w}.png`, fullPage: true }); const over = await page.evaluate("document.documentElement.scrollWidth > innerWidth"); if (over) console.log("OVERFLOW", name, w); }, w);
}
await b.close();
