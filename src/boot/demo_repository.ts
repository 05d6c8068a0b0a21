/** The demo's git repository, in which its agents work in worktrees of their own. */
import { dirname, join } from "node:path";
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock/clock.ts";
import { containedPrograms } from "../host/processes/contained_program.ts";
import { createGit } from "../workspaces/git.ts";

const log = getLogger(["opencode-agents", "demo"]);

const FILES = {
  "README.md": "# Shop\n\nA cart that adds up prices.\n",
  "lib/cart.js": [
    "/** The sum of the prices, in cents. */",
    "export function total(prices) {",
    "  let sum = 0;",
    "  for (const price of prices) sum += price;",
    "  return sum;",
    "}",
    "",
  ].join("\n"),
  "package.json": '{ "name": "shop", "version": "1.0.0", "type": "module" }\n',
};

const AUTHOR = ["user.name=Demo", "user.email=demo@localhost"];

/** Makes the repository with a first commit, and returns its folder; undefined where git cannot do that. */
export async function makeDemoRepository(folder: string, clock: Clock): Promise<string | undefined> {
  const path = join(folder, "shop");
  const git = createGit({ run: containedPrograms(clock), server_env: Deno.env.toObject() });
  try {
    for (const [name, text] of Object.entries(FILES)) {
      await Deno.mkdir(dirname(join(path, name)), { recursive: true });
      await Deno.writeTextFile(join(path, name), text);
    }
    await git.run(path, ["init", "--quiet", "--initial-branch=main"]);
    await git.run(path, ["add", "--all"]);
    await git.run(path, ["commit", "--quiet", "-m", "The shop"], { config: AUTHOR });
    return path;
  } catch (error) {
    log.warn("Without a git repository, the demo's tasks have no changes to review: {error}", { error });
    return undefined;
  }
}
