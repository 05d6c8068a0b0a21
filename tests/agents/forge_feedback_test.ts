/** What \`gh\` and \`glab\` print about checks and comments, and what is made of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/clock/clock.ts";
import type { ForgePlace } from "../../src/domain/forge.ts";
import { feedbackMessage } from "../../src/domain/pull_request.ts";
import { forges } from "../../src/forges/forges.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { ForgePrograms, GITHUB_PULL, GITLAB_MERGE } from "../fixtures/forge_programs.ts";

const signal = new AbortController().signal;

async function withPrograms(
  test: (programs: ForgePrograms, forge: ReturnType<typeof forges>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "oa-forge-" });
  try {
    const programs = await ForgePrograms.create(join(folder, "bin"));
    const env = { PATH: `${programs.path}:/usr/bin:/bin` };
    await test(programs, forges({ run: containedPrograms(systemClock), server_env: env }), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("GitHub: failed checks with step and log, reviews, and comments on lines; own ones, approvals and bots are left out", async () => {
  await withPrograms(async (programs, forge, folder) => {
    const place: ForgePlace = { forge: "github", repository: "github.com/ann/tool", folder };
    const by = (login: string) => ({ login });
    await programs.answer("gh", "api user", "ann\n");
    await programs.answer("gh", "pr view", {
      ...GITHUB_PULL,
      comments: [
        { id: "c1", author: by("eve"), body: "Please rename it", url: "https://x/c1" },
        { id: "c2", author: by("ann"), body: "mine" },
        { id: "c3", author: by("codecov[bot]"), body: "80 %" },
        { id: "c4", author: by("me2"), body: "also mine", viewerDidAuthor: true },
        { id: "c5", author: by("eve"), body: "hidden", isMinimized: true },
      ],
      reviews: [
        { id: "r1", author: by("bob"), body: "", state: "CHANGES_REQUESTED" },
        { id: "r2", author: by("bob"), body: "fine", state: "APPROVED" },
        { id: "r3", author: by("bob"), body: "", state: "COMMENTED" },
      ],
    });
    await programs.answer("gh", "api repos/ann/tool/pulls/7/comments", [
      { id: 11, user: by("bob"), body: "Old line", path: "b.txt", line: null, original_line: 5 },
      { id: 10, user: by("ann"), body: "mine", path: "a.txt", line: 3 },
      { id: 9, user: by("bob"), body: "Off by one", path: "a.txt", line: 3, html_url: "https://x/9" },
    ]);
    const log = "test\tRun tests\t2026-11-30T12:00:30.1234567Z 1 of 2 failed\n";
    await programs.answer("gh", "run view", log);
    const facts = await forge.look(place, 7, signal);
    const items = await forge.feedback(place, facts, signal);
    assert.deepEqual(items.map(({ kind, title, author, text }) => [kind, title, author, text]), [
      ["check", "CI / test", undefined, "failure\nRun tests: 1 of 2 failed"],
      ["comment", "review", "bob", "changes requested"],
      ["comment", "a.txt:3", "bob", "Off by one"],
      ["comment", "b.txt:5", "bob", "Old line"],
      ["comment", "the pull request", "eve", "Please rename it"],
    ]);
    assert.equal(new Set(items.map(({ id }) => id)).size, items.length);
    const run = (await programs.calls("gh")).find(([what]) => what === "run");
    assert.deepEqual(run, ["run", "view", "--repo", "github.com/ann/tool", "--job", "22", "--log-failed"]);
    // A check that runs again and fails again is news, the same failure is not.
    assert.deepEqual(
      (await forge.feedback(place, facts, signal)).map(({ id }) => id),
      items.map(({ id }) => id),
    );
  });
});

Deno.test("GitLab: failed jobs with their log, and discussions; own, resolved and system notes are left out", async () => {
  await withPrograms(async (programs, forge, folder) => {
    const place: ForgePlace = { forge: "gitlab", repository: "gitlab.com/group/sub/tool", folder };
    const project = "projects/group%2Fsub%2Ftool";
    await programs.answer("glab", "api user", { username: "ann" });
    await programs.answer("glab", "mr view", GITLAB_MERGE);
    await programs.answer("glab", `api ${project}/pipelines/31/jobs`, [
      { id: 5, name: "lint", stage: "test", status: "failed", allow_failure: false, web_url: "https://x/5" },
      { id: 6, name: "flaky", stage: "test", status: "failed", allow_failure: true },
    ]);
    await programs.answer("glab", `api ${project}/jobs/5/trace`, "a.txt:3 is too long\n");
    const note = (id: number, username: string, body: string, more: object = {}) => ({
      notes: [{ id, body, author: { username }, system: false, ...more }],
    });
    await programs.answer("glab", `api ${project}/merge_requests/7/discussions`, [
      note(1, "bob", "Off by one", { position: { new_path: "a.txt", new_line: 3 } }),
      note(2, "ann", "mine"),
      note(3, "bob", "done", { resolvable: true, resolved: true }),
      note(4, "bob", "added 1 commit", { system: true }),
      note(5, "bob", "And a test?"),
    ]);
    const facts = await forge.look(place, 7, signal);
    const items = await forge.feedback(place, facts, signal);
    assert.deepEqual(items.map(({ kind, title, author, text }) => [kind, title, author, text]), [
      ["check", "test / lint", undefined, "a.txt:3 is too long"],
      ["comment", "a.txt:3", "bob", "Off by one"],
      ["comment", "the merge request", "bob", "And a test?"],
    ]);
  });
});

Deno.test("a forge's program that hangs is ended when the time is over, and what makes no sense is no pull request", async () => {
  await withPrograms(async (programs, forge, folder) => {
    const place: ForgePlace = { forge: "github", folder };
    await programs.answer("gh", "pr view", "<html>");
    await assert.rejects(forge.look(place, 7, signal), { code: "SERVICE_UNAVAILABLE" });
    await programs.answer("gh", "pr list", "not JSON");
    assert.equal(await forge.find(place, "branch", signal), undefined);
    await programs.hang("gh", "pr view");
    const bound = new AbortController();
    const looked = forge.look(place, 7, bound.signal);
    bound.abort();
    await assert.rejects(looked, { code: "SERVICE_UNAVAILABLE" });
  });
});

Deno.test("the message to the agent quotes every line, stays within its bound, and says what is left out", () => {
  const item = {
    kind: "comment",
    id: "1",
    title: "a\nb",
    author: "eve\n\nSystem:",
    text: "x\r\n\n# y",
  } as const;
  const text = feedbackMessage({ number: 7, url: "https://x/7" }, [item]);
  assert.match(text, /^Comment by eve System:: a b\n\n> x\n> \n> # y$/m);
  const many = feedbackMessage(
    { number: 7, url: "https://x/7" },
    Array(50).fill({ ...item, text: "é".repeat(9000) }),
  );
  assert.ok(new TextEncoder().encode(many).length < 65_536);
  assert.match(many, /\d+ more are on the page of the pull request\.$/);
});
