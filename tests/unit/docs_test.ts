/** Whatever the documents name exists: files, headings, tasks, commands. */
import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { fileNames, ROOT } from "./fixtures/sources.ts";

const names = await fileNames();
const pages = new Map<string, string>();
for (const name of names) {
  // The API's document is a fixture, not ours to write.
  if (name.endsWith(".md") && !name.startsWith("tests/")) {
    pages.set(name, await Deno.readTextFile(join(ROOT, name)));
  }
}

/** As a heading is named in a link. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replace(/\s/g, "-")
  );
}

function brokenLinks(page: string, text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, anchor] = link.split("#");
    const target = path === "" ? page : normalize(join(dirname(page), path!));
    if (!names.includes(target)) return true;
    return anchor !== undefined && !anchors(pages.get(target) ?? "").includes(anchor);
  });
}

Deno.test("links between the documents resolve", () => {
  assert.ok(pages.size > 5);
  for (const [page, text] of pages) assert.deepEqual(brokenLinks(page, text), [], page);
  assert.deepEqual(brokenLinks("README.md", "[a](docs/none.md) [b](#no-such) [c](README.md)"), [
    "docs/none.md",
    "#no-such",
  ]);
});

/** Paths below a room of the repository, in code or in prose. `NAME` and `*` stand for any name. */
const PATH =
  /(?<![\w./~-])(?:(?:src|tests|scripts|docs|deploy)\/[\w./*-]*[\w*]|(?:main\.ts|deno\.json|deno\.lock)(?![\w.]))/g;

function missingPaths(text: string): string[] {
  return [...text.matchAll(PATH)].map(([path]) => path).filter((path) => {
    const pattern = path.replaceAll(".", "\\.").replace(/NAME|\*/g, "[^/]+");
    const isThere = new RegExp(`^${pattern}(?:/|$)`);
    return !names.some((name) => isThere.test(name));
  });
}

Deno.test("every path that the documents name exists", () => {
  for (const [page, text] of pages) assert.deepEqual(missingPaths(text), [], page);
  assert.deepEqual(
    missingPaths("`src/api/router.ts`, `tests/api`, src/agents/makes/NAME.ts, tests/api/*_test.ts, main.ts."),
    [],
  );
  assert.deepEqual(missingPaths("see src/api/no_such.ts, `tests/none` and src/agents/none/NAME.ts"), [
    "src/api/no_such.ts",
    "tests/none",
    "src/agents/none/NAME.ts",
  ]);
});

Deno.test("the README stays short", () => {
  const words = pages.get("README.md")!.split(/\s+/).filter((word) => word !== "").length;
  assert.ok(words > 100 && words < 700, `${words} words`);
});

Deno.test("every room of the house is in the architecture's table", () => {
  const rooms = new Set(names.flatMap((name) => /^src\/[^/]+(?=\/)/.exec(name) ?? []));
  assert.ok(rooms.size > 10);
  const described = [...pages.get("docs/architecture.md")!.matchAll(/^\| `(src\/\w+)` \|/gm)];
  assert.deepEqual(described.map(([, room]) => room!).sort(), [...rooms].sort());
});

/** In prose between backticks, in an example at the beginning of a line. */
function namedCommands(text: string): string[] {
  return [...text.matchAll(/(?:`|^(?:\$ )?)(?:npx )?opencode-agents ([a-z][a-z-]*)/gm)].map(([, name]) =>
    name!
  );
}

async function commandsOfProgram(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}main.ts`, "--help"],
  }).output();
  return [...new TextDecoder().decode(stdout).matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name]) => name!);
}

Deno.test("the tasks and commands that the documents name exist", async () => {
  const commands = await commandsOfProgram();
  assert.ok(commands.includes("serve"));
  for (const [page, text] of pages) {
    for (const [, task] of text.matchAll(/deno(?:@[\d.]+)? task (?:-q )?([a-z][a-z:]*)/g)) {
      assert.ok(task! in manifest.tasks, `${page}: deno task ${task}`);
    }
    for (const command of namedCommands(text)) {
      assert.ok(commands.includes(command), `${page}: opencode-agents ${command}`);
    }
  }
  assert.deepEqual(
    namedCommands("`opencode-agents a`\n$ opencode-agents b\nopencode-agents c -x # opencode-agents."),
    [
      "a",
      "b",
      "c",
    ],
  );
});

const SHELL_BLOCK = /^```(?:sh|console)\n([^]*?)^```$/gm;

/** The options that a text's examples give to each command. */
function namedOptions(text: string): [command: string, option: string][] {
  return [...text.matchAll(SHELL_BLOCK)].flatMap(([, block]) =>
    [...block!.matchAll(/^(?:\$ )?opencode-agents ([a-z]+)([^\n#]*)/gm)].flatMap(([, command, rest]) =>
      // Not what stands in quotes.
      [...rest!.replaceAll(/"[^"]*"/g, "").matchAll(/(?<=\s)(--?[a-z][a-z-]*)/g)].map(([, option]) =>
        [command!, option!] as [string, string]
      )
    )
  );
}

async function helpOf(command: string): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${ROOT}main.ts`, "help", command],
  }).output();
  return new TextDecoder().decode(stdout);
}

Deno.test("the options that the story of the loop names exist", async () => {
  const named = ["README.md", "docs/the_loop.md"].flatMap((page) => namedOptions(pages.get(page)!));
  assert.ok(named.length > 8);
  const helps = new Map<string, string>();
  for (const [command, option] of named) {
    if (!helps.has(command)) helps.set(command, await helpOf(command));
    assert.match(helps.get(command)!, new RegExp(`(?<![\\w-])${option}(?![\\w-])`), `${command} ${option}`);
  }
});

Deno.test("every page is in the README's index, and every picture in a page", () => {
  const linked = (text: string) => [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link]) => link!);
  const index = linked(pages.get("README.md")!);
  const docs = [...pages.keys()].filter((page) => page.startsWith("docs/"));
  assert.deepEqual(docs.filter((page) => !index.includes(page)), []);
  const shown = [...pages].flatMap(([page, text]) =>
    linked(text).map((link) => normalize(join(dirname(page), link)))
  );
  assert.deepEqual(names.filter((name) => /^docs\/.*\.png$/.test(name) && !shown.includes(name)), []);
});

Deno.test("every command of the program is in the page about the command line", async () => {
  const cells = pages.get("docs/commands.md")!.matchAll(/^\| (`(?:\\\||[^|\n])+) \|/gm);
  const described = new Set([...cells].flatMap(([, cell]) => cell!.match(/(?<=`)[a-z][a-z-]*/g) ?? []));
  const missing = (await commandsOfProgram()).filter((command) => !described.has(command));
  assert.deepEqual(missing, [], `docs/commands.md does not describe: ${missing.join(", ")}`);
});
