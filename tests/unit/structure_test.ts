/** The rooms of the house and which of them may know which: read from every import of every module. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileNames, ROOT } from "./fixtures/sources.ts";

const BASE = ["clock", "domain"];
const WIRE = [...BASE, "protocol"];
const MACHINE = [...WIRE, "host"];
const SERVICE = [...MACHINE, "store"];
const ENGINE = [...SERVICE, "read"];
const API = [...ENGINE, "engine", "workspaces", "monitor", "access", "notify"];
const FACE = [...WIRE, "client"];

/** What each room may import besides itself. `boot` wires, and may import every other. */
const ROOMS: Record<string, string[]> = {
  clock: [],
  domain: ["clock"],
  protocol: BASE,
  host: WIRE,
  store: WIRE,
  read: SERVICE,
  workspaces: SERVICE,
  forges: MACHINE,
  agents: SERVICE,
  monitor: SERVICE,
  access: SERVICE,
  notify: SERVICE,
  engine: ENGINE,
  api: API,
  // MCP over stdio speaks to a server through the client.
  doors: [...API, "api", "client"],
  client: WIRE,
  cli: FACE,
  dashboard: FACE,
};

/** Module → modules of ours that it imports, all relative to the root. */
type Graph = Map<string, string[]>;

const IMPORT =
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

function importsOf(file: string, text: string): string[] {
  const specifiers = [...text.matchAll(IMPORT)].map((found) => (found[1] ?? found[2] ?? found[3])!);
  return specifiers.filter((specifier) => specifier.startsWith(".")).map((specifier) =>
    join(dirname(file), specifier)
  );
}

function roomOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1];
}

/** Imports that go against the arrows. `boot` and the entry may import every room; no room imports them. */
function wrongArrows(graph: Graph, rooms = ROOMS): string[] {
  const wrong: string[] = [];
  for (const [file, imports] of graph) {
    const room = roomOf(file);
    if (room === undefined || room === "boot") continue;
    const allowed = rooms[room];
    if (allowed === undefined) {
      wrong.push(`${file}: room '${room}' is in no plan`);
      continue;
    }
    for (const target of imports) {
      const other = roomOf(target);
      if (other !== room && !(other !== undefined && allowed.includes(other))) {
        wrong.push(`${file} -> ${target}`);
      }
    }
  }
  return wrong;
}

/** The cycles that a walk along the imports runs into, each as the way round. */
function cycles(graph: Graph): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const walk = (file: string): void => {
    if (way.includes(file)) {
      found.push([...way.slice(way.indexOf(file)), file].join(" -> "));
      return;
    }
    if (done.has(file)) return;
    way.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    way.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return found;
}

/** Whether a module only hands on what others hold. */
function isBarrel(text: string): boolean {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").trim();
  const rest = code.replace(
    /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s+from\s*"[^"]+";?/gm,
    "",
  );
  return code !== "" && rest.trim() === "";
}

/** A room or module for whatever found no place of its own. */
function isLumberRoom(file: string): boolean {
  return /(^|\/)(utils?|helpers?|misc|common)(\.tsx?|\/)/.test(file);
}

async function ourGraph(): Promise<{ graph: Graph; texts: Map<string, string> }> {
  const files = (await fileNames()).filter((file) =>
    /\.tsx?$/.test(file) && (file.startsWith("src/") || !file.includes("/"))
  );
  const texts = new Map<string, string>();
  for (const file of files) texts.set(file, await Deno.readTextFile(join(ROOT, file)));
  return { texts, graph: new Map([...texts].map(([file, text]) => [file, importsOf(file, text)])) };
}

Deno.test("imports follow the arrows between the rooms", async () => {
  const { graph } = await ourGraph();
  assert.ok(graph.size > 50 && graph.get("src/boot/serve.ts")!.length > 10, "the imports were not found");
  assert.deepEqual(wrongArrows(graph), []);
});

Deno.test("no modules import each other in a cycle", async () => {
  assert.deepEqual(cycles((await ourGraph()).graph), []);
});

Deno.test("no module only re-exports, and none is called utils", async () => {
  const { texts } = await ourGraph();
  assert.deepEqual([...texts].filter(([, text]) => isBarrel(text)).map(([file]) => file), []);
  assert.deepEqual([...texts.keys()].filter(isLumberRoom), []);
});

Deno.test("every form of import is recognized", () => {
  const text = `
import { a } from "../store/a.ts";
import type {
  B,
} from "./b.ts";
import "./c.ts";
export { d } from "./d.ts";
const e = await import("./e.ts");
import * as z from "zod";`;
  const seen = importsOf("src/api/x.ts", text);
  const wanted = ["src/store/a.ts", "src/api/b.ts", "src/api/c.ts", "src/api/d.ts", "src/api/e.ts"];
  assert.deepEqual(seen, wanted);
});

Deno.test("an import against the arrows, of the root or in an unplanned room is found", () => {
  const graph: Graph = new Map([
    ["src/domain/a.ts", ["src/store/b.ts", "src/clock/c.ts"]],
    ["src/engine/d.ts", ["main.ts"]],
    ["src/attic/e.ts", []],
    ["main.ts", ["src/doors/f.ts"]],
  ]);
  assert.deepEqual(wrongArrows(graph), [
    "src/domain/a.ts -> src/store/b.ts",
    "src/engine/d.ts -> main.ts",
    "src/attic/e.ts: room 'attic' is in no plan",
  ]);
});

Deno.test("a cycle, a barrel and a utils module are found", () => {
  const graph: Graph = new Map([["a.ts", ["b.ts"]], ["b.ts", ["c.ts"]], ["c.ts", ["a.ts"]]]);
  assert.deepEqual(cycles(graph), ["a.ts -> b.ts -> c.ts -> a.ts"]);
  assert.equal(isBarrel('/** All. */\nexport * from "./a.ts";\nexport {\n  b,\n} from "./b.ts";\n'), true);
  assert.equal(isBarrel('export * from "./a.ts";\nexport const b = 1;\n'), false);
  assert.equal(isLumberRoom("src/engine/utils.ts"), true);
});
