/** Keeps the machine from sleeping while there is something to do: by a program that holds it awake as long as it runs. */
import { getLogger } from "@logtape/logtape";

const log = getLogger(["opencode-agents", "host"]);

/**
 * The program for each platform. It ends with the server, however that ends: `cat` when its stdin is closed, `caffeinate` with
 * the process that it watches.
 */
export function awakeProgram(os: string, pid: number): [string, ...string[]] | undefined {
  switch (os) {
    case "linux":
      return [
        "systemd-inhibit",
        "--what=idle:sleep",
        "--who=opencode-agents",
        "--why=Coding agents are at work",
        "--mode=block",
        "cat",
      ];
    case "darwin":
      return ["caffeinate", "-i", "-w", String(pid)];
    default:
      return undefined;
  }
}

export interface KeepAwakeOptions {
  /** As `awakeProgram` names it. */
  command: readonly string[] | undefined;
  env: Record<string, string>;
}

export class KeepAwake {
  readonly #options: KeepAwakeOptions;
  #child: Deno.ChildProcess | undefined;
  /** It cannot be had here, which was said. */
  #isGivenUp = false;

  constructor(options: KeepAwakeOptions) {
    this.#options = options;
  }

  /** Whether a program holds the machine awake. */
  get isHolding(): boolean {
    return this.#child !== undefined;
  }

  /** Holds the machine awake from now on, or no longer. */
  set(isNeeded: boolean): void {
    if (isNeeded === this.isHolding || (isNeeded && this.#isGivenUp)) return;
    if (isNeeded) this.#hold();
    else this.#release();
  }

  #hold(): void {
    const { command, env } = this.#options;
    if (command === undefined) return this.#giveUp("there is no program for it on this platform");
    const [program, ...args] = command;
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command(program!, {
        args,
        env,
        clearEnv: true,
        stdin: "piped",
        stdout: "null",
        stderr: "null",
      }).spawn();
    } catch (error) {
      return this.#giveUp((error as Error).message);
    }
    this.#child = child;
    void child.status.then(({ code }) => {
      if (this.#child !== child) return;
      this.#child = undefined;
      void child.stdin.close().catch(() => {});
      this.#giveUp(`${program} ended with exit code ${code}`);
    });
  }

  #release(): void {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    // The inhibitor's own child ends when its stdin does, and the inhibitor with it.
    void child.stdin.close().catch(() => {});
    try {
      child.kill();
    } catch {
      // It has ended.
    }
  }

  #giveUp(why: string): void {
    this.#isGivenUp = true;
    log.warn("The machine cannot be kept awake while tasks run: {why}", { why });
  }
}
