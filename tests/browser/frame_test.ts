/** The frame of the dashboard: what it weighs, where it comes from, where it leads, what it says when the server is gone. */
import assert from "node:assert/strict";
import { becomes, eventually, isAccessible, visit } from "./fixtures/browser.ts";

const COMPRESSED_MAX = 200_000;
/** All that the browser itself knows to have been loaded. */
const LOADED = `["navigation", "resource"]
  .flatMap((type) => performance.getEntriesByType(type))
  .map(({ name }) => name.split("#")[0])
  .sort()`;

Deno.test("dashboard: everything it loads comes from the server, compressed in less than 200 kB", async () => {
  await visit({}, async ({ server, page, go }) => {
    const loaded: { url: string; size: number }[] = [];
    page.on("requestfinished", async (request) => {
      const { responseBodySize } = await request.sizes();
      loaded.push({ url: request.url(), size: responseBodySize });
    });
    await go("/");
    await page.waitForLoadState("networkidle");
    await eventually(async () => {
      assert.deepEqual(loaded.map(({ url }) => url).sort(), await page.evaluate(LOADED));
    });
    assert.ok(loaded.some(({ url }) => url.endsWith("/assets/main.js")));
    assert.deepEqual(loaded.filter(({ url }) => !url.startsWith(server.url)), []);
    const total = loaded.reduce((sum, { size }) => sum + size, 0);
    assert.ok(total > 20_000 && total < COMPRESSED_MAX, `${total} bytes`);
  });
});

Deno.test("dashboard: a policy keeps foreign scripts out, and what did not change is not sent again", async () => {
  await visit({}, async ({ server }) => {
    const first = await fetch(`${server.url}/`);
    assert.match(first.headers.get("content-security-policy")!, /default-src 'none'; script-src 'self'/);
    assert.match(first.headers.get("content-security-policy")!, /frame-ancestors 'none'/);
    await first.body?.cancel();
    const etag = first.headers.get("etag")!;
    for (const known of [etag, `"other", ${etag}`, "*"]) {
      const again = await fetch(`${server.url}/`, { headers: { "if-none-match": known } });
      assert.equal(again.status, 304, known);
      assert.equal(again.headers.get("etag"), etag);
      assert.match(again.headers.get("content-security-policy")!, /default-src 'none'/);
    }
    const changed = await fetch(`${server.url}/`, { headers: { "if-none-match": '"other"' } });
    assert.equal(changed.status, 200);
    await changed.body?.cancel();
    const missing = await fetch(`${server.url}/assets/none.js`);
    assert.equal(missing.status, 404);
    await missing.body?.cancel();
  });
});

Deno.test("dashboard: links, deep links and the back button lead through the pages", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/health");
    const current = page.locator("nav a[aria-current]");
    await becomes(() => current.allInnerTexts(), ["Health"]);
    await page.getByRole("link", { name: "Logs" }).click();
    await page.waitForURL(/#\/logs$/);
    await becomes(() => current.allInnerTexts(), ["Logs"]);
    await page.goBack();
    await page.waitForURL(/#\/health$/);
    await becomes(() => current.allInnerTexts(), ["Health"]);
  });
});

Deno.test("dashboard: keys open pages and tell what they do, but not while one types", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
    await isAccessible(page);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("n");
    await page.waitForURL(/#\/new$/);
  });
});

Deno.test("dashboard: it says that the server is gone, and comes back with it", async () => {
  await visit({}, async ({ server, page, go, complaints }) => {
    await go("/");
    await page.getByText("No tasks yet").waitFor();
    const port = new URL(server.url).port;
    await server.stop("SIGKILL");
    await page.getByText("No connection to the server").waitFor();
    await server.start(["--port", port]);
    await page.getByText("No connection to the server").waitFor({ state: "hidden", timeout: 60_000 });
    const { reply } = await server.post({
      type: "start_task",
      task: { id: "after", type: "testing", priority: "low", description: "Started after the restart" },
    });
    assert.equal(reply.type, "task_started");
    await page.getByText("Started after the restart").first().waitFor();
    // Refused connections are what the browser itself complains of.
    complaints.length = 0;
  });
});
