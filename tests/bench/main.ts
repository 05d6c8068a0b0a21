/** `deno task bench [NAME...]`: measures the product against its goals; prints one Markdown table. */
import { accept } from "./accept.ts";
import { agentStart } from "./agent_start.ts";
import { coldStart } from "./cold_start.ts";
import { asRow, type Figure, HEADING } from "./figure.ts";
import { logs } from "./logs.ts";
import { manyTasks } from "./many_tasks.ts";
import { memory } from "./memory.ts";
import { ping } from "./ping.ts";
import { push } from "./push.ts";
import { scan } from "./scan.ts";
import { startTasks } from "./start_task.ts";
import { taskDiff } from "./task_diff.ts";
import { trivialTasks } from "./trivial_tasks.ts";

const BENCHES: Record<string, () => Promise<Figure[]>> = {
  ping,
  start_task: startTasks,
  trivial_tasks: trivialTasks,
  agent_start: agentStart,
  cold_start: coldStart,
  many_tasks: manyTasks,
  memory,
  scan,
  push,
  logs,
  accept,
  task_diff: taskDiff,
};

const names = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
const unknown = names.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(", ")}; there are ${Object.keys(BENCHES).join(", ")}`);
  Deno.exit(2);
}
console.log(HEADING);
let missed = 0;
for (const name of names) {
  for (const figure of await BENCHES[name]!()) {
    console.log(asRow(figure));
    if (figure.met === false) missed++;
  }
}
Deno.exit(missed > 0 ? 1 : 0);
