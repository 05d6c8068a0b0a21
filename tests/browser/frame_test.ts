/** The frame of the dashboard: what it weighs, where it comes from, where it leads, what it says when the server is gone. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { becomes, eventually, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

/** The typefaces take 89 kB of it. */
const COMPRESSED_MAX = 235_000;
/** All that the browser itself knows to have been loaded. */
const LOADED = `["navigation", "resource"]
  .flatMap((type) => performance.getEntriesByType(type))
  .map(({ name }) => name.split("#")[0])
  .sort()`;

Deno.test("dashboard: everything it loads comes from the server, compressed in less than 235 kB", async () => {
  await visit({}, async ({ server, page, go }) => {
    const loaded: { url: string; size: number }[] = [];
    page.on("requestfinished", async (request) => {
      const { responseBodySize } = await request.sizes();
      loaded.push({ url: request.url(), size: responseBodySize });
    });
    await go("/tasks");
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

Deno.test("dashboard: a policy blocks foreign scripts, and unchanged files are not sent again", async () => {
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

/** The pages that the navigation marks as the present one, at the side or under the thumb. */
const currentPages = (page: Page) =>
  page.getByRole("navigation", { name: "Pages" }).locator("[aria-current]").allInnerTexts();
const currentTab = (page: Page) =>
  page.getByRole("navigation", { name: "Server" }).locator("[aria-current]").allInnerTexts();

Deno.test("dashboard: links, deep links and the back button lead through the pages", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/server/health");
    await becomes(() => currentPages(page), ["Server"]);
    await becomes(() => currentTab(page), ["Health"]);
    await becomes(() => page.title(), "Health · opencode-agents");
    await page.getByRole("link", { name: "Logs" }).click();
    await page.waitForURL(/#\/server\/logs$/);
    await becomes(() => currentTab(page), ["Logs"]);
    await page.keyboard.press("]");
    await page.waitForURL(/#\/server\/limits$/);
    await page.goBack();
    await page.goBack();
    await page.waitForURL(/#\/server\/health$/);
    await becomes(() => currentTab(page), ["Health"]);
    await page.getByRole("link", { name: "Schedules" }).click();
    await becomes(() => currentPages(page), ["Schedules"]);
    await page.getByRole("link", { name: "Server" }).click();
    await becomes(() => currentTab(page), ["Health"]);
  });
});

const MOVED = {
  "/": "/tasks",
  "/?q=parser&view=list": "/tasks?q=parser&view=list",
  "/graph": "/tasks?view=graph",
  "/graph?focus=one&all=1": "/tasks?view=graph&focus=one&all=1",
  "/logs?agent=one&level=warn": "/server/logs?agent=one&level=warn",
  "/system": "/server/system",
  "/health": "/server/health",
  "/limits?client=127.0.0.1": "/server/limits?client=127.0.0.1",
  "/metrics?range=15m": "/server/api?range=15m",
  "/server": "/server/health",
  "/never/was": "/tasks",
};

Deno.test("dashboard: old addresses redirect to the new ones, and the back button skips them", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/schedules");
    for (const [old, now] of Object.entries(MOVED)) {
      await page.evaluate(`location.hash = ${JSON.stringify(old)}`);
      await becomes(() => new URL(page.url()).hash, `#${now}`);
      await page.goBack();
      await becomes(() => new URL(page.url()).hash, "#/schedules");
    }
  });
});

Deno.test("dashboard: keys open pages and are listed; they are off while the user types and when switched off", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/tasks");
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keyboard" });
    await help.waitFor();
    await isAccessible(page);
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
    for (
      const [key, place] of [["s", "schedules"], ["a", "agents"], ["v", "server/health"], ["t", "tasks"]]
    ) {
      await page.keyboard.press("g");
      await page.keyboard.press(key!);
      await page.waitForURL((url) => url.hash === `#/${place}`);
    }
    await page.keyboard.press("c");
    await page.waitForURL(/#\/new$/);
    const field = page.getByLabel("What to do");
    await field.fill("");
    await field.pressSequentially("gs?");
    await becomes(() => field.inputValue(), "gs?");
    await becomes(() => page.url(), /#\/new$/);

    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await help.getByLabel("Single-key shortcuts are on").uncheck();
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.getByRole("button", { name: "Keys (?)" }).click();
    await help.getByLabel("Single-key shortcuts are on").check();
    await page.keyboard.press("Escape");
    await becomes(() => page.url(), /#\/new$/);
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.waitForURL(/#\/tasks$/);
  });
});

Deno.test("dashboard: the slash searches the page, or the tasks if the page has no search", async () => {
  await visit({}, async ({ server, page, go }) => {
    await server.post({
      type: "start_task",
      task: { id: "one", type: "testing", priority: "low", description: "The only one" },
    });
    await go("/schedules");
    await page.keyboard.press("/");
    await page.waitForURL(/#\/tasks$/);
    await page.locator("input[type=search]:focus").waitFor();
    await page.getByRole("searchbox", { name: "Search tasks" }).fill("only");
    await page.waitForURL(/#\/tasks\?q=only$/);
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`dashboard in ${colorScheme} colors: a rail of icons at 1024, tabs under the thumb at 390`, async () => {
    await visit({ context: { colorScheme } }, async ({ page, go, picture }) => {
      await page.setViewportSize({ width: 1024, height: 800 });
      await go("/agents");
      const side = page.getByRole("banner");
      await becomes(async () => (await side.boundingBox())!.width, 48);
      // The names are there for those who listen.
      await side.getByRole("link", { name: "Schedules" }).click();
      await page.waitForURL(/#\/schedules$/);
      await isNoWider(page, 1024);
      await isAccessible(page);
      await picture(`frame-1024-${colorScheme}`);

      await page.setViewportSize({ width: 390, height: 844 });
      await side.waitFor({ state: "hidden" });
      const tabs = page.getByRole("navigation", { name: "Pages" });
      await becomes(async () => (await tabs.innerText()).split("\n"), [
        "Tasks",
        "New task",
        "Agents",
        "More",
      ]);
      await tabs.getByRole("button", { name: "More" }).click();
      const more = page.getByRole("dialog", { name: "More" });
      await isAccessible(page);
      await picture(`frame-390-more-${colorScheme}`);
      await more.getByRole("link", { name: "Server" }).click();
      await more.waitFor({ state: "detached" });
      await becomes(() => currentTab(page), ["Health"]);
      await isNoWider(page, 390);
      await isAccessible(page);
    });
  });
}

Deno.test("dashboard: it uses its own typefaces, with tabular numerals only in figures", async () => {
  await visit({}, async ({ page, go }) => {
    await go("/server/health");
    await page.getByText("Changes are stored").waitFor();
    const isLoaded = (font: string) =>
      page.evaluate<boolean>(`document.fonts.check(${JSON.stringify(font)})`);
    await becomes(() => isLoaded('13px "Inter Variable"'), true);
    await becomes(
      () => page.evaluate<string>("getComputedStyle(document.body).fontVariantNumeric"),
      "normal",
    );
    await becomes(
      () => page.evaluate<string>("getComputedStyle(document.querySelector('.figure')).fontVariantNumeric"),
      "tabular-nums",
    );
  });
});

Deno.test("dashboard: it says that the server is gone, and recovers when it returns", async () => {
  await visit({}, async ({ server, page, go, complaints }) => {
    await go("/tasks");
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
