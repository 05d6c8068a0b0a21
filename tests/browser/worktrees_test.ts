/** The worktrees' page: what there is, what a removal would do, and the removal. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Repository } from "../fixtures/repository.ts";
import { becomes, isAccessible, isNoWider, visit } from "./fixtures/browser.ts";

const config = {
  agents: { sh: { protocol: "command", command: ["sh", "-c", "{prompt}"] } },
  tasks: { default_agent: "sh" },
  limits: { enabled: false },
};

Deno.test("worktrees: each with its task and size; what nobody needs is named before it goes, and the rest stays", async () => {
  await visit({ config }, async ({ server, page, go, picture }) => {
    await go("/server/worktrees");
    await page.getByText("No worktrees").waitFor();
    const { path: working_dir } = await Repository.create(join(server.dir, "shop"));
    const execution = { prompt: "echo 2 > file.txt", working_dir, isolation: "worktree" };
    const task = { id: "kept", type: "feature", priority: "medium", description: "Change it", execution };
    await server.post({ type: "start_task", task });
    await becomes(async () => {
      const { reply } = await server.post({ type: "get_task_status", task_id: "kept" });
      return (reply.task as { review: string }).review;
    }, "to_review");
    const orphan = join(server.data, "worktrees", "gone");
    await Deno.mkdir(orphan, { recursive: true });
    await page.reload();
    const row = (text: string) => page.getByRole("row").filter({ hasText: text });
    await becomes(() => row("Change it").innerText(), /To review\s+shop\s+.*worktrees\/kept\s+[\d.]+ k?B/i);
    await becomes(() => row("worktrees/gone").innerText(), /no task\s+Left over/);
    await isAccessible(page);
    await picture("worktrees");
    await page.getByRole("button", { name: "Remove what nobody needs…" }).click();
    const dialog = page.getByRole("dialog", { name: "Remove 1 worktree?" });
    await becomes(() => dialog.getByRole("list", { name: "What goes" }).innerText(), /worktrees\/gone$/);
    await becomes(
      () => dialog.getByRole("list", { name: "What stays" }).innerText(),
      /worktrees\/kept\s+its changes are neither accepted nor discarded/,
    );
    await isAccessible(page);
    await picture("worktrees-prune");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByText("1 worktree removed").waitFor();
    await row("worktrees/gone").waitFor({ state: "detached" });
    await row("Change it").waitFor();
    await assert.rejects(Deno.stat(orphan), Deno.errors.NotFound);
    await page.setViewportSize({ width: 380, height: 800 });
    await isNoWider(page, 380);
    await picture("worktrees-phone");
    await row("Change it").getByRole("link").click();
    await page.waitForURL(/#\/tasks\/kept\?tab=changes$/);
  });
});
