/**
 * How Codex is held back: by its mode `read-only`, a sandbox in which nothing can be written. To leave it, Codex asks. Its
 * rules are the exception: what they allow runs outside of the sandbox, unasked.
 */
import { dirname, join } from "node:path";
import type { Binding, PolicyRequest, StartingPlace } from "./agent_make.ts";

/** Of such a write it sends no more than the command's output, and at times not even that. */
const FAILED_WRITES =
  'permissions: "deny": what Codex tries to write in its sandbox fails. That does not fail its task';

export function bindCodex({ permissions }: PolicyRequest): Binding {
  if (permissions === "allow") return {};
  return {
    async prepare(place) {
      const { env, working_dir } = place;
      const own = await allowing(place, join(env.CODEX_HOME ?? join(env.HOME ?? "", ".codex"), "rules"));
      const given = (await Promise.all(
        [...folderAndAbove(working_dir)].map((folder) => allowing(place, join(folder, ".codex/rules"))),
      )).flat().filter((file) => !own.includes(file));
      const held = permissions === "deny" ? [...own, ...given] : given;
      if (held.length > 0) {
        return {
          obstacle:
            `permissions: "${permissions}" cannot hold Codex back here, since what its rules allow runs ` +
            `unasked: ${held.join(", ")}`,
        };
      }
      const warnings = own.map((file) => `Codex runs what ${file} allows without asking`);
      if (permissions === "deny") warnings.push(FAILED_WRITES);
      return { warnings };
    },
  };
}

function* folderAndAbove(folder: string): Generator<string> {
  yield folder;
  for (let at = folder; dirname(at) !== at; at = dirname(at)) yield dirname(at);
}

/** The files of rules in a folder of which at least one allows something. */
async function allowing({ list, read }: StartingPlace, folder: string): Promise<string[]> {
  const files = (await list(folder)).filter((file) => file.endsWith(".rules"));
  const texts = await Promise.all(files.map(read));
  return files.filter((_, index) => allowsSomething(texts[index] ?? ""));
}

/** A rule that does not decide otherwise allows. */
function allowsSomething(rules: string): boolean {
  const text = rules.replace(/^\s*#.*$/gm, "");
  const all = text.match(/\bprefix_rule\s*\(/g)?.length ?? 0;
  const other = text.match(/\bdecision\s*=\s*["'](prompt|forbidden)["']/g)?.length ?? 0;
  return all > other;
}
