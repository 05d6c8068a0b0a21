/** What `permissions: "allow"` covers: the task's folder and its TMPDIR, whatever links and `..` lead to. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { placesInCommand } from "../../src/agents/acp/command_places.ts";
import { placesOf } from "../../src/agents/acp/permission_places.ts";
import { placesOutside } from "../../src/agents/acp/permission_scope.ts";
import { decisionFor } from "../../src/domain/permission_decision.ts";

const KNOWN = { PWD: "/task", TMPDIR: "/runs/tmp" };
const FOLDERS = { working_dir: "/task", tmp_dir: "/runs/tmp" };
/** A file system without links. */
const plain = (path: string) => Promise.resolve(new URL(`file://${path.replaceAll("%", "%25")}`).pathname);

type Call = Record<string, unknown>;

const command = (text: string, more: Call = {}): Call => ({
  kind: "execute",
  rawInput: { command: text, ...more },
});

for (
  const [what, call] of [
    ["a location inside", { locations: [{ path: "/task/a.txt" }] }],
    ["the folder itself", { locations: [{ path: "/task" }] }],
    ["a relative path", { rawInput: { filePath: "src/a.ts" } }],
    ["the task's TMPDIR", { rawInput: { file_path: "/runs/tmp/a" } }],
    ["a diff inside", { content: [{ type: "diff", path: "/task/a", newText: "/etc/passwd" }] }],
    ["a text that names a place", { rawInput: { filePath: "a.sh", content: "rm -rf /etc" } }],
    ["no place at all", { rawInput: { url: "https://example.com/etc/passwd" } }],
    ["a command", command("npm test")],
    ["a command with a path inside", command("cat /task/a.txt > b.txt")],
    ["a command in a folder inside", command("touch ../b", { workdir: "/task/src" })],
    ["a command that throws output away", command("npm test > /dev/null 2>&1")],
    ["a command with an address", command("curl -s http://127.0.0.1:80/x/../y https://a.b/c")],
    ["a program by its path", command("/usr/bin/env node a.js && FOO=1 /bin/sh b.sh")],
    ["$PWD and $TMPDIR", command('cp "$PWD/a" ${TMPDIR:-/tmp}/b $TMPDIR/c')],
    ["a script with its first line", command("printf '#!/usr/bin/env bash\nls\n' > a.sh")],
    ["a list of arguments", { kind: "execute", rawInput: { command: ["/bin/bash", "-lc", "touch a"] } }],
    ["a patch inside", {
      rawInput: { patchText: "*** Begin Patch\n*** Add File: a/b\n+/etc\n*** End Patch" },
    }],
    ["the title of a command", { kind: "execute", title: "touch a.txt" }],
  ] as [string, Call][]
) {
  Deno.test(`allow covers ${what}`, async () => {
    assert.deepEqual(await placesOutside(call, FOLDERS, plain), []);
  });
}

for (
  const [what, call, ...outside] of [
    ["a location", { locations: [{ path: "/etc/hosts" }] }, "/etc/hosts"],
    ["one of several", { locations: [{ path: "/task/a" }, { path: "/tasks/a" }] }, "/tasks/a"],
    ["a way out", { rawInput: { filePath: "/task/../etc/hosts" } }, "/task/../etc/hosts"],
    ["a relative way out", { rawInput: { path: "../other" } }, "../other"],
    ["a diff", { content: [{ type: "diff", path: "/srv/b", newText: "" }] }, "/srv/b"],
    ["the home folder", { rawInput: { directory: "~" } }, "~"],
    ["an address of a file", { rawInput: { uri: "file:///etc/hosts" } }, "/etc/hosts"],
    ["an unknown field", { rawInput: { where: { to: ["/srv/a"] } } }, "/srv/a"],
    ["a map by path", { rawInput: { changes: { "/srv/a": { add: {} } } } }, "/srv/a"],
    ["several in one text", { rawInput: { filepath: "a.txt, ../b.txt" } }, "../b.txt"],
    ["a patch", { rawInput: { patchText: "*** Begin Patch\n*** Update File: /srv/a\n" } }, "/srv/a"],
    ["the move of a patch", { rawInput: { input: "*** Update File: a\n*** Move to: ../b\n" } }, "../b"],
    ["the folder of a command", command("touch a", { cwd: "/srv" }), "/srv"],
    ["an argument", command("touch /srv/a"), "/srv/a"],
    ["an option's value", command("make --prefix=/srv/a"), "/srv/a"],
    ["a short option's value", command("gcc -o/srv/a b.c"), "/srv/a"],
    ["a redirection", command("echo hi>/srv/a"), "/srv/a"],
    ["a way out", command("cat ../../etc/hosts"), "../../etc/hosts"],
    // Where `cd` leads is not followed.
    ["a way back inside", command("cd src && cat ../src/a"), "../src/a"],
    ["a quoted one", command(`python -c 'open("/srv/a", "w")'`), "/srv/a"],
    ["a nested shell", command(`bash -c "touch '/srv/a'"`), "/srv/a"],
    ["the home folder", command("rm -rf ~/x"), "~/x"],
    ["$HOME", command('rm -rf "${HOME}/x"'), "~/x"],
    ["home by cd alone", command("cd; rm -rf x"), "~"],
    ["the root", command("cd / && rm -rf etc"), "/"],
    ["an address of a file", command("curl file:///etc/hosts"), "/etc/hosts"],
    ["a program as an argument", command("rm /usr/bin/env"), "/usr/bin/env"],
    ["a program elsewhere", command("/srv/run"), "/srv/run"],
    [
      "a list of arguments",
      { kind: "execute", rawInput: { command: ["sh", "-c", "touch /srv/a"] } },
      "/srv/a",
    ],
    ["the title of a command", { kind: "execute", title: "touch /srv/a" }, "/srv/a"],
    ["a command whatever its kind", { rawInput: { command: "touch /srv/a" } }, "/srv/a"],
    ["a NUL", { rawInput: { path: "a\0b" } }, "a\0b"],
  ] as [string, Call, ...string[]][]
) {
  Deno.test(`allow does not cover ${what}: ${outside.join(" ").replace("\0", "NUL")}`, async () => {
    assert.deepEqual(await placesOutside(call, FOLDERS, plain), outside);
  });
}

