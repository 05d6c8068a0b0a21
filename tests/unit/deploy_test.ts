/** The documented set-ups, as a service and in a container: agents work in a folder that is meant for work. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { effectiveConfig, loadConfig } from "../../src/boot/config_file.ts";
import { ROOT } from "./fixtures/sources.ts";

const read = (name: string) => Deno.readTextFile(join(ROOT, name));

Deno.test("deploy: in the container, agents work in the mounted project, below an init", async () => {
  const file = await read("deploy/Containerfile");
  const text = /printf '%s\\n' \\\n {2}'([^']+)'/.exec(file)![1]!;
  const { security, tasks } = effectiveConfig(JSON.parse(text), { base: "/etc/opencode-agents" });
  const [, project] = /^WORKDIR (.*)$/m.exec(file)!;
  assert.equal(resolve("/etc/opencode-agents", tasks.working_dir), project);
  assert.deepEqual(tasks.allowed_dirs, [project]);
  assert.match(file, new RegExp(`-v "\\$PWD:${project}"`));
  // It listens on all addresses.
  assert.equal(security.auth, "required");
  assert.match(file, /^ENTRYPOINT \["tini", "--"\]$/m);
});

Deno.test("deploy: the container's agents have the versions that are tested", async () => {
  const tested = await read("tests/fixtures/agents.ts");
  const { dependencies } = JSON.parse(await read("deploy/agents/package.json"));
  for (const name of ["opencode-ai", "@agentclientprotocol/claude-agent-acp"]) {
    assert.ok(tested.includes(`"${dependencies[name]}"`), `${name}: ${dependencies[name]}`);
  }
});

Deno.test("deploy: what the image and the package take from npm is locked by hashes, wherever it comes from", async () => {
  for (const name of ["deploy/agents/package-lock.json", "deploy/npm/npm-shrinkwrap.json"]) {
    const { packages } = JSON.parse(await read(name));
    const { "": root, ...others } = packages;
    for (const [dependency, version] of Object.entries(root.dependencies)) {
      assert.equal(others[`node_modules/${dependency}`].version, version, dependency);
    }
    for (const [path, { integrity, resolved }] of Object.entries<Record<string, string>>(others)) {
      assert.match(integrity ?? "", /^sha512-/, `${name}: ${path}`);
      // The registry is the builder's choice.
      assert.equal(resolved, undefined, `${name}: ${path}`);
    }
  }
  const file = await read("deploy/Containerfile");
  const installs = [...file.matchAll(/npm (?:install|i|ci)\b.*/g)].map(([line]) => line.split(" &&")[0]);
  assert.deepEqual(installs, ["npm ci --prefix /opt/agents", "npm ci --prefix /opt/opencode-agents \\"]);
});

Deno.test("deploy: as a service, agents work in the folder that the documented configuration names", async () => {
  const page = await read("docs/deploying.md");
  const commands = /^mkdir -p .*\ncat > .*<<END\n[^]*?^END$/m.exec(page)![0];
  const home = await Deno.makeTempDir({ prefix: "oa-deploy-" });
  try {
    const { success } = await new Deno.Command("sh", { args: ["-ec", commands], env: { HOME: home } })
      .output();
    assert.ok(success);
    const [, named] = /--config %h(\S+)/.exec(await read("deploy/opencode-agents.service"))!;
    const { config, base } = await loadConfig({ config: home + named });
    const [folder] = config.tasks.allowed_dirs;
    assert.equal(resolve(base, config.tasks.working_dir), folder);
    assert.ok((await Deno.stat(folder!)).isDirectory);
    assert.ok(!base.startsWith(folder!) && !folder!.startsWith(base), `${folder} beside ${base}`);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
