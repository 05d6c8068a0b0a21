/** Where paths lead that people write, and where the data are when nobody says so. */
import assert from "node:assert/strict";
import { posix, win32 } from "node:path";
import { effectiveConfig, loadConfig } from "../../src/boot/config_file.ts";
import { dataDir } from "../../src/cli/data_dir.ts";
import { homeFolder } from "../../src/cli/home.ts";
import { ApiError } from "../../src/domain/errors.ts";
import { expanded, placeOf, programOf } from "../../src/protocol/places.ts";

const home = () => "/home/me";
const nobody = () => undefined;

const PATHS: [written: string, path: string | undefined][] = [
  ["/a/b", "/a/b"],
  ["a/b", "/etc/oa/a/b"],
  [".", "/etc/oa"],
  ["../x", "/etc/x"],
  ["~", "/home/me"],
  ["~/", "/home/me/"],
  ["~/a b/c", "/home/me/a b/c"],
  ["~/../other", "/home/other"],
  ["./~", "/etc/oa/~"],
  ["a/~/b", "/etc/oa/a/~/b"],
  ["backup~", "/etc/oa/backup~"],
  ["~bob", undefined],
  ["~bob/x", undefined],
  ["~+", undefined],
];

Deno.test("a path is absolute, ~, or relative to its base; another account's home is refused by name", () => {
  for (const [written, path] of PATHS) {
    const place = placeOf(written, "/etc/oa", home, posix);
    if (path !== undefined) assert.deepEqual(place, { path: posix.resolve(path) }, written);
    else assert.ok("refused" in place && place.refused.includes(`'${written}'`), written);
  }
  assert.deepEqual(expanded("a/b", home, posix), { path: "a/b" }, "a relative path of a flag stays as it is");
  assert.match(JSON.stringify(expanded("~/x", nobody, posix)), /no home folder/);
});

Deno.test("on Windows both slashes separate", () => {
  const me = () => "C:\\Users\\me";
  assert.deepEqual(placeOf("~\\a/b", "C:\\oa", me, win32), { path: "C:\\Users\\me\\a\\b" });
  assert.deepEqual(placeOf("sub\\x", "C:\\oa", me, win32), { path: "C:\\oa\\sub\\x" });
  assert.deepEqual(placeOf("D:\\x", "C:\\oa", me, win32), { path: "D:\\x" });
  assert.deepEqual(programOf("bin\\agent.exe", "C:\\oa", me, win32), { path: "C:\\oa\\bin\\agent.exe" });
  assert.deepEqual(programOf("bin\\agent", "/oa", home, posix), { path: "bin\\agent" });
});

Deno.test("a program that is a bare name is left to PATH", () => {
  assert.deepEqual(programOf("opencode", "/etc/oa", home, posix), { path: "opencode" });
  assert.deepEqual(programOf("./bin/agent", "/etc/oa", home, posix), { path: "/etc/oa/bin/agent" });
  assert.deepEqual(programOf("bin/agent", "/etc/oa", home, posix), { path: "/etc/oa/bin/agent" });
  assert.deepEqual(programOf("~/bin/agent", "/etc/oa", home, posix), { path: "/home/me/bin/agent" });
});

const env = (values: Record<string, string>) => (name: string) => values[name];

const DATA: [os: typeof Deno.build.os, values: Record<string, string>, folder: string][] = [
  ["linux", { HOME: "/home/me" }, "/home/me/.local/share/opencode-agents"],
  ["linux", { HOME: "/home/me", XDG_DATA_HOME: "/srv/share" }, "/srv/share/opencode-agents"],
  ["linux", { HOME: "/home/me", XDG_DATA_HOME: "share" }, "/home/me/.local/share/opencode-agents"],
  ["linux", { HOME: "/home/me", XDG_DATA_HOME: "" }, "/home/me/.local/share/opencode-agents"],
  ["linux", {}, "/account/.local/share/opencode-agents"],
  ["linux", { HOME: "" }, "/account/.local/share/opencode-agents"],
  ["linux", { HOME: "here" }, "/account/.local/share/opencode-agents"],
  ["linux", { HOME: "/h", OPENCODE_AGENTS_DATA: "" }, "/h/.local/share/opencode-agents"],
  ["linux", { HOME: "/h", OPENCODE_AGENTS_DATA: "/data" }, "/data"],
  ["linux", { HOME: "/h", OPENCODE_AGENTS_DATA: "~/data" }, "/h/data"],
  ["darwin", { HOME: "/Users/me" }, "/Users/me/Library/Application Support/opencode-agents"],
  ["windows", { LOCALAPPDATA: "C:\\L" }, "C:\\L\\opencode-agents"],
  ["windows", { USERPROFILE: "C:\\Users\\me" }, "C:\\Users\\me\\AppData\\Local\\opencode-agents"],
  [
    "windows",
    { USERPROFILE: "C:\\Users\\me", LOCALAPPDATA: "" },
    "C:\\Users\\me\\AppData\\Local\\opencode-agents",
  ],
];

