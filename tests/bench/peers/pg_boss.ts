/** pg-boss on PostgreSQL, which syncs each commit to the disk as it does by default. */
import { until } from "../../fixtures/until.ts";
import { MissingPeer, type NodePeer, output, withNodePackages } from "./node_peer.ts";

/** The last one that runs on Node 20. */
const VERSION = "10.4.2";
const PROGRAMS = ["initdb", "postgres", "pg_isready"];
const SOURCE = "apt install postgresql";

export interface PgBoss {
  /** "pg-boss 10.4.2 on PostgreSQL 15.18". */
  title: string;
  /** Runs a module that may use `boss`, which has been started, and must end with `process.exit`. */
  run: NodePeer["run"];
}

/** Starts PostgreSQL and installs pg-boss for `body`. Throws `MissingPeer` if this machine cannot do that. */
export async function withPgBoss<T>(body: (peer: PgBoss) => Promise<T>): Promise<T> {
  const bin = await binaries();
  return await withNodePackages(
    [`pg-boss@${VERSION}`],
    {},
    ({ dir, run }) =>
      withPostgres(bin, dir, async (url) => {
        const postgres = /\d+(\.\d+)*/.exec(await output(`${bin}/postgres`, ["--version"]) ?? "")?.[0];
        const prelude = `import PgBoss from "pg-boss"; const boss = new PgBoss(${JSON.stringify(url)});
        boss.on("error", (error) => console.error(error)); await boss.start();`;
        return await body({
          title: `pg-boss ${VERSION} on PostgreSQL ${postgres}`,
          run: (module) => run(`${prelude}\n${module}`),
        });
      }),
  );
}

/** The folder of the server's programs, which Debian does not put on PATH. */
async function binaries(): Promise<string> {
  const folders = await output("sh", [
    "-c",
    "echo $PATH | tr : '\\n'; ls -d /usr/lib/postgresql/*/bin; true",
  ]);
  for (const bin of folders?.trim().split("\n") ?? []) {
    const versions = PROGRAMS.map((program) => output(`${bin}/${program}`, ["--version"]));
    if ((await Promise.all(versions)).every((version) => version !== undefined)) return bin;
  }
  throw new MissingPeer(`pg-boss ${VERSION} was not measured: it needs ${PROGRAMS.join(", ")} (${SOURCE})`);
}

/** Runs PostgreSQL on a socket in `dir` while `body` runs. It refuses root, so then it runs as the user `postgres`. */
async function withPostgres<T>(bin: string, dir: string, body: (url: string) => Promise<T>): Promise<T> {
  const user = Deno.uid() === 0 ? Number(await output("id", ["-u", "postgres"])) : undefined;
  const as = { uid: user, cwd: dir };
  const data = `${dir}/postgres`;
  const socket = `${dir}/socket`;
  for (const folder of [data, socket]) {
    await Deno.mkdir(folder);
    if (user !== undefined) await Deno.chown(folder, user, null);
  }
  await Deno.chmod(dir, 0o755);
  const made = await output(`${bin}/initdb`, ["-D", data, "-U", "bench", "--auth=trust"], {
    ...as,
    stderr: "inherit",
  });
  if (made === undefined) throw new Error("initdb has failed");
  const server = new Deno.Command(`${bin}/postgres`, {
    args: ["-D", data, "-k", socket, "-c", "listen_addresses="],
    stdout: "null",
    stderr: "null",
    ...as,
  }).spawn();
  try {
    const isReady = () => output(`${bin}/pg_isready`, ["-h", socket]).then((said) => said !== undefined);
    await until(isReady);
    return await body(`postgres://bench@localhost/postgres?host=${encodeURIComponent(socket)}`);
  } finally {
    // A fast shutdown, which does not wait for clients.
    server.kill("SIGINT");
    await server.status;
  }
}
