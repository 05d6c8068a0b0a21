/** Logs: real tasks' lines seen live, found, filtered, followed and paged; long ones; over a restart of the server. */
import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { DEMO_COMMAND } from "../agents/fixtures/acp_run.ts";
import { type TestServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { timeLimit } from "../fixtures/time_limit.ts";
import {
  atRest,
  becomes,
  eventually,
  isAccessible,
  isNoWider,
  visit,
  type VisitOptions,
} from "./fixtures/browser.ts";

const PHONE = { width: 380, height: 800 };
const CONFIG = {
  agents: {
    demo: { protocol: "acp", command: DEMO_COMMAND },
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
  },
  tasks: { default_agent: "sh", max_concurrent: 4, permissions: "allow" },
  limits: { enabled: false },
};
const options = (more: Partial<VisitOptions> = {}): VisitOptions => ({ config: CONFIG, ...more });

async function start(server: TestServer, id: string, prompt: string): Promise<void> {
  const { reply } = await server.post({
    type: "start_task",
    task: {
      id,
      type: "feature",
      priority: "medium",
      description: `Do what ${id} is about`,
      execution: { agent: /^demo:/.test(prompt) ? "demo" : "sh", prompt },
    },
  });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

async function ended(server: TestServer, task_id: string): Promise<void> {
  await until(async () => {
    const { reply } = await server.post({ type: "get_task_status", task_id });
    return /completed|failed|cancelled/.test(String((reply.task as { status: string })?.status));
  });
}

const line = (page: Page, text: string | RegExp) => page.locator(".log-line", { hasText: text });
const chip = (page: Page, level: string) =>
  page.getByRole("group", { name: "Levels" }).getByRole("button", { name: new RegExp(`^${level}`, "i") });

/** A build as a terminal shows it. */
const BUILD = String.raw`printf '\033[1mBuilding\033[0m the \033[36mparser\033[0m\n'
printf '\033[32m✓\033[0m lexer \033[2m12 ms\033[0m\n\033[32m✓\033[0m grammar \033[2m41 ms\033[0m\n'
printf '\033[31m✗ printer\033[0m: \033[33mexpected\033[0m 3, \033[38;5;208mgot 4\033[0m\n' >&2
printf '\033[2Kprogress 10%%\rprogress 100%%\n\033]0;title\007\033[41;97m FAIL \033[0m 1 of 3\n'
printf '{"file":"src/parser.ts","passed":2}\n'
`;

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`logs page in ${colorScheme} colours: a new server, then lines of tasks at work, as a terminal shows them`, async () => {
    await visit(options({ context: { colorScheme } }), async ({ server, page, go, picture }) => {
      await go("/server/logs?text=nothing+of+the+kind");
      await page.getByText("No line matches").waitFor();
      await isAccessible(page);
      await picture(`logs-empty-${colorScheme}`);

      await go("/server/logs");
      await line(page, "Listening on").waitFor();
      await start(server, "build", BUILD);
      await start(server, "agent", "demo:steps=3 demo:delay=50 Write the parser");
      await line(page, "FAIL").waitFor();
      await becomes(() => line(page, "FAIL").locator(".log-message").innerText(), " FAIL  1 of 3");
      await becomes(() => line(page, "progress").locator(".log-message").innerText(), "progress 100%");
      await becomes(() => page.locator(".ansi-fg", { hasText: "parser" }).count(), 1);
      await line(page, "All 3 steps are done").waitFor();
      await line(page, "lexer").getByRole("button", { name: "Open line" }).click();
      await line(page, "lexer").getByText("task_id").waitFor();
      await isAccessible(page);
      await picture(`logs-busy-${colorScheme}`);
      await line(page, "grammar").getByRole("link", { name: "build" }).click();
      await page.waitForURL(/#\/tasks\/build\?tab=log$/);
    });
  });
}

Deno.test("logs page: levels, text, task, source and details are filtered by the server, and are in the address", async () => {
  await visit(options(), async ({ server, page, go }) => {
    await start(server, "one", "echo apple; echo pear; echo apple pie >&2");
    await start(server, "two", "echo apple; echo done; exit 3");
    await Promise.all([ended(server, "one"), ended(server, "two")]);
    await go("/server/logs");
    await line(page, "pear").waitFor();
    await page.getByLabel("Message contains").fill("APPLE");
    await page.waitForURL(/text=APPLE/);
    await page.getByText(/^3 lines of \d+$/).waitFor();
    await becomes(() => page.locator(".log-line").count(), 3);

    const warnings = chip(page, "warn");
    await becomes(() => warnings.innerText(), /1$/);
    await warnings.click();
    await page.waitForURL(/level=warn/);
    await page.getByText(/^1 line of/).waitFor();
    await becomes(() => page.locator(".log-line").count(), 1);
    // What is not shown is counted all the same.
    await becomes(() => chip(page, "info").innerText(), /2$/);
    await warnings.click();
    await page.waitForURL((url) => !url.href.includes("level"));
    await page.getByText(/^3 lines of/).waitFor();

    await page.getByRole("combobox", { name: "Task or component" }).fill("two");
    await page.getByRole("option", { name: /two/ }).click();
    await page.waitForURL(/agent=two/);
    await page.getByText(/^1 line of/).waitFor();
    await page.getByRole("button", { name: "Without two" }).click();
    await page.getByText(/^3 lines of/).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await line(page, "pear").waitFor();

    await page.getByLabel("Details contain").fill('"exit_code":3');
    await page.waitForURL(/details=/);
    await line(page, "pear").waitFor({ state: "detached" });
    await line(page, /exit|failed|ended/i).first().waitFor();
    await page.getByLabel("Details contain").fill("");
    await line(page, "pear").waitFor();
    await page.getByLabel("Source").fill("stderr");
    await page.waitForURL(/source=stderr/);
    await page.getByText(/^1 line of/).waitFor();

    // A link alone brings the same; the levels that it leaves out are counted, too.
    await go("/server/logs?agent=one,two&level=info&text=apple&range=1h");
    await page.getByText(/^2 lines of/).waitFor();
    await becomes(() => chip(page, "warn").innerText(), /1$/);
    await becomes(() => page.getByLabel("Time").inputValue(), "1h");
    await go("/server/logs?range=custom&to=2020-01-01T00:00:00.000Z");
    await page.getByText("Nothing was written in this time range").waitFor();
    await page.getByLabel("To", { exact: true }).fill("2999-01-01T00:00:00");
    await page.keyboard.press("Tab");
    await line(page, "pear").waitFor();
  });
});

Deno.test("logs page: a typed filter stays as typed, and a late change does not lead back to the page", async () => {
  await visit(options(), async ({ server, page, go }) => {
    await start(server, "one", "echo apple; echo apple pie");
    await ended(server, "one");
    await go("/server/logs?agent=one");
    const field = page.getByLabel("Message contains");
    await field.pressSequentially("apple ");
    await page.waitForURL(/text=apple$/);
    await page.getByText(/^2 lines of/).waitFor();
    await field.pressSequentially("pie");
    await becomes(() => field.inputValue(), "apple pie");
    await page.getByText(/^1 line of/).waitFor();
    // Another page's address is there before the field is gone.
    await page.evaluate(`{
      const field = document.getElementById("log-text");
      field.value = "late";
      location.hash = "/server/health";
      field.blur();
    }`);
    await page.getByRole("link", { name: "Health" }).and(page.locator("[aria-current]")).waitFor();
    await page.waitForURL(/#\/server\/health$/);
  });
});

/** Lines that come one by one for as long as the test wants. */
const TICKS = "i=0; while :; do i=$((i+1)); echo tick $i of many; sleep 0.05; done";

const scrollTop = (page: Page) =>
  page.locator(".log-list").evaluate<number, { scrollTop: number }>((list) => list.scrollTop);

async function isAtEnd(page: Page): Promise<boolean> {
  return await page.locator(".log-list").evaluate<
    boolean,
    { scrollHeight: number; clientHeight: number; scrollTop: number }
  >(
    ({ scrollHeight, clientHeight, scrollTop }) => scrollHeight - clientHeight - scrollTop < 5,
  );
}

Deno.test("log: it follows the end, stops while the user reads further up, and resumes with a key", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "ticks", TICKS);
    await go("/server/logs?agent=ticks");
    await line(page, "tick 60 of many").waitFor();
    const follow = page.getByRole("button", { name: "Follow" });
    await becomes(() => follow.getAttribute("aria-pressed"), "true");
    await until(() => isAtEnd(page));

    await page.locator(".log-list").hover();
    await page.mouse.wheel(0, -400);
    await page.waitForURL(/follow=0/);
    await becomes(() => follow.getAttribute("aria-pressed"), "false");
    const unseen = page.getByRole("button", { name: /new lines?$/ });
    await unseen.waitFor();
    // What the wheel has begun goes on for a while; from then on lines come, and nothing moves.
    const top = await atRest(page, () => scrollTop(page));
    const newLines = async () => Number.parseInt(await unseen.innerText());
    const before = await newLines();
    await until(async () => await newLines() >= before + 10);
    assert.equal(await scrollTop(page), top);
    await picture("log-paused");
    await unseen.click();
    await page.waitForURL((url) => !url.href.includes("follow"));
    await until(() => isAtEnd(page));
    await unseen.waitFor({ state: "detached" });

    await page.keyboard.press("f");
    await page.waitForURL(/follow=0/);
    await unseen.waitFor();
    await page.keyboard.press("f");
    await unseen.waitFor({ state: "detached" });
    await until(() => isAtEnd(page));
    // Scrolled back to the end by hand, it is followed again.
    await page.locator(".log-list").hover();
    await page.mouse.wheel(0, -300);
    await unseen.waitFor();
    await page.mouse.wheel(0, 100_000);
    await unseen.waitFor({ state: "detached" });
    await server.post({ type: "cancel_task", task_id: "ticks" });
  });
});

