/** The program bubblewrap: whether it is there, and whether this kernel lets it make sandboxes. */
import type { Clock } from "../../clock/clock.ts";
import { ApiError } from "../../domain/errors.ts";
import { runBriefly } from "../processes/brief_program.ts";
import { findProgram } from "../processes/find_program.ts";
import { sandboxArguments } from "./mounts.ts";

const PROGRAM = "bwrap";
const TRIAL_MS = 5000;
/** How long a trial that succeeded is not repeated. What is missing is looked for each time. */
const FRESH_MS = 60_000;
const SHELL = "/bin/sh";

export class Bubblewrap {
  readonly #clock: Clock;
  readonly #search: string | undefined;
  #works_until_ms = -Infinity;
  #trial: Promise<string> | undefined;

  /** `search`: the server's PATH. */
  constructor(clock: Clock, search: string | undefined) {
    this.#clock = clock;
    this.#search = search;
  }

  /** The program's path. Throws `SERVICE_UNAVAILABLE` if it is missing, or if the kernel refuses what it needs. */
  async path(): Promise<string> {
    const path = await this.#find();
    if (this.#clock.monotonic() < this.#works_until_ms) return path;
    return await (this.#trial ??= this.#try(path).finally(() => this.#trial = undefined));
  }

  async #find(): Promise<string> {
    if (Deno.build.os !== "linux") {
      throw unavailable("bubblewrap runs on Linux only", "Run the server on Linux, or in a container", [
        PROGRAM,
      ]);
    }
    if ((await Deno.permissions.query({ name: "read" })).state !== "granted") {
      const advice = "Start it with --allow-read, or with all permissions";
      throw unavailable("the server may not look at what a sandbox is made of", advice, ["--allow-read"]);
    }
    const path = await findProgram(PROGRAM, this.#search);
    if (path === undefined) {
      throw unavailable("bubblewrap is not installed: there is no 'bwrap' on PATH", INSTALL, [PROGRAM]);
    }
    if ((await Deno.permissions.query({ name: "run", command: path })).state !== "granted") {
      const permission = `--allow-run=${PROGRAM}`;
      throw unavailable(`the server may not run '${path}'`, `Start it with ${permission}`, [permission]);
    }
    return path;
  }

  async #try(path: string): Promise<string> {
    const args = sandboxArguments({
      places: [{ path: "/var/tmp", access: "hide" }],
      network: true,
      isRoot: isRoot(),
      cwd: "/",
    });
    const { code, stderr } = await runBriefly(this.#clock, path, [...args, SHELL, "-c", ":"], TRIAL_MS);
    if (code !== 0) throw refused(stderr);
    this.#works_until_ms = this.#clock.monotonic() + FRESH_MS;
    return path;
  }
}

/** Whether this server runs as root, or may not know. */
export function isRoot(): boolean {
  try {
    return Deno.uid() === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return true;
    throw error;
  }
}

const INSTALL = "Install it: apt install bubblewrap, dnf install bubblewrap, pacman -S bubblewrap";

/** What bubblewrap says when it cannot make a sandbox. */
export function refused(words: string): ApiError {
  const reason = words.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
  const isOfKernel = /namespace|uid map|gid map|Operation not permitted|clone|setns|newroot|pivot_root/i.test(
    reason,
  );
  return unavailable(
    `bubblewrap cannot make a sandbox here: ${reason === "" ? "it does not say why" : reason}`,
    isOfKernel ? ALLOW : "See docs/sandbox.md",
    [isOfKernel ? "user namespaces" : PROGRAM],
    reason,
  );
}

const ALLOW =
  "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces above 0, on Ubuntu an " +
  "AppArmor profile for bwrap; in a container, the security options that docs/sandbox.md names";

function unavailable(problem: string, advice: string, missing: string[], reason?: string): ApiError {
  return new ApiError("SERVICE_UNAVAILABLE", `No sandbox: ${problem}. ${advice}`, {
    missing,
    advice,
    ...reason !== undefined && { reason },
  });
}
