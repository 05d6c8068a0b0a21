/** Wires what keeps the machine awake to the tasks: while one runs, is queued, or waits for another attempt. */
import type { EventBus } from "../engine/events.ts";
import { awakeProgram, KeepAwake } from "../host/keep_awake.ts";
import type { TaskIndex } from "../read/task_index.ts";
import type { Part } from "./parts.ts";

export function composeKeepAwake(
  isWanted: boolean,
  bus: EventBus,
  index: Pick<TaskIndex, "count" | "all">,
): Part {
  const name = "keep awake";
  if (!isWanted) return { name, start() {}, stop() {} };
  const command = awakeProgram(Deno.build.os, Deno.pid);
  const awake = new KeepAwake({ command, env: Deno.env.toObject() });
  const look = () => awake.set(isAtWork(index));
  let isOpen = false;
  bus.listen((event) => {
    if (isOpen && event.kind === "task.changed") look();
  });
  return {
    name,
    start() {
      isOpen = true;
      look();
    },
    stop() {
      isOpen = false;
      awake.set(false);
    },
  };
}

function isAtWork(index: Pick<TaskIndex, "count" | "all">): boolean {
  if (index.count("running") + index.count("queued") > 0) return true;
  if (index.count("pending") === 0) return false;
  for (const { state } of index.all()) {
    if (state.status === "pending" && state.not_before !== undefined) return true;
  }
  return false;
}
