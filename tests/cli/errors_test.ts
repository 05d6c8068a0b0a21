/** What goes wrong: exit codes, what is said and where, what programs get. */
import assert from "node:assert/strict";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { withServer } from "../fixtures/server.ts";
import { Bench, type CliOptions, command, config, type Outcome, Running, withCli } from "./fixtures/cli.ts";

/** A command without a server; its data folder is empty. */
async function alone(args: string[], options: CliOptions = {}): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "oa-cli-" });
  try {
    const env = { OPENCODE_AGENTS_DATA: `${folder}/data`, OPENCODE_AGENTS_URL: "", ...options.env };
    return await new Running(command(args), { stdin: "", cwd: folder, ...options, env }).ended;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Every command that speaks to a server, with arguments that are well formed. */
const COMMANDS = [
  ["run", "echo"],
  ["run", "echo", "--follow"],
  ["follow", "one"],
  ["tasks"],
  ["task", "one"],
  ["result", "one"],
  ["cancel", "one"],
  ["retry", "one"],
  ["pause", "one"],
  ["resume", "one"],
  ["allow", "one"],
  ["deny", "one", "perm"],
  ["logs"],
  ["logs", "--follow"],
  ["top"],
  ["schedule", "echo", "--at", "+2h"],
  ["unschedule", "one"],
  ["schedules"],
  ["ps"],
  ["kill", "999999"],
  ["status"],
  ["health"],
  ["metrics"],
];

Deno.test("cli: without a server, every command exits with 1 and says how to start one, also as JSON", async () => {
  for (const args of COMMANDS) {
    const { code, stdout, stderr } = await alone([...args, "--json", "--url", "http://127.0.0.1:1"]);
    const name = args.join(" ");
    assert.equal(code, 1, `${name}: ${stderr}`);
    const error = JSON.parse(stdout);
    assert.equal(error.type, "error", name);
    assert.equal(error.code, "CONNECTION_LOST", name);
    assert.match(stderr, /^error CONNECTION_LOST: [^]*opencode-agents serve/, name);
    assert.doesNotMatch(stderr, /^\s+at /m, name);
  }
});

Deno.test("cli: a mistake exits with 2 and names what was meant", async () => {
  const cases: [string[], RegExp][] = [
    [["tsks"], /unknown command 'tsks'\n\(Did you mean one of asks, tasks\?\)/],
    [["tasks", "--stats", "failed"], /unknown option '--stats'\n\(Did you mean --status\?\)/],
    [["tasks", "--status", "done"], /Allowed choices are pending, running/],
    [["task"], /missing required argument 'task'/],
    [["kill", "all"], /a whole number is expected/],
    [["kill", "1", "--signal", "SIGWINCH"], /Allowed choices are SIGTERM/],
    [["schedule", "x"], /required option '--at <time>' not specified/],
    [["completions", "tcsh"], /Allowed choices are bash, zsh, fish/],
    [["serve", "--port", "99999"], /a port is a number from 0 to 65535/],
    [["serve", "--config", "nowhere.json"], /CONFIGURATION_ERROR: Configuration file 'nowhere\.json'/],
  ];
  for (const [args, said] of cases) {
    const { code, stdout, stderr } = await alone(args);
    assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, said);
    assert.equal(stdout, "");
  }
  const { stdout } = await alone(["tsks", "--json"]);
  assert.match(JSON.parse(stdout).message, /^unknown command 'tsks'/);
});

