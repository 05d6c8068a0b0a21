/** Moves references all at once, with something else done while they are locked. */
import type { Git, GitPlace } from "./git.ts";

export interface RefChange {
  ref: string;
  /** The commit that it must have now; undefined if it must not exist. */
  from: string | undefined;
  /** Undefined: it goes. */
  to: string | undefined;
}

/** Somebody else has moved a reference, or holds its lock. */
export class RefsBusy extends Error {
  override readonly name = "RefsBusy";
  /** Whether a lock is in the way. It may be left by a git that crashed. */
  readonly isLocked: boolean;

  constructor(words: string) {
    super(words);
    this.isLocked = words.includes("File exists") || words.includes(".lock");
  }
}

type Bytes = Uint8Array<ArrayBuffer>;

const PREPARED = "prepare: ok";

/**
 * Locks the references, calls `during`, and moves them. If `during` throws, none has moved. Throws `RefsBusy` if they are
 * not as expected. If this process dies meanwhile, git gives the locks back. `reason` goes to the reflog.
 */
export async function moveRefs(
  git: Git,
  place: GitPlace,
  changes: readonly RefChange[],
  reason: string,
  identity: Record<string, string>,
  during: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { readable, writable } = new TransformStream<Bytes, Bytes>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  // Nobody reads what is written after git has ended.
  const say = (lines: readonly string[]) =>
    void writer.write(encoder.encode(lines.map((line) => `${line}\n`).join(""))).catch(() => {});
  const prepared = Promise.withResolvers<"prepared">();
  let heard = "";
  const decoder = new TextDecoder();
  const ended = git.run(place, ["update-ref", "-m", reason, "--stdin"], {
    stdin: readable,
    heard: (bytes) => {
      heard += decoder.decode(bytes, { stream: true });
      if (heard.includes(PREPARED)) prepared.resolve("prepared");
    },
    env: identity,
    accepts: [1, 128],
    bound_ms: TRANSACTION_MS,
  });
  say(["start", ...changes.map(lineOf), "prepare"]);
  const first = await Promise.race([prepared.promise, ended]);
  if (first !== "prepared") {
    await close(writer);
    throw new RefsBusy(first.stderr.trim());
  }
  try {
    await during();
  } catch (error) {
    say(["abort"]);
    await close(writer);
    await ended;
    throw error;
  }
  say(["commit"]);
  await close(writer);
  const { code, stderr } = await ended;
  if (code !== 0) throw new RefsBusy(stderr.trim());
}

/** What is done meanwhile has its own bounds, which are shorter. */
const TRANSACTION_MS = 900_000;

function lineOf({ ref, from, to }: RefChange): string {
  if (to === undefined) return `delete ${ref} ${from}`;
  return from === undefined ? `create ${ref} ${to}` : `update ${ref} ${to} ${from}`;
}

async function close(writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  try {
    await writer.close();
  } catch {
    // git has ended already.
  }
}
