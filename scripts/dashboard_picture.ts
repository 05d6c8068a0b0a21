/**
 * `deno task picture`: takes the pictures of the documents again, from its own server with the built-in agent: the board, and
 * the way of one task from its changes to the bar that accepts them. Run it after each change of the dashboard's looks.
 */
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { type Client, connect } from "../src/client/client.ts";
import type { NewTask } from "../src/domain/task.ts";
import { ROOT } from "./root.ts";
import { launchOptions } from "./test_browser.ts";

const output = (name: string) => join(ROOT, "docs", `${name}.png`);
const SIZE = { width: 1280, height: 800 };
const WITHIN_MS = 60_000;

type Fields = Partial<NewTask> & { id: string; description: string };

const agent = (prompt: string) => ({ execution: { agent: "demo", prompt } });

/** One task of each kind that the board shows. */
const TASKS: Fields[] = [
  {
    id: "lint",
    type: "maintenance",
    description: "Run the linter over all packages",
    ...agent("demo:steps=2 demo:delay=0"),
  },
  {
    id: "cart_total",
    type: "bugfix",
    description: "Round the total of the cart once, at the end",
    ...agent("demo:steps=3 demo:delay=0"),
  },
  {
    id: "parser_fix",
    type: "bugfix",
    priority: "high",
    description: "Fix the failing test in src/parser: it loses the last token of a line",
    ...agent("demo:steps=5 demo:hang=3 demo:delay=0"),
  },
  {
    id: "orders_index",
    priority: "critical",
    description: "Add an index to the table of orders and write its migration",
    ...agent("demo:steps=4 demo:ask=2 demo:delay=0"),
    execution: { agent: "demo", prompt: "demo:steps=4 demo:ask=2 demo:delay=0", permissions: "ask" },
  },
  {
    id: "docs",
    type: "documentation",
    description: "Describe what has changed",
    dependencies: ["parser_fix"],
  },
  {
    id: "release_notes",
    type: "documentation",
    priority: "low",
    description: "Write the notes of the release",
    dependencies: ["docs", "orders_index"],
  },
  {
    id: "staging",
    type: "deployment",
    description: "Deploy to the staging machine",
    ...agent("demo:steps=3 demo:hang=1"),
  },
];

async function start(client: Client, fields: Fields): Promise<void> {
  const task = { type: "feature", priority: "medium", ...fields } as NewTask;
  await client.request("start_task", { task });
}

/** The address that the server prints first. */
async function addressOf(stdout: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const part of stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    const found = /listening on (\S+)\n/.exec(text);
    if (found) return found[1]!;
  }
  throw new Error(`the server ended before it listened:\n${text}`);
}

async function takePictures(url: string, client: Client): Promise<void> {
  const browser = await chromium.launch(await launchOptions());
  try {
    const page = await browser.newPage({ viewport: SIZE, colorScheme: "light" });
    page.setDefaultTimeout(WITHIN_MS);
    await takeBoard(page, url);
    await takeLoop(page, url, await reviewedTask(client));
  } finally {
    await browser.close();
  }
}

async function takeBoard(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/#/tasks`);
  await page.getByText("Asks: Edit").waitFor();
  await page.getByText("2 of 5 steps").waitFor();
  await page.getByText("Cancelled").first().waitFor();
  await page.getByRole("article").filter({ hasText: "Release it" }).getByText("2 files").waitFor();
  await take(page, "dashboard");
}

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: output(name), animations: "disabled" });
}

/** The task of the demo that writes code, once it has ended. */
async function reviewedTask(client: Client): Promise<string> {
  const { tasks } = await client.request("list_tasks", {
    filter: { description_contains: "Write a discount" },
  });
  return (await client.waitFor(tasks[0]!.id)).id;
}

/** Its changes with a comment, then the conversation with the agent's second turn, then the bar that accepts. */
async function takeLoop(page: Page, url: string, id: string): Promise<void> {
  await page.goto(`${url}/#/tasks/${id}?tab=changes`);
  const code = page.getByRole("region", { name: "lib/discount.js", exact: true });
  await code.locator(".hljs-keyword").first().waitFor();
  const bar = page.getByRole("group", { name: "What becomes of the changes" });
  await bar.getByText("ahead of main").waitFor();
  await page.keyboard.press("]");
  await page.keyboard.press("n");
  await page.keyboard.press("c");
  await page.getByRole("textbox", { name: /^Comment on line/ }).fill("Say here what this file is for.");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Send back with 1 comment" }).waitFor();
  await take(page, "loop_changes");

  await page.keyboard.press("Shift+S");
  await page.getByRole("textbox", { name: "What shall change" }).fill("Nearly there.");
  await page.keyboard.press("Control+Enter");
  await page.getByText(/^Turn 2, /).waitFor();
  await page.locator(".task-state .badge", { hasText: "To review" }).waitFor();
  await take(page, "loop_conversation");

  await page.goto(`${url}/#/tasks/${id}?tab=changes`);
  await bar.getByText("No conflicts").waitFor();
  await page.evaluate("document.fonts.ready");
  await bar.screenshot({ path: output("loop_accept"), animations: "disabled" });
}

const data = await Deno.makeTempDir({ prefix: "dashboard-picture-" });
const server = new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", "main.ts", "serve", "--demo", "--port", "0", "--data", data],
  cwd: ROOT,
  stdin: "null",
  stdout: "piped",
  stderr: "inherit",
}).spawn();
try {
  const url = await addressOf(server.stdout);
  const client = await connect(url);
  for (const task of TASKS) await start(client, task);
  await client.request("cancel_task", { task_id: "staging" });
  await takePictures(url, client);
  client.close();
} finally {
  server.kill("SIGTERM");
  await server.status;
  await Deno.remove(data, { recursive: true });
}
