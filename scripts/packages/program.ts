/**
 * The program as an npm package, `opencode-agents`: as it is built, so that npm installs nothing with it but Deno, and a
 * start downloads nothing. Its sources and what was locked go along: the stack traces name them.
 */
import { dirname, join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { buildDashboard } from "../dashboard.ts";
import { buildProgram, PROGRAM } from "../program_bundle.ts";
import { ROOT } from "../root.ts";
import { START_FLAGS } from "../start_flags.ts";
import { materialsOf } from "./materials.ts";
import { packed, write } from "./tarball.ts";
import { testedDeno } from "./tested_deno.ts";

export const NAME = "opencode-agents";
/** The program that npm puts on PATH. */
const LAUNCHER = "bin/opencode-agents.js";
const LAUNCHER_SOURCE = "deploy/npm/opencode-agents.js";
/** npm takes Deno by the hashes in it. */
const SHRINKWRAP = "npm-shrinkwrap.json";
const LICENSES = "THIRD_PARTY_LICENSES.txt";
const SOURCES = ["main.ts", "src", "deno.lock"];
const DOCUMENTS = ["README.md", "CHANGELOG.md", "docs"];
/** Both are text: the picture in the README is not worth its size here. */
const DOCUMENT = /\.md$/;

/** Packs the program. Returns the path of the package. */
export async function packProgram(output: string): Promise<string> {
  return await packed({ name: NAME, version: manifest.version, output }, assemble);
}

async function assemble(folder: string): Promise<void> {
  await copy(await buildProgram(), join(folder, dirname(PROGRAM)));
  await copy(await buildDashboard(), join(folder, "dist/dashboard"));
  for (const source of SOURCES) await copy(join(ROOT, source), join(folder, source));
  // The tasks need more than the package contains.
  const { tasks: _, ...settings } = manifest;
  await write(folder, "deno.json", json(settings));
  for (const document of DOCUMENTS) await copy(join(ROOT, document), join(folder, document), DOCUMENT);
  await copy(join(ROOT, LAUNCHER_SOURCE), join(folder, LAUNCHER));
  // The program and the page contain packages, whose license texts must go along.
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
    dependencies: { deno: await testedDeno() },
    program: PROGRAM,
    denoFlags: START_FLAGS,
  };
  await write(folder, "package.json", json(description));
  await write(folder, SHRINKWRAP, json(await shrinkwrap(description)));
}

/** What was locked of what the package needs. Throws if that is something else. */
async function shrinkwrap(
  { name, version, dependencies }: { name: string; version: string; dependencies: Record<string, string> },
): Promise<object> {
  const lock = JSON.parse(await Deno.readTextFile(join(ROOT, "deploy/npm", SHRINKWRAP)));
  for (const [dependency, needed] of Object.entries(dependencies)) {
    if (lock.packages[`node_modules/${dependency}`]?.version === needed) continue;
    throw new Error(
      `deploy/npm/${SHRINKWRAP} does not lock ${dependency} ${needed}: write it there, then run \`npm install ` +
        "--package-lock-only --ignore-scripts --omit-lockfile-registry-resolved\` in that folder",
    );
  }
  const packages = { ...lock.packages, "": { name, version, dependencies } };
  return { ...lock, name, version, packages };
}

/** Copies a file, or of a folder the files whose names match, without the stamp of a build. */
async function copy(from: string, to: string, names = /^[^.]/): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory || names.test(name)) await copy(join(from, name), join(to, name), names);
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2) + "\n";
}
