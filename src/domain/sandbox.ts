/** What an agent may see and change of the machine: how the configuration says it. */
import * as z from "zod";
import { ApiError } from "./errors.ts";
import { text } from "./scalars.ts";

const paths = z.array(text(1, 4096)).max(100);

export const Sandbox = z.strictObject({
  kind: z.enum(["none", "bwrap"]).describe(
    "none: the agent sees and changes what the account of the server may. bwrap: bubblewrap shows it the system read-only, " +
      "without the data folder and the folders of other tasks. Linux only.",
  ),
  network: z.boolean().default(true).describe(
    "Whether the agent reaches the network. Without it, it reaches neither a model's provider nor this server.",
  ),
  write: paths.default([]).describe(
    "More files and folders that it may change, besides its workspace. See Paths.",
  ),
  read: paths.default([]).describe(
    "More files and folders that it may read, of what it would not see. See Paths.",
  ),
  home: z.enum(["shared", "own"]).default("shared").describe(
    "shared: it reads the account's home folder, without the usual places of secrets, and changes there only what its make " +
      "keeps, such as its sessions and its login. own: it has a home folder of its own, and does not see the account's.",
  ),
});
export type Sandbox = z.infer<typeof Sandbox>;

/** What is enforced; undefined for an agent that is held back by nothing. */
export function enforced(sandbox: Sandbox | undefined): Sandbox | undefined {
  return sandbox?.kind === "bwrap" ? sandbox : undefined;
}

/** The error of a server that makes no sandboxes. */
export function noSandboxes(agent: string): ApiError {
  return new ApiError(
    "SERVICE_UNAVAILABLE",
    `No sandbox: this server makes none, but agent '${agent}' is to run in one`,
    {
      agent,
      missing: ["sandbox"],
    },
  );
}
