/** Pull requests with real git, a bare repository as the remote, and scripted \`gh\` and \`glab\`. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../src/clock/clock.ts";
import { OWNER } from "../../src/domain/actor.ts";
import type { ApiError } from "../../src/domain/errors.ts";
import { Project } from "../../src/domain/project.ts";
import { PullRequestOpening, type PullRequestRequest } from "../../src/engine/pull_requests/opening.ts";
import { forges } from "../../src/forges/forges.ts";
import { containedPrograms } from "../../src/host/processes/contained_program.ts";
import { gitRemotes } from "../../src/workspaces/remotes.ts";
import { type EndedTasks, withEndedTasks } from "../fixtures/ended_tasks.ts";
import { ForgePrograms, GITHUB_PULL, GITLAB_MERGE } from "../fixtures/forge_programs.ts";
import { withOrigin } from "../fixtures/forge_project.ts";
import { serverGit } from "../fixtures/pictured_repository.ts";
import { git } from "../fixtures/repository.ts";

const SECRETS = { GH_TOKEN: "ghp_verysecret", OPENAI_API_KEY: "sk-other", SSH_AUTH_SOCK: "/nowhere" };

class Forge {
  readonly opening: PullRequestOpening;

  constructor(
    readonly tasks: EndedTasks,
    readonly programs: ForgePrograms,
    /** The bare repository. */
    readonly remote: string,
    project: Partial<Project>,
  ) {
    const { landing, store } = tasks;
    this.opening = new PullRequestOpening({
      clock: systemClock,
      store,
      remotes: gitRemotes(serverGit),
      forges: forges({
        run: containedPrograms(systemClock),
        server_env: { ...SECRETS, HOME: "/nowhere", PATH: `${programs.path}:/usr/bin:/bin` },
      }),
      projectOf: () => ({ ...Project.parse({ path: "/" }), ...project, name: "tool" }),
      save: () => Promise.resolve({}),
      requireSaved: (worktree, head) => landing.requireSaved(worktree, head),
    });
  }

  create(more: Partial<PullRequestRequest> = {}) {
    return this.opening.create({ task_id: "t", ...more }, OWNER);
  }

  /** It is refused, and the error has none of the secrets. */
  async refused(code: string, words: RegExp, more: Partial<PullRequestRequest> = {}): Promise<ApiError> {
    const error = await this.create(more).then(() => assert.fail("it was not refused"), (error) => error);
    assert.equal(error.code, code, error.stack);
    assert.match(error.message, words);
    for (const secret of ["verysecret", "hunter2"]) {
      assert.ok(!JSON.stringify([error.message, error.details]).includes(secret), error.message);
    }
    return error;
  }

  /** The branches of the remote besides main. */
  async pushed(): Promise<Record<string, string>> {
    const lines = await git(
      this.remote,
      "for-each-ref",
      "--format=%(refname:short) %(objectname)",
      "refs/heads",
    );
    const refs = lines.split("\n").filter((line) => line !== "").map((line) =>
      line.split(" ") as [string, string]
    );
    return Object.fromEntries(refs.filter(([name]) => name !== "main"));
  }
}

interface Options {
  /** The remote's address, which git replaces by the bare repository. */
  address?: string;
  project?: Partial<Project>;
  programs?: ("gh" | "glab")[];
}

