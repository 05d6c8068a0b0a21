/** The changes of a task in the browser: the diff by git, comments that are sent together, and what becomes of the work. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { DEMO_COMMAND } from "../agents/fixtures/acp_run.ts";
import { Repository } from "../fixtures/repository.ts";
import {
  becomes,
  isAccessible,
  isNoWider,
  type Visit,
  visit,
  type VisitOptions,
} from "./fixtures/browser.ts";

const PHONE = { width: 390, height: 844 };

/** Commands that change a repository as agents do: code, a removed line, a new file in a folder, a binary file. */
const CHANGE = [
  "printf 'export function total(prices: number[]): number {\\n  return prices.reduce((sum, price) => sum + price, 0);\\n}\\n' > src/total.ts",
  "sed -i '/line 15/d' src/long.ts",
  "mkdir -p docs && printf '# How it works\\n' > docs/how.md",
  "printf '\\000\\001' > picture.bin",
].join("\n");

const REDUCE = "added:\n+  return prices.reduce((sum, price) => sum + price, 0);";

const LONG = Array.from({ length: 30 }, (_, i) => `const line_${i + 1} = "line ${i + 1}";\n`).join("");

const FILES = { "src/total.ts": "export function total() {\n  return 0;\n}\n", "src/long.ts": LONG };

const RESOLVER = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-check",
  new URL("../fixtures/resolving_agent.ts", import.meta.url).pathname,
];

const CONFIG = {
  agents: {
    sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] },
    demo: { protocol: "acp", command: DEMO_COMMAND },
    resolver: { protocol: "acp", command: RESOLVER },
  },
  tasks: { default_agent: "sh", max_concurrent: 4, permissions: "allow" },
  limits: { enabled: false },
};
const options = (more: Partial<VisitOptions> = {}): VisitOptions => ({ config: CONFIG, ...more });

async function repositoryOf({ server }: Visit): Promise<Repository> {
  return await Repository.create(join(server.dir, "shop"), FILES);
}

async function start(
  { server }: Visit,
  id: string,
  prompt: string,
  execution = {},
  more = {},
): Promise<void> {
  const task = {
    id,
    type: "feature",
    priority: "medium",
    description: "Sum the prices",
    execution: { prompt, working_dir: join(server.dir, "shop"), isolation: "worktree", ...execution },
    ...more,
  };
  const { reply } = await server.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const badge = (page: Page, text: string) => page.locator(".task-state .badge", { hasText: text });
const file = (page: Page, path: string) => page.getByRole("region", { name: path, exact: true });
const bar = (page: Page) => page.getByRole("group", { name: "What becomes of the changes" });

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`changes in ${colorScheme} colours: the diff with its files, colors and folds, then accepted into main`, async () => {
    await visit(options({ context: { colorScheme } }), async (visit) => {
      const { page, go, picture } = visit;
      const repository = await repositoryOf(visit);
      await start(visit, "sum", CHANGE);
      await go("/tasks");
      const card = page.getByRole("region", { name: "To review 1" }).getByRole("article");
      await becomes(() => card.innerText(), /shop[\s\S]*Sum the prices[\s\S]*4 files/);
      await becomes(() => page.title(), /^\(1\)/);
      await picture(`board-review-${colorScheme}`);
      await card.getByRole("link").first().click();
      await badge(page, "To review").waitFor();
      await page.getByRole("navigation", { name: "About this task" }).getByRole("link", { name: "Changes 4" })
        .click();
      await becomes(
        () => page.getByRole("navigation", { name: "Changed files" }).innerText(),
        /docs\s+how\.md[\s\S]*picture\.bin[\s\S]*src\s+long\.ts[\s\S]*total\.ts[\s\S]*Viewed\s+0 of 4/,
      );
      const total = file(page, "src/total.ts");
      await total.locator(".hljs-keyword", { hasText: "export" }).first().waitFor();
      await becomes(
        () => total.innerText(),
        /removed:\s*-\s*return 0;[\s\S]*added:\s*\+\s*return prices\.reduce/,
      );
      await file(page, "picture.bin").getByText("A binary file").waitFor();
      await becomes(
        () => bar(page).innerText(),
        /1 commit ahead of main[\s\S]*No conflicts\. Makes one commit\./,
      );
      await isAccessible(page);
      await picture(`changes-${colorScheme}`);
      const long = file(page, "src/long.ts");
      await long.getByRole("button", { name: "11 lines" }).click();
      await long.getByText('line_1 = "line 1"').waitFor();

      await page.getByRole("button", { name: "Side by side" }).click();
      const pair = total.locator("tr", { hasText: "reduce" });
      await becomes(() => pair.locator("td").allInnerTexts(), ["2", "removed:\n-  return 0;", "2", REDUCE]);
      const [was, is] = await Promise.all([1, 3].map((cell) => pair.locator("td").nth(cell).boundingBox()));
      assert.ok(Math.abs(was!.width - is!.width) < 2, `${was!.width} and ${is!.width} px wide`);
      await isAccessible(page);
      await picture(`changes-split-${colorScheme}`);
      await pair.locator("td").nth(2).getByRole("button", { name: "Comment on line 2" }).click();
      await page.getByRole("textbox", { name: "Comment on line 2" }).fill("Why?");
      await page.keyboard.press("Control+Enter");
      await total.getByRole("group", { name: "Your comment, line 2" }).waitFor();
      await page.reload();
      await page.getByRole("button", { name: "Side by side", pressed: true }).waitFor();
      await total.getByRole("group", { name: "Your comment, line 2" }).waitFor();
      await page.setViewportSize({ width: 800, height: 800 });
      await becomes(() => total.locator("thead th").allInnerTexts(), ["Old line", "New line", "Text"]);
      await page.setViewportSize({ width: 1280, height: 800 });

      await page.keyboard.press("Shift+A");
      await page.getByText("Accepted into main").waitFor();
      await badge(page, "Accepted").waitFor();
      await becomes(async () => (await repository.git("log", "--format=%s", "main")).split("\n").length, 2);
      assert.match(await Deno.readTextFile(join(repository.path, "src/total.ts")), /reduce/);
      await bar(page).getByText("Accepted", { exact: true }).waitFor();
      assert.equal(await bar(page).getByRole("button").count(), 0);
    });
  });
}

