/** The graph of dependencies: live, in pictures and in words, moved and zoomed, with 500 tasks too. */
import assert from "node:assert/strict";
import { timeLimit } from "../fixtures/time_limit.ts";
import type { Page } from "playwright-core";
import { demoTasks } from "../../src/boot/demo.ts";
import { type TestServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import {
  atRest,
  becomes,
  eventually,
  isAccessible,
  isNoWider,
  visit,
  type VisitOptions,
} from "./fixtures/browser.ts";

const DEMO_AGENT = new URL("../fixtures/demo_agent_main.ts", import.meta.url).pathname;
const LIMITS = { enabled: false };
const STEP_MS = timeLimit(250);
const DEMO: VisitOptions = {
  config: {
    agents: {
      demo: { protocol: "acp", command: [Deno.execPath(), "run", "-A", DEMO_AGENT], pass_env: ["DENO_DIR"] },
    },
    tasks: { default_agent: "demo" },
    limits: LIMITS,
  },
};
const SHELL: VisitOptions = {
  config: {
    agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
    tasks: { default_agent: "sh", max_concurrent: 1 },
    limits: LIMITS,
  },
};

async function start(server: TestServer, tasks: readonly Record<string, unknown>[]): Promise<void> {
  for (const task of tasks) {
    const { reply } = await server.post({ type: "start_task", task });
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
  }
}

const task = (id: string, prompt: string, dependencies: string[] = []) => ({
  id,
  type: "testing",
  priority: "medium",
  description: `Task ${id}`,
  dependencies,
  execution: { prompt, max_attempts: 1 },
});

const node = (page: Page, id: string) => page.locator(`.graph-node[href="#/tasks/${id}"]`);
/** A level one has no height, so it is never visible to Playwright. */
const edges = (page: Page) =>
  page.locator(".graph-edge").evaluateAll((paths) =>
    paths.map((path) => `${path.getAttribute("data-from")} > ${path.getAttribute("data-to")}`).sort()
  );

Deno.test("graph: without dependencies, the page says how to create them", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    await go("/tasks?view=graph");
    await page.getByText("No tasks yet").waitFor();
    await picture("graph-empty");
    await isAccessible(page);
    await start(server, [task("alone", "true")]);
    await page.getByText("No task waits for another").waitFor();
    await page.getByLabel("Include tasks without dependencies").check();
    await node(page, "alone").waitFor();
  });
});

Deno.test("graph: the demo's workflow, live from its first task to its last", async () => {
  await visit(DEMO, async ({ server, page, go, picture }) => {
    await go("/tasks?view=graph");
    const tasks = demoTasks(Date.now());
    const [research, feature, docs, tests, release] = tasks.map(({ id }) => id);
    await start(server, tasks);
    await node(page, research!).and(page.locator(".status-running")).waitFor();
    const arrows = [
      `${research} > ${feature}`,
      `${research} > ${docs}`,
      `${feature} > ${tests}`,
      `${tests} > ${release}`,
      `${docs} > ${release}`,
    ].sort().join();
    await becomes(async () => (await edges(page)).join(), arrows);
    // Progress as it comes.
    await node(page, feature!).locator(".graph-status", { hasText: /^Running [1-9]\d* %$/ }).waitFor();
    await page.locator(`.graph-edge.is-done[data-from="${research}"]`).first().waitFor({ state: "attached" });
    await picture("graph-live");
    await isAccessible(page);
    await node(page, release!).and(page.locator(".status-completed")).waitFor({ timeout: 180_000 });
    await becomes(() => page.locator(".graph-edge.is-done").count(), 5);
    await page.getByRole("listitem").filter({ hasText: "Release it" }).getByText(`Waits for ${tests}`)
      .waitFor();
    await node(page, release!).click();
    await page.waitForURL(new RegExp(`/tasks/${release}$`));
  });
});

