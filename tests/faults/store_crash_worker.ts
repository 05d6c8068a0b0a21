/**
 * A process that writes to a store until it is killed, and says what was acknowledged. After so many lines it
 * kills itself, in the very turn of the acknowledgement: nothing that was acknowledged too early gets there after all.
 */
import { SERVER } from "../../src/domain/actor.ts";
import { systemClock as clock } from "../../src/clock/clock.ts";
import { openStore } from "../../src/store/open.ts";
import { storedTask } from "./fixtures/stored_task.ts";

const [folder, round, lines] = Deno.args as [string, string, string];
const store = await openStore({ folder, clock });

const encoder = new TextEncoder();
let said = 0;
function say(kind: string, value: string | number): void {
  Deno.stdout.writeSync(encoder.encode(`${kind} ${value}\n`));
  if (++said === Number(lines)) Deno.kill(Deno.pid, "SIGKILL");
}
const PROMPT = "x".repeat(500);

async function writeTasks(caller: number): Promise<never> {
  for (let i = 0;; i++) {
    const id = `r${round}_${caller}_${i}`;
    await store.tasks.update(() => ({ creates: [storedTask(id, PROMPT)] }), SERVER);
    say("task", `${id} 0`);
    await store.tasks.update(() => ({
      updates: [{ id, state: storedTask(id, PROMPT, 1).state }],
      sets: [store.outputs.entry(id, 1, { output: `output of ${id}` })],
    }), SERVER);
    say("task", `${id} 1`);
  }
}

async function writeLogs(): Promise<never> {
  for (let i = 0;; i++) {
    for (let n = 0; n < 20; n++) {
      store.logs.append({
        level: "info",
        message: `${round}/${i}/${n}`,
        agent: `r${round}`,
        source: "worker",
      });
    }
    await store.logs.flush();
    say("log", (i + 1) * 20);
  }
}

await Promise.all([0, 1, 2, 3].map(writeTasks).concat(writeLogs()));
