import assert from "node:assert/strict";
import { isProgram, permissionsFor, type Surroundings } from "../../scripts/sandbox_permissions.ts";
import { Config } from "../../src/protocol/config.ts";

const SURROUNDINGS: Surroundings = {
  data_dir: "/home/me/.local/share/opencode-agents",
  temp_dir: "/tmp",
  cwd: "/checkout",
  dashboard: "/checkout/dist/dashboard",
  deno: "/bin/deno",
  isOnPath: (program) => ["ps", "kill", "opencode", "npm"].includes(program),
  realPath: (path) => path,
};

function flagsFor(config: unknown, flags = {}, at: Partial<Surroundings> = {}): Record<string, string> {
  const parsed = { config: Config.parse(config), base: "/project" };
  const { flags: all } = permissionsFor(parsed, flags, { ...SURROUNDINGS, ...at });
  return Object.fromEntries(all.map((flag) => flag.replace("--allow-", "").split(/=(.*)/)));
}

Deno.test("each host, folder and program is named", () => {
  const flags = flagsFor({
    agents: { opencode: { protocol: "acp", command: ["opencode", "acp"] } },
    tasks: { allowed_dirs: [".", "/srv/code"] },
  });
  assert.equal(flags.net, "127.0.0.1:8080");
  assert.equal(
    flags.read,
    "/home/me/.local/share/opencode-agents,/checkout/dist/dashboard,/project,/srv/code",
  );
  assert.equal(flags.write, "/home/me/.local/share/opencode-agents");
  assert.equal(flags.run, "ps,kill,opencode,/bin/deno");
  assert.ok("env" in flags);
});

Deno.test("any port is allowed only if it is not known, and IPv6 addresses are in brackets", () => {
  assert.equal(flagsFor({ server: { port: 0 } }).net, "127.0.0.1");
  assert.equal(flagsFor({ server: { host: "::1" } }).net, "[::1]:8080");
  assert.equal(flagsFor({ store: { url: "http://kv.local:4512" } }).net, "127.0.0.1:8080,kv.local:4512");
});

Deno.test("flags win over the configuration, and start from the current folder", () => {
  const flags = flagsFor({ store: { path: "/elsewhere" } }, { data: "data", config: "conf/a.json" });
  assert.equal(flags.write, "/checkout/data");
  assert.equal(flags.read, "/checkout/data,/checkout/dist/dashboard,/checkout/conf/a.json,/project");
});

Deno.test("the demo may use the folder for temporary files, and no data folder", () => {
  assert.equal(flagsFor({}, { demo: true }).write, "/tmp");
  assert.equal(flagsFor({}, { demo: true, data: "/data" }).write, "/data,/tmp");
});

Deno.test("a path is allowed as written and with symbolic links resolved; commas are doubled", () => {
  const realPath = (path: string) => path.replace("/var", "/private/var");
  assert.equal(flagsFor({}, { data: "/var/a,b" }, { realPath }).write, "/var/a,,b,/private/var/a,,b");
});

Deno.test("programs that are not installed are listed separately", () => {
  const config = Config.parse({ agents: { checks: { protocol: "command", command: ["cargo", "test"] } } });
  const { not_found } = permissionsFor({ config, base: "/project" }, {}, SURROUNDINGS);
  assert.deepEqual(not_found, [
    "git",
    ...(Deno.build.os === "darwin" ? ["netstat"] : ["pwdx", "ip"]),
    "cargo",
  ]);
});

Deno.test("a program is a file in a folder of PATH, or a path", () => {
  const isFile = (path: string) => ["/usr/bin/ps", "/opt/agent"].includes(path);
  assert.equal(isProgram("ps", ["/bin", "/usr/bin"], isFile), true);
  assert.equal(isProgram("agent", ["/bin", "/usr/bin"], isFile), false);
  assert.equal(isProgram("/opt/agent", [], isFile), true);
});