/** A task \`t\` with a commit, and a remote \`origin\`. */
async function withForge(
  test: (forge: Forge, head: string) => Promise<void>,
  options: Options = {},
): Promise<void> {
  const { project = {}, programs } = options;
  await withEndedTasks({ "a.txt": "a\n" }, async (tasks) => {
    const { repository } = tasks;
    const folder = await Deno.makeTempDir({ prefix: "oa-forge-" });
    try {
      const remote = await withOrigin(repository, folder, options.address);
      await tasks.add("t", { "new.txt": "new\n" });
      const head = await repository.git("rev-parse", "opencode-agents/t");
      const scripts = await ForgePrograms.create(join(folder, "bin"), programs);
      await scripts.answer("gh", "pr list", []);
      await scripts.answer("gh", "pr create", "\nhttps://github.com/ann/tool/pull/7\n");
      await scripts.answer("gh", "pr view", { ...GITHUB_PULL, headRefOid: head });
      await test(new Forge(tasks, scripts, remote, project), head);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

const created = (calls: string[][]) => calls.filter(([, verb]) => verb === "create");

Deno.test("pull request: the branch is pushed, gh opens it, and the task shows what it is", async () => {
  await withForge(async (forge, head) => {
    const { url, branch } = await forge.create({ title: "-Title", body: "Body", draft: true });
    assert.deepEqual([url, branch], [GITHUB_PULL.url, "opencode-agents/t"]);
    assert.deepEqual(await forge.pushed(), { "opencode-agents/t": head });
    const repo = ["--repo", "github.com/ann/tool"];
    const words = [
      "--head",
      "opencode-agents/t",
      "--title",
      "-Title",
      "--body",
      "Body",
      "--base",
      "main",
      "--draft",
    ];
    assert.deepEqual(created(await forge.programs.calls("gh")), [["pr", "create", ...repo, ...words]]);
    const { pull_request } = forge.tasks.state("t");
    assert.deepEqual(
      [
        pull_request?.number,
        pull_request?.state,
        pull_request?.head,
        pull_request?.checks,
        pull_request?.review,
      ],
      [7, "open", head, "failing", "review_required"],
    );
    assert.deepEqual([pull_request?.draft, pull_request?.mergeable], [true, "mergeable"]);
  });
});

Deno.test("pull request: the forge's program gets its own variables, and none of the server's secrets", async () => {
  await withForge(async (forge) => {
    await forge.create();
    const names = await forge.programs.variables("gh");
    for (const name of ["HOME", "GH_TOKEN", "GH_PROMPT_DISABLED"]) assert.ok(names.includes(name), name);
    for (const name of ["OPENAI_API_KEY", "SSH_AUTH_SOCK"]) assert.ok(!names.includes(name), name);
  });
});

Deno.test("pull request: what is not said comes from the task and its project", async () => {
  await withForge(async (forge) => {
    await forge.create();
    const [words = []] = created(await forge.programs.calls("gh"));
    assert.deepEqual(words.slice(words.indexOf("--title")), [
      ...["--title", "Do t", "--body", "Task: t", "--base", "main", "--draft"],
    ]);
  }, { project: { pull_request: { draft: true, feedback: "off", rounds: 3 } } });
});

Deno.test("pull request: creating again pushes to the same one, and changes what is given", async () => {
  await withForge(async (forge) => {
    const { tasks, programs } = forge;
    await forge.create();
    await Deno.writeTextFile(join(tasks.root("t"), "more.txt"), "more\n");
    await forge.refused("CHANGES_CONFLICT", /uncommitted work/);
    await git(tasks.root("t"), "add", "--all");
    await git(tasks.root("t"), "commit", "--quiet", "-m", "more");
    const { url } = await forge.create({ title: "Other" });
    assert.equal(url, GITHUB_PULL.url);
    assert.equal(
      (await forge.pushed())["opencode-agents/t"],
      await tasks.repository.git("rev-parse", "opencode-agents/t"),
    );
    const calls = await programs.calls("gh");
    assert.equal(created(calls).length, 1);
    assert.deepEqual(calls.find(([, verb]) => verb === "edit")?.slice(-2), ["--title", "Other"]);
    await forge.refused("INVALID_FIELD_VALUE", /on the remote 'origin'/, { remote: "fork" });
  });
});

Deno.test("pull request: one that a crash has left without a record is found, not opened twice", async () => {
  await withForge(async (forge, head) => {
    await forge.programs.answer("gh", "pr list", [
      { ...GITHUB_PULL, isCrossRepository: true, number: 1 },
      GITHUB_PULL,
    ]);
    await forge.tasks.repository.git("push", "--quiet", "origin", `${head}:refs/heads/opencode-agents/t`);
    assert.equal((await forge.create()).number, 7);
    assert.deepEqual(created(await forge.programs.calls("gh")), []);
  });
});

Deno.test("pull request: a branch of others on the remote is left alone", async () => {
  await withForge(async (forge, head) => {
    const { repository } = forge.tasks;
    const theirs = await repository.git("commit-tree", "-m", "theirs", "main^{tree}");
    await repository.git("push", "--quiet", "origin", `${theirs}:refs/heads/opencode-agents/t`);
    assert.equal((await forge.create()).branch, "opencode-agents/t-2");
    assert.deepEqual(await forge.pushed(), { "opencode-agents/t": theirs, "opencode-agents/t-2": head });
    const [words = []] = created(await forge.programs.calls("gh"));
    assert.equal(words[words.indexOf("--head") + 1], "opencode-agents/t-2");
  });
});

Deno.test("pull request: commits that others have pushed to its branch are not overwritten", async () => {
  await withForge(async (forge, head) => {
    const { repository, root } = { repository: forge.tasks.repository, root: forge.tasks.root("t") };
    await forge.create();
    const theirs = await repository.git("commit-tree", "-p", head, "-m", "theirs", "main^{tree}");
    await repository.git("push", "--quiet", "origin", `${theirs}:refs/heads/opencode-agents/t`);
    await git(root, "commit", "--quiet", "--allow-empty", "-m", "more");
    const error = await forge.refused("CHANGES_CONFLICT", /refuses the branch/);
    assert.equal(error.details.reason, "push_refused");
    assert.equal((await forge.pushed())["opencode-agents/t"], theirs);
  });
});

Deno.test("pull request: a push that the remote refuses opens nothing", async () => {
  await withForge(async (forge) => {
    await Deno.writeTextFile(
      join(forge.remote, "hooks/pre-receive"),
      "#!/bin/sh\necho no such luck >&2\nexit 1\n",
      {
        mode: 0o755,
      },
    );
    await forge.refused("CHANGES_CONFLICT", /no such luck/);
    assert.deepEqual([await forge.pushed(), created(await forge.programs.calls("gh"))], [{}, []]);
    assert.equal(forge.tasks.state("t").pull_request, undefined);
  });
});

Deno.test("pull request: with the program missing, or without an account, nothing is pushed", async () => {
  await withForge(async (forge) => {
    const error = await forge.refused("SERVICE_UNAVAILABLE", /'gh'.*not on the server's PATH/);
    assert.deepEqual(error.details.missing, ["gh"]);
    assert.deepEqual(await forge.pushed(), {});
  }, { programs: ["glab"] });
  await withForge(async (forge) => {
    await forge.programs.fail(
      "gh",
      "pr list",
      "To get started with GitHub CLI, please run:  gh auth login\n",
      4,
    );
    const error = await forge.refused("SERVICE_UNAVAILABLE", /run 'gh auth login'/);
    assert.deepEqual(error.details.todo, "gh auth login");
    await forge.programs.fail("gh", "pr list", "HTTP 401: Bad credentials (token ghp_verysecret)\n");
    await forge.refused("SERVICE_UNAVAILABLE", /no longer good/);
    assert.deepEqual(await forge.pushed(), {});
  });
});

Deno.test("pull request: a token that has expired, and a host that is not there: soon refused, with nothing told", async () => {
  await using server = Deno.serve(
    { port: 0, onListen() {} },
    () => new Response("expired: hunter2", { status: 401, headers: { "WWW-Authenticate": "Basic" } }),
  );
  const address = `http://ann:hunter2@127.0.0.1:${server.addr.port}/ann/tool.git`;
  const project = { forge: "github" } as const;
  await withForge(async (forge) => {
    const { repository } = forge.tasks;
    await repository.git("config", "--unset", `url.${forge.remote}.insteadOf`);
    await forge.refused("SERVICE_UNAVAILABLE", /'origin' cannot be used/);
    await repository.git("remote", "set-url", "origin", "http://ann:hunter2@127.0.0.1:1/ann/tool.git");
    await forge.refused("SERVICE_UNAVAILABLE", /'origin' cannot be used/);
    assert.deepEqual(created(await forge.programs.calls("gh")), []);
  }, { address, project });
});

Deno.test("pull request: only a configured remote, and none that git would take for an option", async () => {
  await withForge(async (forge) => {
    await forge.refused("INVALID_FIELD_VALUE", /no remote '--mirror'/, { remote: "--mirror" });
    await forge.refused("INVALID_FIELD_VALUE", /no remote/, { remote: forge.remote });
    await forge.tasks.repository.git("config", "remote.-x.url", forge.remote);
    await forge.refused("INVALID_FIELD_VALUE", /no remote '-x'/, { remote: "-x" });
    assert.deepEqual(await forge.pushed(), {});
  });
});

Deno.test("pull request: the forge is the project's, else that of the remote's host", async () => {
  await withForge(async (forge) => {
    await forge.refused("INVALID_FIELD_VALUE", /has no pull requests/);
  }, { project: { forge: "none" } });
  await withForge(async (forge) => {
    const error = await forge.refused(
      "INVALID_FIELD_VALUE",
      /'code.example.org' is GitHub or GitLab is not known/,
    );
    assert.equal(error.details.field, "remote");
  }, { address: "git@code.example.org:ann/tool.git" });
  await withForge(async (forge, head) => {
    await forge.programs.answer("glab", "mr list", []);
    await forge.programs.answer(
      "glab",
      "mr create",
      `!7 Do t (opencode-agents/t)\n ${GITLAB_MERGE.web_url}\n`,
    );
    await forge.programs.answer("glab", "mr view", { ...GITLAB_MERGE, sha: head });
    const { url, id, head: seen, checks, review } = await forge.create();
    assert.deepEqual([url, id, seen, checks, review], [
      ...[GITLAB_MERGE.web_url, "501", head, "failing", "review_required"],
    ]);
    const repo = ["--repo", "https://code.example.org/group/sub/tool"];
    assert.deepEqual(created(await forge.programs.calls("glab")), [[
      ...["mr", "create", ...repo, "--source-branch", "opencode-agents/t", "--title", "Do t"],
      ...["--description", "Task: t", "--head", repo[1], "--target-branch", "main", "--yes"],
    ]]);
    assert.deepEqual(await forge.pushed(), { "opencode-agents/t": head });
  }, { address: "ssh://git@code.example.org:2222/group/sub/tool.git", project: { forge: "gitlab" } });
});

Deno.test("pull request: a task that runs, has changed nothing or is accepted has none", async () => {
  await withForge(async (forge) => {
    const { tasks } = forge;
    await tasks.add("same", {});
    await forge.refused("INVALID_FIELD_VALUE", /has changed nothing/, { task_id: "same" });
    await tasks.add("runs", { "x.txt": "x\n" }, { state: { status: "running" } });
    const error = await forge.refused("INVALID_FIELD_VALUE", /is running/, { task_id: "runs" });
    assert.deepEqual([error.details.field, error.details.current_status], ["task_id", "running"]);
    await tasks.acceptance.accept({ task_id: "t" }, OWNER);
    await forge.refused("INVALID_FIELD_VALUE", /have been accepted/);
    await forge.refused("TASK_NOT_FOUND", /'none'/, { task_id: "none" });
  });
});
