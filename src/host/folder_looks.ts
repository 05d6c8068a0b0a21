/**
 * Looks at folders, on file systems that may never answer: a network drive whose server is gone. A look cannot be given up, and
 * holds a thread of the process until then, so each is made only once at a time, and not too many are.
 */
import { type Clock, within } from "../clock/clock.ts";
import { ApiError } from "../domain/errors.ts";
import { enterFolder } from "./enter_folder.ts";
import { repositoryRoot } from "./repository_root.ts";

/** A look takes less than a millisecond, unless the drive is slow. */
const LOOK_MAX_MS = 10_000;
/** More looks that are late use up what other folders need. */
const LATE_MAX = 32;
const RETRY_AFTER_SECONDS = 30;
const LATE = Symbol();

/** What is asked of the system. Each throws the system's error. */
export interface FolderSystem {
  realPath(path: string): Promise<string>;
  enterFolder(path: string): Promise<void>;
  repositoryRoot(path: string): Promise<string>;
}

const SYSTEM: FolderSystem = { realPath: (path) => Deno.realPath(path), enterFolder, repositoryRoot };

interface Look {
  found: Promise<unknown>;
  isLate: boolean;
}

/** Each throws the system's error, and SERVICE_UNAVAILABLE for a folder that does not answer. */
export class FolderLooks implements FolderSystem {
  readonly #clock: Clock;
  readonly #system: FolderSystem;
  readonly #open = new Map<string, Look>();

  constructor(clock: Clock, system: FolderSystem = SYSTEM) {
    this.#clock = clock;
    this.#system = system;
  }

  readonly realPath = (path: string) => this.#look("realPath", path, this.#system.realPath);
  readonly enterFolder = (path: string) => this.#look("enterFolder", path, this.#system.enterFolder);
  readonly repositoryRoot = (path: string) => this.#look("repositoryRoot", path, this.#system.repositoryRoot);

  async #look<Found>(what: string, path: string, ask: (path: string) => Promise<Found>): Promise<Found> {
    const key = `${what} ${path}`;
    let look = this.#open.get(key);
    if (look === undefined) {
      if (this.#late >= LATE_MAX) throw notAnswering(path);
      look = { found: ask(path), isLate: false };
      this.#open.set(key, look);
      const close = () => void this.#open.delete(key);
      look.found.then(close, close);
    }
    if (look.isLate) throw notAnswering(path);
    const found = await within(this.#clock, LOOK_MAX_MS, look.found as Promise<Found>, LATE);
    if (found !== LATE) return found as Found;
    look.isLate = true;
    throw notAnswering(path);
  }

  get #late(): number {
    return [...this.#open.values()].filter(({ isLate }) => isLate).length;
  }
}

/** Whether the folder may answer later. */
export function isNotAnswering(error: unknown): error is ApiError {
  return error instanceof ApiError && error.details.reason === "no_answer";
}

function notAnswering(path: string): ApiError {
  const message =
    `The folder '${path}' does not answer. Its file system may have lost its server or its drive`;
  return new ApiError("SERVICE_UNAVAILABLE", message, {
    file_path: path,
    operation: "read",
    reason: "no_answer",
    retry_after_seconds: RETRY_AFTER_SECONDS,
  });
}
