/** From the request to the agent's first instruction, less what starting that program takes by itself. */
import { withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";
import { type Figure, median, preciseNow } from "./figure.ts";

const ROUNDS = 40;
const GOAL_MS = 15;
/** Tells the time of its start, in nanoseconds. */
const COMMAND = ["date", "+%s%N"];

/** Milliseconds since the epoch of what the command printed. */
function timeIn(output: string): number {
  return Number(output.trim()) / 1e6;
}

async function bareStart(): Promise<number> {
  const asked = preciseNow();
  const { stdout } = await new Deno.Command(COMMAND[0]!, { args: COMMAND.slice(1) }).output();
  return timeIn(new TextDecoder().decode(stdout)) - asked;
}

export async function agentStart(): Promise<Figure[]> {
  const product: number[] = [];
  const bare: number[] = [];
  const config = {
    limits: { enabled: false },
    agents: { date: { protocol: "command", command: COMMAND } },
    tasks: { default_agent: "date" },
  };
  await withServer({ config }, async (server) => {
    const socket = await server.connect();
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await bareStart());
      const id = `start_${round}`;
      const asked = preciseNow();
      await socket.request({
        type: "start_task",
        task: { id, type: "testing", priority: "high", description: id },
      });
      let output = "";
      await until(async () => {
        const { status, result } = await socket.request({
          type: "get_task_result",
          task_id: id,
        }) as unknown as {
          status: string;
          result: { output: string };
        };
        output = result.output;
        return status === "completed";
      });
      product.push(timeIn(output) - asked);
      socket.forget();
    }
    await socket.close();
  });
  const overhead = median(product) - median(bare);
  return [{
    what: "start_task to the agent's start, beyond the bare start of its program",
    measured: `${overhead.toFixed(1)} ms (${median(product).toFixed(1)} against ${median(bare).toFixed(1)})`,
    goal: `< ${GOAL_MS} ms`,
    met: overhead < GOAL_MS,
  }];
}