Deno.test("a call that names more places than can be looked at is asked for", async () => {
  const many = command(Array.from({ length: 5000 }, (_, i) => `f${i}`).join(" "));
  assert.equal((await placesOutside(many, FOLDERS, plain)).length, 1);
});

Deno.test("links count by where they lead, also those to nothing, in a circle, and of the folder itself", async () => {
  const root = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const name of ["task", "other", "tmp"]) await Deno.mkdir(`${root}/${name}`);
    await Deno.mkdir(`${root}/task/src`);
    await Deno.symlink(`${root}/task`, `${root}/alias`);
    await Deno.symlink("../other", `${root}/task/out`);
    await Deno.symlink("../other/new.txt", `${root}/task/dangling`);
    await Deno.symlink("src", `${root}/task/in`);
    await Deno.symlink("loop", `${root}/task/loop`);
    const outside = (folder: string, path: string) =>
      placesOutside({ rawInput: { path } }, { working_dir: `${root}/${folder}`, tmp_dir: `${root}/tmp` });
    for (
      const path of ["a", "in/a", "src/../a", `${root}/task/a`, `${root}/alias/a`, "../alias/a", "in/../a"]
    ) {
      for (const folder of ["task", "alias"]) assert.deepEqual(await outside(folder, path), [], path);
    }
    for (const path of ["out", "out/a", "dangling", "out/../a", "loop", `${root}/alias/out/a`, "../task2"]) {
      for (const folder of ["task", "alias"]) assert.deepEqual(await outside(folder, path), [path], path);
    }
    const call = { kind: "execute", rawInput: { command: "echo hi > dangling" } };
    assert.deepEqual(
      await placesOutside(call, { working_dir: `${root}/task`, tmp_dir: `${root}/tmp` }),
      ["dangling"],
    );
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

const part = fc.stringMatching(/^[a-z0-9_][a-z0-9_.]{0,5}$/);
const parts = fc.array(fc.oneof(part, fc.constant(".."), fc.constant(".")), { minLength: 1, maxLength: 8 });

Deno.test("property: a path is covered if and only if it stays inside, wherever a call names it", async () => {
  await fc.assert(fc.asyncProperty(parts, fc.boolean(), async (way, absolute) => {
    const path = `${absolute ? "/" : ""}${way.join("/")}`;
    const place = await plain(absolute ? path : `/task/${path}`);
    const inside = ["/task", "/runs/tmp"].some((root) => place === root || place.startsWith(`${root}/`));
    const calls: Call[] = [
      { locations: [{ path }] },
      { content: [{ type: "diff", path, newText: "x" }] },
      { rawInput: { filePath: path } },
      command(`cat '${path}'`),
      command(`cat a > ${path}`),
    ];
    for (const call of calls) {
      const found = await placesOutside(call, FOLDERS, plain);
      assert.equal(found.length === 0, inside, `${path} in ${JSON.stringify(call)}: ${found}`);
    }
  }));
});

Deno.test("property: no call makes the search fail or run on", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (call, text) => {
    placesOf(call as Call, KNOWN);
    placesOf(command(text), KNOWN);
    placesInCommand(text, KNOWN);
  }));
  const long = " /a".repeat(400_000);
  assert.equal(placesInCommand(long, KNOWN).length, 1);
  placesInCommand("$(".repeat(200_000), KNOWN);
  placesInCommand("cd ".repeat(200_000), KNOWN);
  placesInCommand("-".repeat(400_000), KNOWN);
});

Deno.test("a policy decides alone, but none allows what is outside", () => {
  for (const policy of ["ask", "deny", "allow"] as const) {
    assert.equal(decisionFor(policy, { outside: [], isOwnTool: false }).decision, policy);
    const own = decisionFor(policy, { outside: ["/etc"], isOwnTool: true });
    assert.equal(own.decision, policy === "deny" ? "deny" : "allow", "who says delegate has said it");
  }
  const outside = { outside: ["/etc"], isOwnTool: false };
  assert.equal(decisionFor("allow", outside).decision, "ask");
  assert.equal(decisionFor("deny", outside).decision, "deny");
});
