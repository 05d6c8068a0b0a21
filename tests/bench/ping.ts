/** Round trips of one client, against a socket that does nothing else, in turns, since the machine is noisy. */
import { withServer } from "../fixtures/server.ts";
import { type Figure, median } from "./figure.ts";

const ROUNDS = 7;
const PINGS = 5000;
const PING = '{"type":"ping","timestamp":1642152600000}';

/** Round trips per second. */
async function roundTrips(url: string): Promise<number> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.onopen = resolve);
  // Whatever the server says first is not part of it.
  let left = PINGS;
  let started = 0;
  await new Promise<void>((resolve, reject) => {
    socket.onerror = () => reject(new Error(`no answer from ${url}`));
    socket.onmessage = ({ data }) => {
      if (!data.includes('"pong"')) return;
      if (left === PINGS) started = performance.now();
      if (left-- === 0) resolve();
      else socket.send(PING);
    };
    socket.send(PING);
  });
  const seconds = (performance.now() - started) / 1000;
  socket.close();
  return PINGS / seconds;
}

async function withBareSocket(test: (url: string) => Promise<void>): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", new URL("bare_socket.ts", import.meta.url).pathname],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  try {
    const { value } = await output.read();
    await test(`ws://127.0.0.1:${new TextDecoder().decode(value).trim()}/`);
  } finally {
    child.kill("SIGKILL");
    await output.cancel();
    await child.status;
  }
}

export async function ping(): Promise<Figure[]> {
  const product: number[] = [];
  const bare: number[] = [];
  await withServer({ config: { limits: { enabled: false } } }, (server) =>
    withBareSocket(async (bareUrl) => {
      for (let round = 0; round < ROUNDS; round++) {
        bare.push(await roundTrips(bareUrl));
        product.push(await roundTrips(`${server.url.replace("http", "ws")}/ws`));
      }
    }));
  const ratio = median(product.map((rate, round) => rate / bare[round]!));
  const rates = `${Math.round(median(product))}/s against ${Math.round(median(bare))}/s`;
  return [{
    what: "ping round trips of one client, relative to a bare socket",
    measured: `${ratio.toFixed(2)} (${rates})`,
    goal: "≥ 0.6",
    met: ratio >= 0.6,
  }];
}
