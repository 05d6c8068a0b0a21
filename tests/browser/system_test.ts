/** The machine's page: figures of now, charts that grow with what the server tells, and what it says of figures that are absent. */
import assert from "node:assert/strict";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { becomes, eventually, isAccessible, isNoWider, pointedAt, visit } from "./fixtures/browser.ts";

const config = { monitor: { resources_interval_ms: 300 } };
const PHONE = { width: 380, height: 800 };

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`system page in ${colorScheme} colours: figures of now, charts over time, nothing wrong for axe`, async () => {
    await visit({ config, context: { colorScheme } }, async ({ page, go, picture }) => {
      await go("/server/system");
      const now = page.getByRole("list", { name: "The machine now" });
      for (const name of ["Processor", "Memory", "Disk", "Network", "Load", "Processes", "Up for"]) {
        await now.getByText(name, { exact: true }).waitFor();
      }
      await picture(`system-first-${colorScheme}`);
      // Rates need two samples.
      await page.getByRole("img", { name: /^Network traffic over time\. Received: \S+ k?B\/s now/ })
        .waitFor();
      await becomes(
        () => page.getByRole("img", { name: /^Memory in use/ }).getAttribute("aria-label"),
        /In use: [\d.]+ [MG]B now, lowest [\d.]+ [MG]B, highest [\d.]+ [MG]B/,
      );
      await page.getByText(/The server keeps no history/).waitFor();
      const processor = page.getByRole("img", { name: /^Processor use/ });
      await pointedAt(page, processor, page.locator(".chart-readout time"));
      await isAccessible(page);
      await picture(`system-${colorScheme}`);
    });
  });
}

Deno.test("system page on a phone: nothing is wider than the screen, and charts take on new colours and sizes", async () => {
  await visit({ config, context: { viewport: PHONE } }, async ({ page, go, picture }) => {
    await go("/server/system");
    const chart = page.getByRole("img", { name: /^Processor use over time\. In use: \S+ % now/ });
    await chart.waitFor();
    await isNoWider(page, PHONE.width);
    await picture("system-phone");
    // While it is drawn anew, in other colours or another size, there is none for a moment.
    const width = async () => {
      const box = await chart.locator("canvas").boundingBox();
      assert.ok(box !== null && box.width > 0);
      return box.width;
    };
    let before = Infinity;
    await eventually(async () => {
      before = await width();
      assert.ok(before > 200 && before < PHONE.width, `${before}`);
    });
    await page.keyboard.press("t");
    await becomes(() => page.locator("html").getAttribute("data-theme"), "light");
    await page.setViewportSize({ width: 700, height: 800 });
    await eventually(async () => assert.ok(await width() > before + 50));
    await isNoWider(page, 700);
  });
});

Deno.test("system page: without permission to run programs, it says which figures are absent and why", async () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  await visit({ config, permissions }, async ({ page, go, picture }) => {
    await go("/server/system");
    const processes = page.getByRole("listitem").filter({ hasText: "Processes" });
    await processes.getByText("Not available").waitFor();
    await processes.getByText("the Health page says why").waitFor();
    const memory = page.getByRole("listitem").filter({ hasText: "Memory" });
    await memory.getByText(/[MG]B of [\d.]+ GB/).waitFor();
    await page.getByRole("img", { name: /^Memory in use/ }).waitFor();
    assert.equal(await page.getByRole("img", { name: /^Processes over time/ }).count(), 0);
    await isAccessible(page);
    await picture("system-without-run");
  });
});
