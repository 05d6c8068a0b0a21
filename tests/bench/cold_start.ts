/** From the start of the built program to "listening" and to the first answer, in turns with a bare `Deno.serve`. */
import { type Figure, median } from "./figure.ts";
import { BARE, PEER, productOn, started } from "./peer_server.ts";

const ROUNDS = 15;
const GOAL_MS = 200;

const PING = JSON.stringify({ type: "ping", timestamp: 1 });

interface Times {
  listening: number[];
  answered: number[];
}

async function measure(command: string[], times: Times): Promise<void> {
  const begun = performance.now();
  const server = await started(command);
  try {
    await (await fetch(`${server.url}/api`, { method: "POST", body: PING })).text();
    times.listening.push(server.listening_ms);
    times.answered.push(performance.now() - begun);
  } finally {
    await server.stop();
  }
}

export async function coldStart(): Promise<Figure[]> {
  const folder = await Deno.makeTempDir({ prefix: "oa-bench-" });
  const product: Times = { listening: [], answered: [] };
  const bare: Times = { listening: [], answered: [] };
  const ours = await productOn(folder);
  try {
    // The first start of all compiles.
    await measure(ours, { listening: [], answered: [] });
    for (let round = 0; round < ROUNDS; round++) {
      await measure(BARE, bare);
      await measure(ours, product);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const figure = (what: string, product_ms: number[], bare_ms: number[]) => {
    const [ms, peer_ms] = [median(product_ms), median(bare_ms)];
    return { ms, what, measured: `${ms.toFixed(0)} ms, ${(ms / peer_ms).toFixed(1)} times ${PEER}` };
  };
  const { ms, what, measured } = figure('cold start to "listening"', product.listening, bare.listening);
  const first = figure("cold start to the first answer", product.answered, bare.answered);
  return [
    { what, measured, goal: `≤ ${GOAL_MS} ms`, met: ms <= GOAL_MS },
    { what: first.what, measured: first.measured },
  ];
}