Deno.test("log: search hits are marked, and keys move between them", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(
      server,
      "find",
      String.raw`for i in $(seq 300); do printf "line $i \033[32mof the\033[0m log\n"; done; echo last`,
    );
    await ended(server, "find");
    await go("/server/logs?agent=find");
    await line(page, "last").waitFor();
    const find = page.getByLabel("Find in the loaded lines");
    await find.fill("7 OF THE LOG");
    const hits = page.locator(".log-hits");
    await becomes(() => hits.innerText(), "– / 30");
    await find.press("Enter");
    const current = page.locator(".log-current .log-message");
    await becomes(() => current.innerText(), /^line \d*7 of the log$/);
    const first = await current.innerText();
    // Over the border between colours, in as many marks.
    await becomes(() => page.locator(".log-current mark").allInnerTexts(), ["7 ", "of the", " log"]);
    await picture("log-found");
    await isAccessible(page);
    await find.press("Shift+Enter");
    await page.locator(".log-current", { hasNotText: first }).waitFor();
    await find.press("Enter");
    await becomes(() => current.innerText(), first);
    await find.press("Escape");
    await hits.waitFor({ state: "detached" });
    await becomes(() => page.locator("mark").count(), 0);

    await go("/server/logs?agent=find&find=line+29");
    await hits.waitFor();
    await page.locator(".log-list").focus();
    await page.keyboard.press("n");
    await current.waitFor();
    const [second] = [await current.innerText()];
    await page.keyboard.press("N");
    await page.locator(".log-current", { hasNotText: second }).waitFor();
    await becomes(() => hits.innerText(), "1 / 11");
    assert.ok(page.url().includes("/logs"), "`n` is the next hit, not a new task");
  });
});

