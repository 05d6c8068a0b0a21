/**
 * BullMQ on Redis, the queue that many would take instead. Redis syncs each write to the disk before it answers, as our
 * store does. BullMQ comes from npm into a temporary folder and runs in Node, where its users run it.
 */
import { until } from "../../fixtures/until.ts";

const VERSION = "6.7.0";
const IOREDIS_VERSION = "6.0.0";
const PACKAGES = [`bullmq@${VERSION}`, `ioredis@${IOREDIS_VERSION}`];
const PROGRAMS = { "redis-server": "apt install redis-server", node: "nodejs.org", npm: "nodejs.org" };

export interface BullMq {
  /** "BullMQ 6.7.0 on Redis 7.0.15, appendfsync always". */
  title: string;
  /**
   * Runs an ES module in Node and returns what it printed, parsed as JSON. The module may use `bullmq` (the package's
   * exports) and `connection` (for the options of its classes), and must end by itself.
   */
  run<T>(module: string): Promise<T>;
}

/** A program that is not there, and how to get it. */
export class MissingPeer extends Error {}

/** Starts Redis and installs BullMQ for `body`. Throws `MissingPeer` if this machine cannot do that. */
export async function withBullMq<T>(body: (peer: BullMq) => Promise<T>): Promise<T> {
  for (const [program, source] of Object.entries(PROGRAMS)) {
    if (await output(program, ["--version"]) === undefined) {
      throw new MissingPeer(`BullMQ ${VERSION} was not measured: it needs ${program} (${source})`);
    }
  }
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/package.json`, "{}");
    const install = ["install", "--no-audit", "--no-fund", "--silent", "--prefix", dir, ...PACKAGES];
    if (await output("npm", install) === undefined) {
      throw new MissingPeer(`BullMQ was not measured: 'npm install ${PACKAGES.join(" ")}' fails`);
    }
    return await withRedis(dir, async (socket) => {
      const redis = /v=(\S+)/.exec(await output("redis-server", ["--version"]) ?? "")?.[1];
      const prelude = `import * as bullmq from "bullmq"; const connection = { path: ${
        JSON.stringify(socket)
      } };`;
      return await body({
        title: `BullMQ ${VERSION} on Redis ${redis}, appendfsync always`,
        async run(module) {
          await Deno.writeTextFile(`${dir}/bench.mjs`, `${prelude}\n${module}`);
          const printed = await output("node", [`${dir}/bench.mjs`], "inherit");
          if (printed === undefined) throw new Error("the module for BullMQ has failed");
          return JSON.parse(printed);
        },
      });
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
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

/** What the program prints; undefined if it is missing or fails. */
async function output(
  program: string,
  args: string[],
  stderr: "null" | "inherit" = "null",
): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stdin: "null", stderr }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
