/**
 * The reaper: a small process beside the server that ends the agents if the server is killed. The server names every
 * agent process to it over a pipe. It acts when the pipe closes, or when the time that the agents have is over.
 *
 * Lines in: `instance ID`, `groups FOLDER`, `add PID STARTED GRACE_MS`, `remove PID`, `until MS`. Line out: `ready`.
 * It imports little, so that it stays small.
 */
import { type Clock, sleep } from "../../clock/clock.ts";
import { instanceMark } from "./environment.ts";
import { Leash } from "./leash.ts";
import { readLines } from "../reporting/lines.ts";
import { continueTree, endTree } from "../../host/processes/end_tree.ts";
import type { ProcessIdentity } from "../../host/processes/process_identity.ts";
import { processLists } from "../../host/processes/process_lists.ts";
import { containedTree, createTree, type EnvironmentMark } from "../../host/processes/process_tree.ts";
import { signalAll } from "../../host/processes/signals.ts";
import { containedIn } from "./group_list.ts";

/** From SIGTERM to SIGKILL. Shorter than usual, since a new server may already wait for the agents to be gone. */
const KILL_AFTER_MS = 3000;

/** How often it checks whether the agents have ended by themselves. */
const LOOK_EVERY_MS = 200;

interface Registered extends ProcessIdentity {
  /** How long the process may take to end by itself after its stdin was closed. 0: SIGTERM at once. */
  grace_ms: number;
}

/** Runs until the server has closed stdin and all processes that are registered or have its mark are gone. */
export async function runReaper(clock: Clock): Promise<void> {
  // Signals are ignored: a terminal or service manager that stops the server may also signal this process.
  const stay = () => {};
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, stay);
  const registered = new Map<number, Registered>();
  let instance_id = "";
  let groups: string | undefined;
  const utf8 = new TextEncoder();
  const output = Deno.stdout.writable.getWriter();
  const say = (line: string) => {
    // Fails if the server is gone. The end of stdin reports that too.
    output.write(utf8.encode(line + "\n")).catch(() => {});
  };
  const contained = () => groups === undefined ? Promise.resolve(undefined) : containedIn(clock, groups);
  let killing: Promise<unknown> = Promise.resolve();
  const leash = new Leash(clock, () => {
    const all = createTree(
      processLists(clock),
      [...registered.values()],
      instanceMark(instance_id),
      contained,
    );
    killing = Promise.allSettled([
      killing,
      endTree(clock, all, 0).catch(() => killUnlisted(clock, registered, contained)),
    ]);
  });
  await readLines(Deno.stdin.readable, (line) => {
    const [verb, ...words] = line.split(" ");
    const [pid, started, grace_ms] = words.map(Number);
    if (verb === "instance") {
      instance_id = words[0]!;
      say("ready");
    } else if (verb === "groups") {
      groups = words.join(" ");
    } else if (verb === "add") {
      registered.set(pid!, { pid: pid!, started: started!, grace_ms: grace_ms! });
      leash.noteNewcomer();
    } else if (verb === "until") {
      leash.extend(Number(words[0]));
    } else if (verb === "remove") {
      registered.delete(pid!);
    }
  });
  leash.close();
  await killing;
  if (instance_id === "") return;
  const processes = [...registered.values()];
  await reap(clock, processes, instanceMark(instance_id), contained)
    .catch(() => reapUnlisted(clock, processes, contained));
}

/** Without a list of processes: ends the groups that the agents lead, and all that is in control groups. */
async function reapUnlisted(
  clock: Clock,
  registered: Registered[],
  contained: () => Promise<number[] | undefined>,
): Promise<void> {
  const led = registered.map(({ pid }) => -pid);
  const endLed = async () => {
    await signalAll(clock, led, "SIGTERM");
    await signalAll(clock, led, "SIGCONT");
    await sleep(clock, KILL_AFTER_MS);
    await signalAll(clock, led, "SIGKILL");
  };
  await Promise.allSettled([endLed(), endTree(clock, containedTree(contained), KILL_AFTER_MS)]);
}

/** Kills the groups that the agents lead, and all that is in control groups. */
async function killUnlisted(
  clock: Clock,
  registered: ReadonlyMap<number, Registered>,
  contained: () => Promise<number[] | undefined>,
): Promise<void> {
  await signalAll(clock, [...registered.keys()].map((pid) => -pid), "SIGKILL");
  await endTree(clock, containedTree(contained), 0);
}

async function reap(
  clock: Clock,
  registered: Registered[],
  mark: EnvironmentMark,
  contained: () => Promise<number[] | undefined>,
): Promise<void> {
  const lists = processLists(clock);
  const everything = createTree(lists, registered, mark, contained);
  // Listed before the first signal, to find processes that have left their parent's group.
  await everything.members();
  const at_once = createTree(lists, registered.filter((process) => process.grace_ms === 0));
  const ended_at_once = endTree(clock, at_once, KILL_AFTER_MS);
  // A paused process cannot notice that its stdin is closed.
  await continueTree(clock, createTree(lists, registered.filter((process) => process.grace_ms > 0)));
  const grace_ms = Math.max(0, ...registered.map((process) => process.grace_ms));
  const grace_until = clock.monotonic() + grace_ms;
  while (clock.monotonic() < grace_until && (await everything.members()).length > 0) {
    await sleep(clock, LOOK_EVERY_MS);
  }
  await ended_at_once;
  await endTree(clock, everything, KILL_AFTER_MS);
}
