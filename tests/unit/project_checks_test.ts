/** What `doctor` and the start say about projects. */
import assert from "node:assert/strict";
import { checkProjects } from "../../src/boot/checks/projects.ts";
import { effectiveConfig } from "../../src/boot/config_file.ts";
import { masked } from "../../src/boot/masked_config.ts";

Deno.test("a project that cannot do what it says is named with the reason", async () => {
  const base = await Deno.makeTempDir({ prefix: "oa-projects-" });
  try {
    await Deno.mkdir(`${base}/plain`);
    await Deno.mkdir(`${base}/repository/.git/`, { recursive: true });
    await Deno.writeTextFile(`${base}/repository/.git/HEAD`, "ref: refs/heads/main\n");
    await Deno.writeTextFile(`${base}/file`, "");
    const { projects } = effectiveConfig({
      projects: {
        fine: { path: "plain" },
        repository: { path: "repository", isolation: "worktree" },
        gone: { path: "gone" },
        file: { path: "file" },
        no_repository: { path: "plain", isolation: "worktree" },
      },
    }, { base });
    const found = (await checkProjects(projects)).map(({ what, state, found }) => [what, state, found]);
    assert.deepEqual(found, [
      ["projects.gone", "warn", `${base}/gone does not exist`],
      ["projects.file", "warn", `${base}/file is no folder`],
      [
        "projects.no_repository",
        "warn",
        `${base}/plain is in no git repository, so that no worktree can be made of it`,
      ],
    ]);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});

Deno.test("the secrets of a project and of a template are not printed with the configuration", () => {
  const config = effectiveConfig({
    projects: {
      web: {
        path: "web",
        env: { API_KEY: "secret-1", PLAIN: "secret-5" },
        mcp_servers: [{ name: "a", url: "https://x.invalid/", headers: { Authorization: "secret-2" } }],
        setup: [["fetch", "--token", "secret-3"], ["clone", "https://me:secret-4@x.invalid/"]],
      },
    },
    templates: {
      fix: {
        params: { what: {} },
        task: {
          description: "x",
          execution: {
            prompt: "fix {{what}}",
            env: { A: "secret-6" },
            mcp_servers: [{ name: "a", url: "https://x.invalid/", headers: { Authorization: "secret-7" } }],
          },
        },
      },
    },
  }, { base: "/base" });
  const text = JSON.stringify(masked(config));
  assert.doesNotMatch(text, /secret-\d/);
  assert.match(text, /"PLAIN":"\*\*\*"/);
});
