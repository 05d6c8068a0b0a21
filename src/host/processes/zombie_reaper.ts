/**
 * Reaps orphans when this process is PID 1. Deno waits only for its own children, so this calls the C library, which
 * takes the permission `ffi` (all permissions include it).
 */
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock/clock.ts";
import { listRows } from "./process_rows.ts";

const log = getLogger(["opencode-agents", "main"]);

const LOOK_EVERY_MS = 200;
/** Deno reaps its own children at once. What is a zombie at so many looks in a row is none of them. */
const LOOKS = 3;

const P_ALL = 0;
const WNOHANG = 1;
const WEXITED = 4;
/** Looks without reaping. */
const WNOWAIT = 0x01000000;
const SIGINFO_BYTES = 128;
const PID_AT = 16;

/** Begins to reap. Undefined if this process is not PID 1 of a Linux, or may not call the C library. */
export function reapOrphans(clock: Clock): { stop(): void } | undefined {
  if (Deno.build.os !== "linux" || Deno.pid !== 1) return undefined;
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  try {
    return reaping(clock, openLibc());
  } catch (error) {
    log.warn("orphans cannot be reaped: {error}", { error });
    return undefined;
  }
}

interface Libc {
  /** Whether any child of this process is a zombie. */
  hasZombie(): boolean;
  reap(pid: number): void;
  close(): void;
}

function openLibc(): Libc {
  const { symbols, close } = Deno.dlopen("libc.so.6", {
    waitid: { parameters: ["i32", "u32", "buffer", "i32"], result: "i32" },
    waitpid: { parameters: ["i32", "pointer", "i32"], result: "i32" },
  });
  const info = new Uint8Array(SIGINFO_BYTES);
  const view = new DataView(info.buffer);
  return {
    hasZombie() {
      info.fill(0);
      return symbols.waitid(P_ALL, 0, info, WEXITED | WNOHANG | WNOWAIT) === 0 &&
        view.getInt32(PID_AT, true) > 0;
    },
    reap: (pid) => void symbols.waitpid(pid, null, WNOHANG),
    close,
  };
}

function reaping(clock: Clock, libc: Libc): { stop(): void } {
  /** How often each zombie was seen in a row. */
  let seen = new Map<number, number>();
  let looking = false;
  let stopped = false;

  async function look(): Promise<void> {
    if (!libc.hasZombie()) return seen.clear();
    const zombies = (await listRows(clock, "all")).filter((row) =>
      row.ppid === Deno.pid && row.state === "Z"
    );
    if (stopped) return;
    const now = new Map<number, number>();
    for (const { pid } of zombies) {
      const times = (seen.get(pid) ?? 0) + 1;
      if (times >= LOOKS) libc.reap(pid);
      else now.set(pid, times);
    }
    seen = now;
  }

  const timer = clock.every(LOOK_EVERY_MS, () => {
    if (looking) return;
    looking = true;
    look().catch((error) => log.warn("orphans were not looked at: {error}", { error })).finally(() =>
      looking = false
    );
  });
  return {
    stop() {
      timer.cancel();
      stopped = true;
      libc.close();
    },
  };
}