const numbersSeen = async (page: Page) =>
  (await page.locator(".log-kind-stdout .log-message").allInnerTexts()).map(Number);

Deno.test("log: with 100,000 lines, its end opens at once; its start, searches and older pages load promptly", async () => {
  await visit(options(), async ({ server, page, go, picture, complaints }) => {
    // Seen live from its first line, all of it is in the page.
    await go("/server/logs?agent=long");
    await page.getByText("No line matches").waitFor();
    await start(server, "long", "seq 100000");
    await page.getByText(/^100,00\d lines of/).waitFor({ timeout: 300_000 });
    await line(page, "Task completed").waitFor();
    const nodes = await page.locator("*").count();
    assert.ok(nodes < 1500, `${nodes} nodes`);
    await becomes(() => page.getByText(/loaded$/).count(), 0);

    const find = page.getByLabel("Find in the loaded lines");
    const found_ms = await timed(async () => {
      await find.fill("4321");
      await page.locator(".log-hits", { hasText: "/ 20" }).waitFor();
    });
    await find.press("Enter");
    await page.locator(".log-current mark").waitFor();
    await find.fill("");
    const { longest } = await longestFrame(page, async () => {
      await page.locator(".log-list").hover();
      for (let i = 0; i < 30; i++) await page.mouse.wheel(0, -3000);
    });

    await go("/server/health");
    const opened_ms = await timed(async () => {
      await go("/server/logs?agent=long&follow=0");
      await line(page, "Task completed").waitFor();
    });
    await page.getByText("1,000 loaded").waitFor();
    await until(async () => (await numbersSeen(page)).includes(100_000));

    const start_ms = await timed(async () => {
      await page.keyboard.press("Home");
      await page.locator(".log-kind-stdout .log-message").getByText("1", { exact: true }).waitFor();
    });
    // Downwards, what follows comes by itself.
    await page.locator(".log-list").hover();
    await scrolledTo(page, 50_000, /[2-9],000 loaded/);
    const end_ms = await timed(async () => {
      await page.keyboard.press("End");
      await line(page, "Task completed").waitFor();
    });
    await page.getByText("1,000 loaded").waitFor();
    await scrolledTo(page, -100_000, /[2-9],000 loaded/);
    // What was read stays where it was, and follows what came before it without a gap.
    await scrolledTo(page, -100_000, /[3-9],000 loaded/);
    await eventually(async () => {
      const seen = (await numbersSeen(page)).sort((a, b) => a - b);
      assert.ok(seen.length > 10);
      assert.deepEqual(seen, seen.map((_, i) => seen[0]! + i));
    });
    for (const ms of [found_ms, longest, opened_ms, start_ms, end_ms]) {
      assert.ok(ms < PROMPT_MS, `${ms} ms`);
    }
    await picture("log-long");
    // A server lets go of a page that a busy machine makes slow; it came back, and nothing was missing.
    const others = complaints.filter((complaint) => !complaint.includes("reader too slow"));
    complaints.splice(0, Infinity, ...others);
  });
});