Deno.test("changes: keys walk, comment and tick off; comments and marks are kept, and go to the agent together", async () => {
  await visit(options(), async (visit) => {
    const { page, go, picture } = visit;
    await repositoryOf(visit);
    await start(visit, "demo", "demo:steps=2 demo:delay=0 demo:file=notes.md", { agent: "demo" });
    await go("/tasks/demo?tab=changes");
    await badge(page, "To review").waitFor();
    const notes = file(page, "notes.md");
    await notes.waitFor();
    await page.keyboard.press("]");
    await page.keyboard.press("n");
    await notes.locator("tr.is-at").waitFor();
    await page.keyboard.press("c");
    await page.getByRole("textbox", { name: /^Comment on line \d/ }).waitFor();
    await page.keyboard.type("demo:steps=1 demo:file=notes.md Why this line?");
    await page.keyboard.press("Control+Enter");
    const comment = page.getByRole("group", { name: /^Your comment, line/ });
    await becomes(() => comment.innerText(), /You[\s\S]*not sent yet[\s\S]*Why this line\?/);
    await isAccessible(page);
    await picture("changes-comment");
    await page.keyboard.press("Space");
    await notes.getByRole("checkbox", { name: "Viewed", checked: true }).waitFor();
    await becomes(async () => {
      const { reply } = await visit.server.post({ type: "get_review", task_id: "demo" });
      return [(reply.comments as unknown[]).length, (reply.viewed as unknown[]).length];
    }, [1, 1]);

    await page.reload();
    await page.getByRole("button", { name: "Send back with 1 comment" }).waitFor();
    await notes.getByRole("checkbox", { name: "Viewed", checked: true }).waitFor();
    await page.keyboard.press("Shift+S");
    await page.getByRole("textbox", { name: "What shall change" }).fill("Explain it.");
    await page.keyboard.press("Control+Enter");
    const said = page.locator(".said.is-user").last();
    await becomes(
      () => said.innerText(),
      /review[\s\S]*Explain it\.[\s\S]*notes\.md[\s\S]*Why this line\?/,
    );
    await page.getByText(/^Turn 2, /).waitFor();
    await go("/tasks/demo?tab=changes");
    await page.getByRole("button", { name: "Send back", exact: false }).waitFor();
    await becomes(() => page.getByRole("button", { name: /^Send back/ }).innerText(), /^Send back(\s+⇧S)?$/);
    await page.getByRole("button", { name: "Since my review" }).waitFor();
  });
});

