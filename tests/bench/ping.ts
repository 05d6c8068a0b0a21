/** Round trips of one client, against a socket that does nothing else, in turns, since the machine is noisy. */
import { withServer } from "../fixtures/server.ts";
import { type Figure, median } from "./figure.ts";

const ROUNDS = 7;
const PINGS = 5000;
const CLIENTS = 20;
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

/** Round trips per second of several clients together, each of which asks again once it is answered. */
async function roundTripsOf(clients: number, url: string): Promise<number> {
  const rates = await Promise.all(Array.from({ length: clients }, () => roundTrips(url)));
  return rates.reduce((sum, rate) => sum + rate, 0);
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
  const fast: number[] = [];
  const hardened: number[] = [];
  const bare: number[] = [];
  const manyHardened: number[] = [];
  const manyBare: number[] = [];
  const over = (transport: string, test: (url: string) => Promise<void>) =>
    withServer(
      { config: { limits: { enabled: false }, server: { transport } } },
      (server) => test(`${server.url.replace("http", "ws")}/ws`),
    );
  await over("fast", (fastUrl) =>
    over("hardened", (hardenedUrl) =>
      withBareSocket(async (bareUrl) => {
        for (let round = 0; round < ROUNDS; round++) {
          bare.push(await roundTrips(bareUrl));
          fast.push(await roundTrips(fastUrl));
          hardened.push(await roundTrips(hardenedUrl));
          manyBare.push(await roundTripsOf(CLIENTS, bareUrl));
          manyHardened.push(await roundTripsOf(CLIENTS, hardenedUrl));
        }
      })));
  const figure = (what: string, rates: number[], peer = bare): { ratio: number } & Figure => {
    const ratio = median(rates.map((rate, round) => rate / peer[round]!));
    const seen = `${Math.round(median(rates))}/s against ${Math.round(median(peer))}/s`;
    return { what, measured: `${ratio.toFixed(2)} (${seen})`, ratio };
  };
  const { ratio, ...product } = figure("ping round trips of one client, relative to a bare socket", fast);
  const { what, measured } = figure("the same over the hardened transport", hardened);
  const many = figure(`the same of ${CLIENTS} clients over the hardened transport`, manyHardened, manyBare);
  return [
    { ...product, goal: "≥ 0.6", met: ratio >= 0.6 },
    { what, measured },
    { what: many.what, measured: many.measured, goal: "≥ 0.65", met: many.ratio >= 0.65 },
  ];
}