const PROMPT_MS = timeLimit(5000);

async function timed(action: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await action();
  return Math.round(performance.now() - begun);
}

async function scrolledTo(page: Page, by: number, loaded: RegExp): Promise<void> {
  await page.locator(".log-list").hover();
  await page.mouse.wheel(0, by);
  await page.getByText(loaded).waitFor();
}

/** Milliseconds between two frames while something is done: median and longest. */
async function longestFrame(
  page: Page,
  action: () => Promise<void>,
): Promise<{ median: number; longest: number }> {
  await page.evaluate(`{
    const times = globalThis.frameTimes = [];
    const next = (at) => { times.push(at); if (globalThis.frameTimes === times) requestAnimationFrame(next); };
    requestAnimationFrame(next);
  }`);
  await action();
  const times = await page.evaluate<number[]>(`{ const times = frameTimes; frameTimes = undefined; times }`);
  const gaps = times.slice(1).map((at, i) => Math.round(at - times[i]!)).sort((a, b) => a - b);
  return { median: gaps[gaps.length >> 1]!, longest: gaps.at(-1)! };
}

Deno.test("log: it continues across a server restart without gap or repetition", async () => {
  await visit(options(), async ({ server, page, go, complaints }) => {
    const port = new URL(server.url).port;
    await start(server, "before", "for i in $(seq 40); do echo before $i; done");
    await ended(server, "before");
    await go("/server/logs?text=fore+");
    await line(page, "before 40").waitFor();
    await server.stop("SIGKILL");
    await page.getByText("No connection to the server").waitFor();
    await server.start(["--port", port]);
    await start(server, "meanwhile", "for i in $(seq 40); do echo afore $i; done");
    await line(page, "afore 40").waitFor({ timeout: 120_000 });
    await start(server, "after", "for i in $(seq 5); do echo fore $i; done");
    await line(page, /fore 5$/).last().waitFor();
    await page.getByText(/^85 lines of/).waitFor();
    const seen: string[] = [];
    await page.keyboard.press("Home");
    await page.getByText("before 1", { exact: true }).waitFor();
    await page.locator(".log-list").hover();
    for (let i = 0; i < 40 && seen.length < 85; i++) {
      await atRest(page, () => scrollTop(page));
      for (const text of await page.locator(".log-message").allInnerTexts()) {
        if (!seen.includes(text)) seen.push(text);
      }
      await page.mouse.wheel(0, 200);
    }
    const numbered = (word: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${word} ${i + 1}`);
    assert.deepEqual(seen, [...numbered("before", 40), ...numbered("afore", 40), ...numbered("fore", 5)]);
    complaints.length = 0;
  });
});

Deno.test("log: it says when the limit on queries delays lines", async () => {
  const config = {
    ...CONFIG,
    limits: { log_queries_per_minute: 2, status_checks_per_minute: 10_000, messages_per_minute: 100_000 },
  };
  await visit({ config }, async ({ server, page, go }) => {
    await start(server, "limited", "echo hello");
    await ended(server, "limited");
    await go("/server/logs?agent=limited");
    await line(page, "hello").waitFor();
    for (const text of ["h", "he", "hel"]) {
      await page.getByLabel("Message contains").fill(text);
      await page.waitForURL((url) => url.href.endsWith(`text=${text}`));
    }
    await page.getByText(/limits log queries per minute/).waitFor();
    await isAccessible(page);
  });
});

Deno.test("log: lines keep their rows, wrap on request, open, and can be saved as a file", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    const long = "word ".repeat(200).trim();
    await start(server, "rows", `demo:steps=1 ${"Write it"}`);
    await start(server, "wide", `echo "${long}"; echo '{"a":{"b":[1,2,{"c":null}]}}'`);
    await Promise.all([ended(server, "rows"), ended(server, "wide")]);
    await go("/server/logs?agent=wide,rows");
    await line(page, "word word").waitFor();
    const height = async () => (await line(page, "word word").boundingBox())?.height ?? NaN;
    await until(async () => await height() > 40);
    await page.keyboard.press("w");
    await until(async () => await height() < 30);
    await page.keyboard.press("w");
    await until(async () => await height() > 40);
    await line(page, "Edit demo.md: completed").getByRole("button", { name: "Open line" }).click();
    await line(page, "Edit demo.md: completed").getByText("tool_call_id").waitFor();
    await picture("log-open");
    await page.getByTitle("Download the loaded lines").click();
    const saving = page.waitForEvent("download");
    await page.getByRole("button", { name: "As JSON lines" }).click();
    const saved = await saving;
    assert.match(saved.suggestedFilename(), /\.jsonl$/);
    const copy = await Deno.makeTempFile({ prefix: "oa-download-" });
    await saved.saveAs(copy);
    const rows = (await Deno.readTextFile(copy)).trim().split("\n").map((row) => JSON.parse(row));
    await Deno.remove(copy);
    assert.ok(rows.some(({ message }) => message === long));
    await line(page, "word word").hover();
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`logs page on a phone in ${colorScheme} colours: all of it within the width`, async () => {
    const context = { viewport: PHONE, colorScheme, reducedMotion: "reduce" as const };
    await visit(options({ context }), async ({ server, page, go, picture }) => {
      await start(server, "build_the_parser_anew_with_a_long_name", BUILD);
      await start(server, "agent", "demo:steps=3 demo:delay=50 Write the parser");
      await Promise.all([ended(server, "agent"), ended(server, "build_the_parser_anew_with_a_long_name")]);
      await go("/server/logs");
      await line(page, "All 3 steps are done").waitFor();
      await isNoWider(page, PHONE.width);
      await isAccessible(page);
      await picture(`logs-phone-${colorScheme}`);
    });
  });
}