Deno.test("changes: a comment stays when an answer from before it arrives late", async () => {
  await visit(options(), async (visit) => {
    const { page, go } = visit;
    await repositoryOf(visit);
    await start(visit, "demo", "demo:steps=2 demo:delay=0 demo:file=notes.md", { agent: "demo" });
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    let answers = 0;
    await page.routeWebSocket(/.*/, (socket) => {
      const server = socket.connectToServer();
      socket.onMessage((message) => server.send(message));
      server.onMessage(async (message) => {
        if (String(message).includes('"type":"review"') && ++answers === 1) {
          isAsked();
          await released;
        }
        socket.send(message);
      });
    });
    await go("/tasks/demo");
    await badge(page, "To review").waitFor();
    await go("/tasks/demo?tab=changes");
    const notes = file(page, "notes.md");
    await notes.locator("tr", { hasText: "1" }).first().waitFor();
    await asked;
    await page.keyboard.press("]");
    await page.keyboard.press("n");
    await notes.locator("tr.is-at").waitFor();
    await page.keyboard.press("c");
    await page.getByRole("textbox", { name: /^Comment on line \d/ }).waitFor();
    await page.keyboard.type("Why?");
    await page.keyboard.press("Control+Enter");
    const kept = async () => {
      const { reply } = await visit.server.post({ type: "get_review", task_id: "demo" });
      return [(reply.comments as unknown[]).length, (reply.viewed as unknown[]).length];
    };
    await becomes(kept, [1, 0]);
    release();
    // The page asks again, since the answer was from before the comment.
    await becomes(() => Promise.resolve(answers > 1), true);
    await page.getByRole("group", { name: /^Your comment, line/ }).waitFor();
    await page.keyboard.press("Space");
    await notes.getByRole("checkbox", { name: "Viewed", checked: true }).waitFor();
    await becomes(kept, [1, 1]);
  });
});

Deno.test("changes: a conflict is told before and after, and nothing changes; discarded work is kept aside", async () => {
  await visit(options(), async (visit) => {
    const { page, go, picture } = visit;
    const repository = await repositoryOf(visit);
    await start(visit, "clash", CHANGE);
    await go("/tasks/clash?tab=changes");
    await badge(page, "To review").waitFor();
    await repository.commit("other", { "src/total.ts": "export const total = 1;\n" });
    const main = await repository.git("rev-parse", "main");
    await page.reload();
    await becomes(
      () => bar(page).innerText(),
      /1 commit ahead of main, 1 behind[\s\S]*1 file conflicts with main: src\/total\.ts/,
    );
    await isAccessible(page);
    await picture("changes-conflict");
    await bar(page).getByRole("button", { name: "Accept into main" }).click();
    await bar(page).getByRole("status").getByText("The work of task 'clash' conflicts with 'main'").waitFor();
    assert.equal(await repository.git("rev-parse", "main"), main);

    await repository.commit("back", { "src/total.ts": FILES["src/total.ts"], "other.ts": "1\n" });
    await page.reload();
    await bar(page).getByRole("button", { name: "Bring main in" }).click();
    await becomes(() => bar(page).innerText(), /1 commit ahead of main\n[\s\S]*No conflicts/);

    await bar(page).getByRole("button", { name: "Discard" }).click();
    const dialog = page.getByRole("dialog", { name: "Discard these changes?" });
    await dialog.getByText("The commits stay in the repository").waitFor();
    await dialog.getByRole("button", { name: "Discard" }).click();
    await badge(page, "Discarded").waitFor();
    await repository.git("rev-parse", "--verify", "refs/opencode-agents/discarded/clash");
  });
});