Deno.test("graph: a failed dependency is shown; filters by status and neighborhood narrow the graph", async () => {
  await visit({ ...SHELL, context: { colorScheme: "dark" } }, async ({ server, page, go, picture }) => {
    await start(server, [
      task("broken", "exit 1"),
      task("after_it", "true", ["broken"]),
      task("slow", "sleep 600"),
      task("later", "true", ["slow"]),
      task("last", "true", ["later"]),
    ]);
    await go("/tasks?view=graph");
    await node(page, "after_it").and(page.locator(".status-failed")).waitFor();
    await page.locator('.graph-edge.is-failed[data-from="broken"][data-to="after_it"]').waitFor({
      state: "attached",
    });
    await becomes(() => node(page, "after_it").getAttribute("aria-label"), /broken did not complete/);
    await page.getByText("It failed because broken did not complete.").waitFor();
    await node(page, "slow").and(page.locator(".status-running")).waitFor();
    await picture("graph-failed-dark");
    await isAccessible(page);

    await page.getByRole("button", { name: "Failed 2" }).click();
    await page.waitForURL(/status=failed/);
    await node(page, "slow").waitFor({ state: "detached" });
    await becomes(() => page.locator(".graph-node").count(), 2);
    await page.getByRole("button", { name: "Failed 2" }).click();
    await node(page, "slow").waitFor();

    await page.getByLabel("Show only what is connected to a task").focus();
    await page.keyboard.type("later");
    await page.getByRole("option", { name: /later/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/focus=later/);
    await node(page, "broken").waitFor({ state: "detached" });
    await becomes(() => page.locator(".graph-node").count(), 3);
    await page.getByRole("button", { name: /Around later/ }).click();
    await node(page, "broken").waitFor();
    await page.getByRole("link", { name: "Show only what is connected to after_it" }).click();
    await page.waitForURL(/focus=after_it/);
    await node(page, "slow").waitFor({ state: "detached" });
  });
});

Deno.test("graph: mouse and keys move and zoom it, and a drag is not a click", async () => {
  await visit(SHELL, async ({ server, page, go }) => {
    await start(server, [task("first", "sleep 600"), task("second", "true", ["first"])]);
    await go("/tasks?view=graph");
    await node(page, "second").waitFor();
    const where = async () => {
      const box = await node(page, "second").boundingBox();
      assert.ok(box);
      return box;
    };
    const near = (is: number, wanted: number) => assert.ok(Math.abs(is - wanted) < 2, `${is}, not ${wanted}`);
    const first = await atRest(page, where);
    await page.mouse.move(first.x + 20, first.y + 20);
    await page.mouse.down();
    await page.mouse.move(first.x + 70, first.y + 60, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => {
      const dragged = await where();
      near(dragged.x, first.x + 50);
      near(dragged.y, first.y + 40);
    });
    await atRest(page, where);
    assert.match(page.url(), /#\/tasks\?view=graph$/);
    await page.mouse.wheel(0, -120);
    await until(async () => (await where()).width > first.width * 1.1);
    await page.getByRole("button", { name: "Show the whole graph" }).click();
    await eventually(async () => near((await where()).x, first.x));
    await page.locator(".graph-box-scroll").focus();
    await page.keyboard.press("ArrowRight");
    await eventually(async () => near((await where()).x, first.x - 80));
    await page.keyboard.press("-");
    await until(async () => (await where()).width < first.width * .9);
    await page.keyboard.press("0");
    await eventually(async () => near((await where()).x, first.x));
    await page.keyboard.press("Tab");
    await page.locator(".graph-node:focus").waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/tasks\/(first|second)$/);
  });
});

Deno.test("graph: 500 tasks are drawn within seconds and move without delay", async () => {
  await visit(SHELL, async ({ server, page, go, picture }) => {
    const tasks = Array.from({ length: 500 }, (_, i) => {
      const others = i === 0 ? [] : [Math.floor(i / 3), Math.max(0, i - 40)].map((other) => `t${other}`);
      return task(`t${i}`, "sleep 600", [...new Set(others)]);
    });
    const socket = await server.connect();
    for (let at = 0; at < tasks.length; at += 50) {
      const requests = tasks.slice(at, at + 50).map((task) => ({ type: "start_task", task }));
      assert.equal((await socket.request({ type: "batch", requests })).type, "batch_result");
    }
    await go("/tasks?view=graph");
    await node(page, "t499").waitFor();
    await becomes(() => page.locator(".graph-node").count(), 500);
    // What takes long is a frame, not the move: the time of a dozen of them is the page's own.
    const took = await page.evaluate<number>(`(async () => {
      const box = document.querySelector(".graph-box-scroll");
      const begun = performance.now();
      for (let i = 0; i < 12; i++) {
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowLeft", bubbles: true }));
        await new Promise(requestAnimationFrame);
      }
      return (performance.now() - begun) / 12;
    })()`);
    assert.ok(took < STEP_MS, `${took} ms for a step`);
    await page.getByRole("button", { name: "Show the whole graph" }).click();
    await picture("graph-500");
    await isAccessible(page);
  });
});

Deno.test("graph: it fits on a phone and follows a finger", async () => {
  const context = { viewport: { width: 380, height: 800 }, hasTouch: true, isMobile: true };
  await visit({ ...SHELL, context }, async ({ server, page, go, picture }) => {
    await start(server, [
      task("first", "sleep 600"),
      task("second", "true", ["first"]),
      task("third", "true", ["first"]),
    ]);
    await go("/tasks?view=graph");
    await node(page, "second").waitFor();
    await picture("graph-phone");
    await isAccessible(page);
    await isNoWider(page, 380);
    const before = (await atRest(page, () => node(page, "first").boundingBox()))!;
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", x?: number, y?: number) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: x === undefined || y === undefined ? [] : [{ x, y }],
      });
    const { x, y } = (await page.locator(".graph-box-scroll").boundingBox())!;
    await touch("touchStart", x + 100, y + 150);
    for (const step of [10, 20, 30]) await touch("touchMove", x + 100 + step, y + 150);
    await touch("touchEnd");
    await until(async () => ((await node(page, "first").boundingBox())?.x ?? 0) > before.x + 25);
  });
});
