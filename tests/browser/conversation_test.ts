/** The conversation with an agent in the browser: what is said, sent, taken back and kept. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { DEMO_COMMAND } from "../agents/fixtures/acp_run.ts";
import type { TestServer } from "../fixtures/server.ts";
import { becomes, isAccessible, isNoWider, visit, type VisitOptions } from "./fixtures/browser.ts";

const PHONE = { width: 390, height: 844 };
const CONFIG = {
  agents: { demo: { protocol: "acp", command: DEMO_COMMAND } },
  tasks: { default_agent: "demo", max_concurrent: 4, permissions: "allow" },
  limits: { enabled: false },
};
const options = (more: Partial<VisitOptions> = {}): VisitOptions => ({ config: CONFIG, ...more });

async function start(server: TestServer, id: string, prompt: string): Promise<void> {
  const task = { id, type: "feature", priority: "medium", description: `Do ${id}`, execution: { prompt } };
  const { reply } = await server.post({ type: "start_task", task });
  assert.equal(reply.type, "task_started", JSON.stringify(reply));
}

const badge = (page: Page, text: string) => page.locator(".task-state .badge", { hasText: text });
const said = (page: Page, text: string | RegExp) => page.getByRole("article").filter({ hasText: text });
const field = (page: Page) => page.getByRole("textbox", { name: "Message to demo" });

Deno.test("conversation: a task that has ended goes on with what is written, and each turn stands for itself", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "talk", "demo:steps=2 demo:delay=0 First");
    await go("/tasks/talk");
    await badge(page, "Completed").waitFor();
    await page.getByText(/^Turn 1, /).waitFor();
    await page.keyboard.press("m");
    await page.keyboard.type("demo:steps=1 demo:delay=0 And **then** this");
    await page.keyboard.press("Control+Enter");
    await becomes(() => field(page).inputValue(), "");
    await said(page, "And then this").locator("strong", { hasText: "then" }).waitFor();
    await page.getByText(/^Turn 2, /).waitFor();
    await badge(page, "Completed").waitFor();
    await page.getByText("Turn 2", { exact: true }).waitFor();
    await becomes(
      () => page.locator(".said.is-user, .turn-line").allInnerTexts(),
      /First[\s\S]*Turn 1,[\s\S]*And then this[\s\S]*Turn 2,/,
    );
    await isAccessible(page);
    await picture("talk-two-turns");
  });
});

Deno.test("conversation: a message waits for the turn's end, is taken back for a change, and what is typed survives a reload", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "wait", "demo:steps=3 demo:hang=2 demo:delay=0");
    await go("/tasks/wait");
    await said(page, "Step 2 of 3").waitFor();
    await field(page).fill("demo:steps=1 Then mend the tests");
    await page.getByRole("button", { name: "Send" }).click();
    const waiting = page.getByRole("list", { name: "Messages that wait" }).getByRole("listitem");
    await becomes(() => waiting.innerText(), /After this turn: “demo:steps=1 Then mend the tests”/);
    await isAccessible(page);
    await picture("talk-waiting");
    await waiting.getByRole("button", { name: "Edit" }).click();
    await waiting.waitFor({ state: "detached" });
    await becomes(() => field(page).inputValue(), "demo:steps=1 Then mend the tests");
    await page.reload();
    await becomes(() => field(page).inputValue(), "demo:steps=1 Then mend the tests");
    await page.getByRole("button", { name: "Send" }).click();
    await waiting.getByRole("button", { name: "Withdraw" }).click();
    await waiting.waitFor({ state: "detached" });
    assert.equal(await said(page, "Then mend the tests").count(), 0);
  });
});

Deno.test("conversation: a message now ends the turn and begins the next", async () => {
  await visit(options(), async ({ server, page, go }) => {
    await start(server, "now", "demo:steps=3 demo:hang=2 demo:delay=0");
    await go("/tasks/now");
    await said(page, "Step 2 of 3").waitFor();
    await page.getByRole("button", { name: "Now" }).click();
    await becomes(() => field(page).getAttribute("placeholder"), /The turn ends for it/);
    await field(page).fill("demo:steps=1 demo:delay=0 Do this at once");
    await page.getByRole("button", { name: "Send" }).click();
    await said(page, "Do this at once").waitFor();
    await badge(page, "Completed").waitFor();
    await page.getByText(/^Turn 2, /).waitFor();
  });
});

Deno.test("conversation: files go along with a message, and come back with it; one that cannot be sent keeps it back", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    await start(server, "files", "demo:steps=3 demo:hang=2 demo:delay=0");
    await go("/tasks/files");
    await said(page, "Step 2 of 3").waitFor();
    const file = (name: string, text: string) => ({
      name,
      mimeType: "text/plain",
      buffer: Buffer.from(text),
    });
    const chosen = page.locator(".composer input[type=file]");
    await chosen.setInputFiles([file("notes.txt", "remember"), file("empty.txt", "")]);
    const list = page.getByRole("list", { name: "Files of the message" });
    await becomes(
      () => list.innerText(),
      /notes\.txt\s+8 B\s+sent[\s\S]*empty\.txt\s+0 B\s+This file is empty\./,
    );
    await field(page).fill("demo:steps=1 demo:delay=0 Read them");
    await page.getByRole("button", { name: "Into it" }).click();
    await page.keyboard.press("m");
    await page.keyboard.press("Control+Enter");
    await page.getByRole("alert").getByText("Remove the files that cannot be sent.").waitFor();
    await isAccessible(page);
    await picture("talk-files");
    await list.getByRole("button", { name: "Remove empty.txt" }).click();
    await page.keyboard.press("Control+Enter");
    const waiting = page.getByRole("list", { name: "Messages that wait" }).getByRole("listitem");
    await becomes(() => waiting.innerText(), /“demo:steps=1 demo:delay=0 Read them”, with 1 file/);
    await list.waitFor({ state: "detached" });
    await waiting.getByRole("button", { name: "Edit" }).click();
    await becomes(() => list.innerText(), /notes\.txt\s+8 B\s+sent/);
    await page.getByRole("button", { name: "Now" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await said(page, "Read them").getByText("notes.txt, 8 B").waitFor();
    await badge(page, "Completed").waitFor();
  });
});

/** Written by a stranger: what it may do is be read. */
const HOSTILE = [
  "# A heading",
  "Some `code`, <b id=raw>raw</b> and ![a picture](https://example.org/p.png)",
  '<img src=x onerror="globalThis.hit = 1"><script>globalThis.hit = 1</script>',
  "[a link](https://example.org/x) [a trap](javascript:globalThis.hit=1) [a file](src/a.ts)",
  "```ts\nconst a = '<i>1</i>';\n```",
  "- [x] done\n- [ ] open",
  `|${" a |".repeat(60)}\n|${"---|".repeat(60)}\n|${" wide |".repeat(60)}`,
].join("\n\n");

