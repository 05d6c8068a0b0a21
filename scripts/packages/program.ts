/**
 * The program as an npm package, `opencode-agents`. The packages that it imports are inside, as locked, and npm installs
 * Deno with it, so a start downloads nothing. Deno does not run TypeScript below node_modules, so the modules are
 * JavaScript, with their comments.
 */
import { dirname, extname, join } from "node:path";
import ts from "typescript";
import manifest from "../../deno.json" with { type: "json" };
import { buildDashboard } from "../dashboard.ts";
import { ROOT } from "../root.ts";
import { START_PERMISSIONS, V8_FLAGS } from "../start_flags.ts";
import { contentsOf, ownLock } from "./contents.ts";
import { type LockedPackages, lockedPackages } from "./deno_lock.ts";
import { materialsOf } from "./materials.ts";
import { layoutOf } from "./node_modules.ts";
import { packed, write } from "./tarball.ts";
import { testedDeno } from "./tested_deno.ts";

export const NAME = "opencode-agents";
const ENTRY = "main.ts";
/** The program that npm puts on PATH. */
const LAUNCHER = "bin/opencode-agents.js";
const LAUNCHER_SOURCE = "deploy/npm/opencode-agents.js";
const LICENSES = "THIRD_PARTY_LICENSES.txt";
const DOCUMENTS = ["README.md", "CHANGELOG.md", "docs"];
/** Both are text: the picture in the README is not worth its size here. */
const DOCUMENT = /\.md$/;

/** Packs the program. Returns the path of the package. */
export async function packProgram(output: string): Promise<string> {
  return await packed({ name: NAME, version: manifest.version, output }, assemble);
}

async function assemble(folder: string): Promise<void> {
  const { modules, imported, folders } = await contentsOf(ENTRY);
  const locked = lockedPackages(await ownLock());
  for (const module of modules) await writeModule(folder, module);
  for (const [path, id] of layoutOf(imported, locked)) await copyFolder(folders.get(id)!, join(folder, path));
  await copyFolder(await buildDashboard(), join(folder, "dist/dashboard"));
  for (const document of DOCUMENTS) await copyDocuments(document, folder);
  await copyFile(LAUNCHER_SOURCE, folder, LAUNCHER);
  // What Deno had locked when the package was made, the dashboard's packages included.
  await copyFile("deno.lock", folder);
  const settings = {
    version: manifest.version,
    unstable: manifest.unstable,
    // The packages are inside.
    nodeModulesDir: "manual",
    lock: false,
  };
  await write(folder, "deno.json", json(settings));
  // The dashboard's files contain packages, too, whose license texts must go along.
  await write(folder, LICENSES, (await materialsOf({ name: NAME, version: manifest.version })).licenses);
  const description = {
    name: NAME,
    version: manifest.version,
    description:
      "Mission control for coding agents: starts, schedules, watches, cancels and retries their tasks",
    keywords: ["agents", "coding-agents", "opencode", "claude-code", "codex", "gemini", "acp", "mcp"],
    type: "module",
    bin: { [NAME]: LAUNCHER },
    engines: { node: ">=18" },
    dependencies: { ...versionsOf(imported, locked), deno: await testedDeno() },
    bundleDependencies: Object.keys(versionsOf(imported, locked)),
    denoFlags: [...V8_FLAGS, ...START_PERMISSIONS],
  };
  await write(folder, "package.json", json(description));
}

/** Name → version, as in package.json. */
function versionsOf(ids: readonly string[], packages: LockedPackages): Record<string, string> {
  return Object.fromEntries(ids.map((id) => packages.get(id)!).map(({ name, version }) => [name, version]));
}

async function writeModule(folder: string, module: string): Promise<void> {
  const extension = extname(module);
  // Data, and declarations of types. The package has a deno.json of its own.
  if (extension !== ".ts" || module.endsWith(".d.ts")) return;
  const { outputText, diagnostics = [] } = ts.transpileModule(await Deno.readTextFile(join(ROOT, module)), {
    fileName: module,
    reportDiagnostics: true,
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  if (diagnostics.length > 0) {
    throw new Error(`${module}: ${ts.flattenDiagnosticMessageText(diagnostics[0]!.messageText, "\n")}`);
  }
  await write(folder, module.slice(0, -extension.length) + ".js", outputText);
}

async function copyFile(from: string, folder: string, to = from): Promise<void> {
  const target = join(folder, to);
  await Deno.mkdir(dirname(target), { recursive: true });
  await Deno.copyFile(join(ROOT, from), target);
}

async function copyDocuments(place: string, folder: string): Promise<void> {
  if (!(await Deno.stat(join(ROOT, place))).isDirectory) return await copyFile(place, folder);
  for await (const { name } of Deno.readDir(join(ROOT, place))) {
    if (DOCUMENT.test(name)) await copyFile(join(place, name), folder);
  }
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    // The stamp of the dashboard is for its next build.
    if (!name.startsWith(".")) {
      await (isDirectory ? copyFolder : Deno.copyFile)(join(from, name), join(to, name));
    }
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
