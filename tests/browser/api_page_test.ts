/** The metrics' page: real requests are counted, ranges are in the address, and the figures agree with the server's. */
import assert from "node:assert/strict";
import { becomes, eventually, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const PHONE = { width: 380, height: 800 };

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`metrics page in ${colorScheme} colours: counts, times and types of real requests`, async () => {
    await visit({ context: { colorScheme } }, async ({ server, page, go, picture }) => {
      for (let i = 0; i < 12; i++) await server.post({ type: "list_tasks" });
      for (let i = 0; i < 3; i++) await server.post({ type: "get_task_status", task_id: "nobody" });
      await go("/server/api");
      const usage = page.getByRole("region", { name: "Requests by type" });
      const types = usage.getByRole("listitem");
      await types.filter({ hasText: /^list_tasks1[2-9]/ }).waitFor();
      await types.filter({ hasText: /^get_task_status3/ }).waitFor();
      await eventually(async () => {
        const counts = (await types.allInnerTexts()).map((text) => Number(/\n(\d+)/.exec(text)![1]));
        assert.ok(counts.length > 2);
        assert.deepEqual(counts, counts.toSorted((a, b) => b - a), "the most used come first");
      });
      const figures = page.getByRole("list", { name: "Figures" });
      const figuresInOneLine = async () => (await figures.innerText()).replaceAll("\n", " ");
      await becomes(figuresInOneLine, /Errors \d+(\.\d)? %/);
      await becomes(figuresInOneLine, /Connections 1 now; today \(UTC\): peak 1/);
      const latency = page.getByRole("region", { name: "Response time" });
      await becomes(
        async () => (await latency.innerText()).replaceAll(/\s+/g, " "),
        /ms on average Half within [\d.]+ ms/,
      );
      await isAccessible(page);
      await picture(`metrics-${colorScheme}`);
    });
  });
}

Deno.test("metrics page: the range is in the address, a refresh counts anew, Prometheus has a link", async () => {
  await visit({}, async ({ server, page, go }) => {
    await go("/server/api?range=15m");
    const ranges = page.getByRole("group", { name: "Time range" });
    await ranges.getByRole("button", { name: "15 min", pressed: true }).waitFor();
    await page.getByText("in the last 15 min").waitFor();
    await ranges.getByRole("button", { name: "6 hours" }).click();
    await page.getByText("in the last 6 hours").waitFor();
    await page.waitForURL(/#\/server\/api\?range=6h$/);
    await server.post({ type: "request_claude_processes" });
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByText("request_claude_processes").waitFor();
    const link = await page.getByRole("link", { name: "As Prometheus text" }).getAttribute("href");
    const text = await (await fetch(new URL(link!, `${server.url}/`))).text();
    assert.match(text, /opencode_agents_requests_total\{type="request_claude_processes",outcome="ok"\} 1/);
  });
});

Deno.test("metrics page on a phone fits the screen", async () => {
  await visit({ context: { viewport: PHONE } }, async ({ page, go, picture }) => {
    await go("/server/api?range=1m");
    await page.getByRole("heading", { name: "Requests by type" }).waitFor();
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    await picture("metrics-phone");
  });
});

Deno.test("metrics page: a server that does not count says so", async () => {
  await visit({ config: { monitor: { metrics: false } } }, async ({ page, go, picture }) => {
    await go("/server/api");
    await page.getByText("METRICS_UNAVAILABLE").waitFor();
    await page.getByText(/monitor\.metrics is false/).waitFor();
    await isAccessible(page);
    await picture("metrics-off");
  });
});