Deno.test("cli: help and the version go to stdout and exit with 0", async () => {
  const help = await alone(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Exit codes: 0 done/);
  assert.doesNotMatch(help.stdout, /reaper/);
  for (const [name] of COMMANDS) assert.match(help.stdout, new RegExp(`^ {2}${name} `, "m"));
  assert.match((await alone(["run", "--help"])).stdout, /--data <dir>[^]*--json[^]*--follow/);
  assert.match((await alone(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
});

Deno.test("cli: the server is found by --url, --data, the variables, in this order", () =>
  withCli(async ({ server }) => {
    const nowhere = "http://127.0.0.1:1";
    const ask = (args: string[], env: Record<string, string> = {}) => alone(["tasks", ...args], { env });
    assert.equal((await ask(["--url", server.url], { OPENCODE_AGENTS_URL: nowhere })).code, 0);
    assert.equal((await ask(["--url", server.url.slice("http://".length)])).code, 0);
    assert.equal((await ask(["--data", server.data], { OPENCODE_AGENTS_URL: nowhere })).code, 0);
    assert.equal((await ask([], { OPENCODE_AGENTS_URL: server.url })).code, 0);
    assert.equal((await ask([], { OPENCODE_AGENTS_DATA: server.data })).code, 0);
    const none = await ask(["--data", `${server.dir}/none`], { OPENCODE_AGENTS_URL: server.url });
    assert.equal(none.code, 1);
    assert.match(none.stderr, /No server runs on the data folder .*\/none\n/);
  }));

Deno.test("cli doctor: tells its own server, another server and a foreign program apart", () =>
  withCli(async ({ server, run }) => {
    const port = new URL(server.url).port;
    const own = await run(["doctor", "--port", port, "--data", server.data]);
    assert.equal(own.code, 0, own.stdout);
    assert.match(own.stdout, new RegExp(`in use by our server \\(pid ${server.pid}\\)`));
    assert.match(own.stdout, /on which our server listens[^]*a server runs: http/);

    const other = await run(["doctor", "--port", port, "--data", `${server.dir}/other`]);
    assert.equal(other.code, 1);
    assert.match(other.stdout, /BAD {3}port\s+a server of opencode-agents with another data folder/);
    assert.match(other.stdout, /serve would not start\n$/);

    const stranger = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const taken = ["doctor", "--port", String((stranger.addr as Deno.NetAddr).port), "--json"];
      const { code, stdout } = await run([...taken, "--data", `${server.dir}/other`]);
      assert.equal(code, 1);
      const report = JSON.parse(stdout);
      assert.deepEqual([report.ok, report.running], [false, null]);
      const found = report.findings.find(({ what }: { what: string }) => what === "port");
      assert.match(found.found, /another program has/);
    } finally {
      stranger.close();
    }

    const free = await run(["doctor", "--port", "0", "--data", `${server.dir}/other`]);
    assert.equal(free.code, 0, free.stdout);
    assert.match(free.stdout, /other, will be created[^]*serve would start\n$/);

    const bare = await run(["doctor", "--port", "0", "--data", `${server.dir}/other`], {
      env: { PATH: "/nowhere" },
    });
    assert.match(bare.stdout, /it is the default agent\n[^]*no agent is installed: tasks would fail\n/);
  }));

Deno.test("cli doctor: it refuses what serve would refuse, in the same words", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-doctor-" });
  try {
    await Deno.writeTextFile(
      `${folder}/unfit.json`,
      JSON.stringify({ server: { transport: "fast", tls: { cert: "cert.pem", key: "key.pem" } } }),
    );
    await Deno.writeTextFile(
      `${folder}/later.json`,
      JSON.stringify({ store: { url: "http://127.0.0.1:4512" } }),
    );
    await Deno.mkdir(`${folder}/damaged`);
    await Deno.writeTextFile(
      `${folder}/damaged/store.sqlite3`,
      "no database at all, and never was one. ".repeat(99),
    );
    const refused: [args: string[], mark: RegExp][] = [
      [["--host", "0.0.0.0"], /BAD {3}configuration {3}(Refusing to listen on 0\.0\.0\.0 .*)\n/],
      [["--config", "unfit.json"], /BAD {3}configuration {3}(server\.tls needs .*)\n/],
      [["--config", "later.json"], /BAD {3}store {11}(The store http:.* needs an access token: .*)\n/],
      [["--data", "damaged"], /BAD {3}store {11}(The store .* is damaged .*)\n/],
    ];
    for (const [args, mark] of refused) {
      const asked = await alone(["doctor", "--port", "0", ...args], { cwd: folder });
      assert.equal(asked.code, 1, asked.stdout);
      assert.match(asked.stdout, /serve would not start\n$/);
      const said = mark.exec(asked.stdout)?.[1];
      assert.ok(said, asked.stdout);
      const { stderr } = await alone(["serve", "--port", "0", ...args], { cwd: folder });
      assert.ok(stderr.includes(said), `${said}\n---\n${stderr}`);
    }
    assert.equal((await alone(["doctor", "--port", "0", "--host", "0.0.0.0", "--insecure"])).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cli doctor: it looks for an agent's program where a task will: on the PATH of the agent's own env", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-doctor-" });
  try {
    await Deno.writeTextFile(`${folder}/my-agent`, "#!/bin/sh\necho 1.2.3\n", { mode: 0o755 });
    await Deno.writeTextFile(`${folder}/broken`, "#!/no/interpreter\n", { mode: 0o755 });
    const mine = (env: Record<string, string>) => ({ protocol: "acp", command: ["my-agent"], env });
    await Deno.writeTextFile(
      `${folder}/config.json`,
      JSON.stringify({
        agents: {
          found: mine({ PATH: `${folder}:/usr/bin:/bin` }),
          lost: mine({}),
          broken: { protocol: "command", command: [`${folder}/broken`] },
          absent: { protocol: "command", command: ["/no/such/agent"] },
          bunx: { protocol: "acp", command: ["bunx", "opencode-ai", "acp"], env: { PATH: "/no/bin" } },
        },
      }),
    );
    const { stdout } = await alone(["doctor", "--port", "0", "--config", "config.json"], { cwd: folder });
    assert.match(stdout, new RegExp(`ok {4}agent found {5}1\\.2\\.3 ${folder}/my-agent\n`));
    assert.match(stdout, /warn {2}agent lost {6}'my-agent' is not on PATH/);
    assert.match(
      stdout,
      /warn {2}agent absent {4}there is no file '\/no\/such\/agent'\n +Install the agent's program/,
    );
    // What is missing is bunx, not what it runs.
    assert.match(stdout, /agent bunx {6}'bunx' is not on the PATH of its env\n +Install the agent's program/);
    assert.match(
      stdout,
      /warn {2}agent broken {4}the first line of .* there is no file '\/no\/interpreter'\n +Install/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cli doctor: it says which proxies and certificates reach the agents, and which are not there", async () => {
  const folder = await Deno.makeTempDir({ prefix: "oa-doctor-" });
  try {
    const file = `${folder}/ca.pem`;
    await Deno.writeTextFile(file, "");
    const own = { HTTPS_PROXY: "http://ann:secret@proxy.example:3128", NODE_EXTRA_CA_CERTS: file };
    const said = async (env: Record<string, string>) => {
      const { stdout } = await alone(["doctor", "--port", "0"], { cwd: folder, env });
      return stdout.split("\n").find((line) => line.includes("network")) ?? "";
    };
    const line = await said(own);
    assert.match(line, /^ok {4}network .*agents get .*HTTPS_PROXY.*NODE_EXTRA_CA_CERTS/);
    assert.ok(!line.includes("secret"));
    const missing = await said({ ...own, SSL_CERT_FILE: `${folder}/none.pem` });
    assert.match(missing, /^warn {2}network .*SSL_CERT_FILE names '.*none\.pem', which does not exist/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("cli: a reader that goes away ends a command quietly", () =>
  withCli(async ({ server, run }) => {
    await run(["run", "for i in $(seq 2000); do echo line $i; done", "--id", "many", "--follow"]);
    const words = command(["logs", "many", "-n", "1000", "--url", server.url]).map((word) => `'${word}'`);
    const piped = new Running(["sh", "-c", `${words.join(" ")} | head -n 1`], { stdin: "", cwd: server.dir });
    const { code, stdout, stderr } = await piped.ended;
    assert.equal(code, 0);
    assert.equal(stdout.split("\n").length, 2);
    assert.equal(stderr, "");
  }));

Deno.test("cli: colors in a terminal, none with NO_COLOR or in a pipe", () =>
  withCli(async (bench) => {
    await bench.run(["run", "exit 1", "--id", "bad", "--follow"]);
    const colour = "\x1b[31m";
    // Whatever the variables of whoever runs this test.
    const env = { NO_COLOR: "", TERM: "xterm" };
    assert.ok((await bench.inTerminal(["tasks"], 100, 30, { env }).ended).stdout.includes(colour));
    const plain = await bench.inTerminal(["tasks"], 100, 30, { env: { NO_COLOR: "1" } }).ended;
    assert.match(plain.stdout, /bad/);
    assert.ok(!plain.stdout.includes("\x1b"), plain.stdout);
    assert.ok(!(await bench.run(["tasks"])).stdout.includes("\x1b"));
  }));

Deno.test("cli: if the server may not run programs, top still shows tasks, and ps and run say why they fail", () => {
  const permissions = START_PERMISSIONS.filter((flag) => flag !== "--allow-run");
  return withServer({ config, permissions }, async (server) => {
    const { run } = new Bench(server);
    const top = await run(["top"]);
    assert.equal(top.code, 0, top.stderr);
    assert.match(top.stdout, /0 running/);
    for (const args of [["ps"], ["run", "echo"]]) {
      const { code, stderr } = await run(args);
      assert.equal(code, 1);
      assert.match(stderr, /SERVICE_UNAVAILABLE[^]*--allow-run/);
    }
  });
});
