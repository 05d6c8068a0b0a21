/** A store with many tasks: questions to it, and its next start. Of the built program, which is what users start. */
import { buildProgram } from "../../scripts/program_bundle.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { builtProgram } from "../fixtures/program.ts";
import { withServer } from "../fixtures/server.ts";
import { type Figure, median } from "./figure.ts";
import { startMany, WAITING } from "./load.ts";

const TASKS = 100_000;
const QUESTIONS = 60;
const GOAL_QUESTION_MS = 20;
const GOAL_RESTART_MS = 800;

const FILTERS = {
  status: ["queued", "running"],
  type: ["testing", "feature"],
  priority: ["low", "high"],
  created_after: "2020-01-01T00:00:00Z",
  description_contains: "parser",
};

export async function manyTasks(): Promise<Figure[]> {
  const questions: number[] = [];
  let matching: unknown;
  let restart = 0;
  await buildProgram();
  await withServer({ command: builtProgram(START_PERMISSIONS), config: WAITING }, async (server) => {
    await startMany(server, { count: TASKS, clients: 20, batch: 50, prompt: "bench" });
    const socket = await server.connect();
    for (let i = 0; i < QUESTIONS; i++) {
      const asked = performance.now();
      const reply = await socket.request({
        type: "list_tasks",
        filter: FILTERS,
        sort: { field: "created_at", order: "desc" },
        offset: i * 50,
      });
      questions.push(performance.now() - asked);
      if (reply.total_count !== TASKS) throw new Error(`there are ${reply.total_count} tasks`);
      matching = reply.filtered_count;
      socket.forget();
    }
    await socket.close();

    await server.stop("SIGTERM");
    const started = performance.now();
    await server.start();
    const { reply } = await server.post({ type: "list_tasks", limit: 1 });
    restart = performance.now() - started;
    if (reply.total_count !== TASKS) throw new Error(`${reply.total_count} tasks after the restart`);
  });
  return [
    {
      what: `list_tasks, five filters, ${TASKS.toLocaleString("en")} tasks (${matching} match)`,
      measured: `${median(questions).toFixed(1)} ms`,
      goal: `< ${GOAL_QUESTION_MS} ms`,
      met: median(questions) < GOAL_QUESTION_MS,
    },
    {
      what: `start with ${TASKS.toLocaleString("en")} tasks, to the first answer`,
      measured: `${(restart / 1000).toFixed(2)} s`,
      goal: `< ${GOAL_RESTART_MS / 1000} s`,
      met: restart < GOAL_RESTART_MS,
    },
  ];
}