Deno.test("conversation: Markdown is shown without scripts, remote pictures or raw HTML, and links leave no trace", async () => {
  await visit(options(), async ({ server, page, go, picture }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await start(server, "hostile", `demo:steps=1 demo:delay=0\n\n${HOSTILE}`);
    await go("/tasks/hostile");
    const message = page.locator(".said.is-user .md");
    await message.getByRole("heading", { name: "A heading", level: 3 }).waitFor();
    const links = await message.locator("a[href]").evaluateAll((links) =>
      (links as unknown as { getAttribute(name: string): string | null }[]).map((link) =>
        [link.getAttribute("href"), link.getAttribute("rel")].join(" ")
      )
    );
    assert.deepEqual(links, [
      "https://example.org/p.png noopener noreferrer nofollow",
      "https://example.org/x noopener noreferrer nofollow",
    ]);
    assert.equal(await message.locator("img, script, b, [onerror]").count(), 0);
    await becomes(() => message.innerText(), /<b id=raw>raw<\/b>[\s\S]*<script>/);
    await becomes(() => message.locator("pre").innerText(), /const a = '<i>1<\/i>';/);
    const font = await message.locator("pre code").evaluate((code) =>
      (globalThis as unknown as { getComputedStyle(of: unknown): { fontFamily: string } }).getComputedStyle(
        code,
      )
        .fontFamily
    );
    assert.match(font, /JetBrains Mono/);
    // A table with many columns scrolls in itself.
    const edge = async (name: string) => {
      const { x, width } = (await page.locator(name).first().boundingBox())!;
      return x + width;
    };
    assert.ok(await edge(".said.is-user .md-wide") <= await edge(".said.is-user .md"));
    assert.equal(await page.evaluate("globalThis.hit"), undefined);
    assert.deepEqual(asked.filter((url) => !url.startsWith(server.url)), []);
    await badge(page, "Completed").waitFor();
    await isAccessible(page);
    await picture("talk-markdown");
  });
});

for (const colorScheme of ["light", "dark"] as const) {
  Deno.test(`conversation on a phone in ${colorScheme} colours: nothing is wider than the screen, and a finger finds all`, async () => {
    await visit(options({ context: { viewport: PHONE, hasTouch: true, colorScheme } }), async (visit) => {
      const { server, page, go, picture } = visit;
      await start(server, "small", `demo:steps=3 demo:hang=3 demo:delay=0\n\n${"wide".repeat(100)}`);
      await go("/tasks/small");
      await said(page, "Step 3 of 3").waitFor();
      await field(page).fill(
        "Also this, which is long enough to be cut where there is no room for all of it",
      );
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByRole("button", { name: "Withdraw" }).waitFor();
      await isNoWider(page, PHONE.width);
      await isAccessible(page);
      for (const name of ["Withdraw", "Now", "Send"]) {
        const { x, width, height } = (await page.getByRole("button", { name }).boundingBox())!;
        assert.ok(
          height >= 44 && x + width <= PHONE.width,
          `${name}: ${height} px high, ends at ${x + width}`,
        );
      }
      await picture(`talk-phone-${colorScheme}`);
    });
  });
}