Deno.test("the data folder: the variable's, the platform's, else in the account's home", () => {
  for (const [os, values, folder] of DATA) {
    const account = () => homeFolder(env(values), os, () => "/account");
    assert.equal(dataDir(env(values), os, account), folder, JSON.stringify(values));
  }
});

Deno.test("no home at all: the data folder must be named", () => {
  const find = (values: Record<string, string>) => dataDir(env(values), "linux", nobody);
  assert.throws(
    () => find({}),
    (error) =>
      error instanceof ApiError && error.code === "CONFIGURATION_ERROR" && /--data/.test(error.message),
  );
  assert.throws(() => find({ OPENCODE_AGENTS_DATA: "~/x" }), /OPENCODE_AGENTS_DATA: '~\/x'.*no home folder/);
  assert.equal(find({ OPENCODE_AGENTS_DATA: "/data" }), "/data");
  assert.equal(find({ XDG_DATA_HOME: "/srv" }), "/srv/opencode-agents");
});

Deno.test("every path of the configuration is absolute, from its folder or from ~", () => {
  const { agents, tasks, store } = effectiveConfig({
    agents: {
      mine: { protocol: "command", command: ["./bin/agent", "./argument"] },
      named: { protocol: "command", command: ["npm", "test"] },
    },
    store: { path: "data" },
    tasks: { default_agent: "mine", working_dir: "~/p", allowed_dirs: ["~", "work"] },
  }, { base: "/etc/oa", home });
  assert.deepEqual(agents.mine!.command, ["/etc/oa/bin/agent", "./argument"]);
  assert.deepEqual(agents.named!.command, ["npm", "test"]);
  assert.equal(store.path, "/etc/oa/data");
  assert.equal(tasks.working_dir, "/home/me/p");
  assert.deepEqual(tasks.allowed_dirs, ["/home/me", "/etc/oa/work"]);
});

Deno.test("a path that cannot be meant is refused with its key", () => {
  const refused: [string, object][] = [
    ["tasks.allowed_dirs[1]", { tasks: { allowed_dirs: [".", "~bob/x"] } }],
    ["tasks.working_dir", { tasks: { working_dir: "~bob" } }],
    ["store.path", { store: { path: "~bob/data" } }],
    ["agents.x.command[0]", { agents: { x: { protocol: "command", command: ["~bob/agent"] } } }],
  ];
  for (const [field, written] of refused) {
    assert.throws(
      () => effectiveConfig(written, { base: "/etc/oa", home }),
      (error) =>
        error instanceof ApiError && error.code === "CONFIGURATION_ERROR" && error.details.field === field,
      field,
    );
  }
});

Deno.test("a configuration file may begin with a byte order mark, in UTF-8 and UTF-16; other encodings are refused", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-test-" });
  try {
    const config = `${folder}/c.json`;
    const text = '{"tasks":{"max_concurrent":7}}';
    const utf16 = (little: boolean) => {
      const view = new DataView(new ArrayBuffer(2 * text.length + 2));
      [..."\ufeff" + text].forEach((char, i) => view.setUint16(2 * i, char.charCodeAt(0), little));
      return new Uint8Array(view.buffer);
    };
    for (const bytes of [new TextEncoder().encode("\ufeff" + text), utf16(true), utf16(false)]) {
      await Deno.writeFile(config, bytes);
      assert.equal((await loadConfig({ config })).config.tasks.max_concurrent, 7);
    }
    await Deno.writeFile(config, new Uint8Array([0x7b, 0xff, 0x7d]));
    await assert.rejects(loadConfig({ config }), /cannot be read/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
