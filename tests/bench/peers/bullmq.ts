/**
 * BullMQ on Redis, the queue that many would take instead. Redis syncs each write to the disk before it answers, as our
 * store does.
 */
import { until } from "../../fixtures/until.ts";
import { type NodePeer, output, withNodePackages } from "./node_peer.ts";

const VERSION = "6.7.0";
const PACKAGES = [`bullmq@${VERSION}`, "ioredis@6.0.0"];
const PROGRAMS = { "redis-server": "apt install redis-server" };

export interface BullMq {
  /** "BullMQ 6.7.0 on Redis 7.0.15, appendfsync always". */
  title: string;
  /** Runs a module that may use `bullmq` (the package's exports) and `connection` (for the options of its classes). */
  run: NodePeer["run"];
}

/** Starts Redis and installs BullMQ for `body`. Throws `MissingPeer` if this machine cannot do that. */
export async function withBullMq<T>(body: (peer: BullMq) => Promise<T>): Promise<T> {
  return await withNodePackages(PACKAGES, PROGRAMS, ({ dir, run }) =>
    withRedis(dir, async (socket) => {
      const redis = /v=(\S+)/.exec(await output("redis-server", ["--version"]) ?? "")?.[1];
      const connection = `{ path: ${JSON.stringify(socket)} }`;
      const prelude = `import * as bullmq from "bullmq"; const connection = ${connection};`;
      return await body({
        title: `BullMQ ${VERSION} on Redis ${redis}, appendfsync always`,
        run: (module) => run(`${prelude}\n${module}`),
      });
    }));
}

/** Runs Redis on a socket in `dir` while `body` runs. */
async function withRedis<T>(dir: string, body: (socket: string) => Promise<T>): Promise<T> {
  const socket = `${dir}/redis.sock`;
  const redis = new Deno.Command("redis-server", {
    args: [
      ...["--port", "0", "--unixsocket", socket, "--dir", dir],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ],
    stdout: "null",
  }).spawn();
  try {
    await until(() => Deno.stat(socket).then(() => true, () => false));
    return await body(socket);
  } finally {
    redis.kill("SIGTERM");
    await redis.status;
  }
}