Deno.test("changes: where they conflict, the agent is offered first to resolve them; then they are accepted", async () => {
  await visit(options(), async (visit) => {
    const { page, go, picture } = visit;
    const repository = await repositoryOf(visit);
    await start(visit, "both", "src/total.ts: export const total = 2;", { agent: "resolver" });
    await go("/tasks/both?tab=changes");
    await badge(page, "To review").waitFor();
    await repository.commit("other", { "src/total.ts": "export const sum = 1;\n" });
    await page.reload();
    const resolve = bar(page).getByRole("button", { name: "Let the agent resolve it" });
    await resolve.waitFor();
    assert.deepEqual(await bar(page).locator("button.primary").allInnerTexts(), ["Let the agent resolve it"]);
    await isAccessible(page);
    await picture("changes-resolve");
    await resolve.click();
    await page.waitForURL(/#\/tasks\/both$/);
    await page.getByRole("article", { name: /^resolver/ }).getByText("Resolved src/total.ts").waitFor();
    await badge(page, "To review").waitFor();
    await page.getByRole("link", { name: /^Changes/ }).click();
    await becomes(() => bar(page).innerText(), /ahead of main\n[\s\S]*No conflicts/);
    await bar(page).locator("button.primary", { hasText: "Accept into main" }).click();
    await page.getByText("Accepted into main").waitFor();
    assert.equal(
      await Deno.readTextFile(join(repository.path, "src/total.ts")),
      "export const total = 2;\nexport const sum = 1;\n",
    );
  });
});

Deno.test("changes: work that builds on what was sent back is out of date, on its card, its row and its page", async () => {
  await visit(options(), async (visit) => {
    const { server, page, go, picture } = visit;
    await repositoryOf(visit);
    await start(visit, "ground", "src/total.ts: export const total = 2;", { agent: "resolver" });
    await start(visit, "house", "src/house.ts: export const floors = 2;", { agent: "resolver" }, {
      dependencies: ["ground"],
      description: "Build a house",
    });
    await go("/tasks");
    const card = page.getByRole("article").filter({ hasText: "Build a house" });
    await becomes(() => card.innerText(), /1 file/);
    assert.doesNotMatch(await card.innerText(), /Out of date/);
    await server.post({
      type: "send_message",
      task_id: "ground",
      message: "src/total.ts: export const total = 3;",
    });
    await card.getByText("Out of date: what it builds on was sent back").waitFor();
    await isAccessible(page);
    await picture("board-stale");
    await go("/tasks?view=list");
    await card.getByText("Out of date: what it builds on was sent back").waitFor();
    await go("/tasks/house?tab=changes");
    await badge(page, "Out of date").waitFor();
    await bar(page).getByText("Out of date: what it builds on was sent back").waitFor();
  });
});

Deno.test("changes: a file that is too long for its patch is drawn in parts as far as it goes, above a bar at the foot", async () => {
  await visit(options(), async (visit) => {
    const { page, go, picture } = visit;
    await repositoryOf(visit);
    const line = "s/.*/export const price_& = &; \\/\\/ generated/";
    await start(visit, "long", `printf '1\\n' > a.txt; seq 9000 | sed '${line}' > src/prices.ts`);
    await go("/tasks/long?tab=changes");
    const prices = file(page, "src/prices.ts");
    // The first file is open; a long one after it is opened by the user.
    await file(page, "a.txt").waitFor();
    const { y, height } = (await bar(page).boundingBox())!;
    assert.equal(y + height, 800);
    await prices.getByRole("button", { name: "Lines of src/prices.ts" }).click();
    const more = prices.getByRole("button", { name: /^Show 1,000 more of [\d,]+ lines$/ });
    await more.waitFor();
    await prices.getByText("The rest is left out").waitFor();
    await becomes(() => prices.locator("tr.diff-added").count(), 1000);
    await more.click();
    await becomes(() => prices.locator("tr.diff-added").count(), 2000);
    await picture("changes-long");
  });
});

Deno.test("changes on a phone: nothing is wider than the screen, and a finger finds all", async () => {
  await visit(options({ context: { viewport: PHONE, hasTouch: true } }), async (visit) => {
    const { page, go, picture } = visit;
    await repositoryOf(visit);
    await start(visit, "small", CHANGE);
    await go("/tasks/small?tab=changes");
    await file(page, "src/total.ts").waitFor();
    await bar(page).getByRole("button", { name: "Accept into main" }).waitFor();
    await isNoWider(page, PHONE.width);
    await isAccessible(page);
    for (const name of ["Discard", "Open PR", "Accept into main"]) {
      const { x, width, height } = (await bar(page).getByRole("button", { name }).boundingBox())!;
      assert.ok(height >= 44 && x + width <= PHONE.width, `${name}: ${height} px high, ends at ${x + width}`);
    }
    await picture("changes-phone");
  });
});
