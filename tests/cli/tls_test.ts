/** `tls init`, and how commands know a server with TLS: the owner's by its fingerprint, others by its authority. */
import assert from "node:assert/strict";
import { TestCertificates } from "../fixtures/certificates.ts";
import { START_PERMISSIONS } from "../../scripts/start_flags.ts";
import { testedProgram } from "../fixtures/program.ts";
import { type TestServer, withServer } from "../fixtures/server.ts";
import { until } from "../fixtures/until.ts";

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

async function command(server: TestServer, ...args: string[]): Promise<Ended> {
  const [program, ...rest] = server.commandOf(...args);
  const { code, stdout, stderr } = await new Deno.Command(program!, { args: rest, stdin: "null" }).output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

const own = (server: TestServer, ...args: string[]) => command(server, ...args, "--data", server.data);

async function modeOf(file: string): Promise<number> {
  return (await Deno.stat(file)).mode! & 0o777;
}

Deno.test("tls init makes a certificate that a server shows, and replaces nothing", async () => {
  const dir = await Deno.makeTempDir({ prefix: "oa-tls-" });
  try {
    const tls = { cert: `${dir}/tls/server.crt`, key: `${dir}/tls/server.key` };
    const config = { server: { tls }, security: { auth: "required" } };
    const [program, ...args] = testedProgram(START_PERMISSIONS);
    const init = ["tls", "init", "--name", "agents.example.org", "--data", dir];
    const made = new Deno.Command(program!, { args: [...args, ...init], stdin: "null" });
    const first = await made.output();
    assert.equal(first.code, 0, new TextDecoder().decode(first.stderr));
    assert.deepEqual([await modeOf(tls.key), await modeOf(`${dir}/tls/ca.key`)], [0o600, 0o600]);
    const before = await Deno.readTextFile(tls.cert);
    assert.notEqual((await made.output()).code, 0);
    assert.equal(await Deno.readTextFile(tls.cert), before);

    await withServer({ config }, async (server) => {
      assert.match(server.url, /^https:/);
      assert.equal((await own(server, "status")).code, 0);
      const key = (await own(server, "keys", "create", "me")).stdout.trim();
      const url = server.url.replace("127.0.0.1", "localhost");
      const others = ["--url", url, "--key", key];
      const distrustful = await command(server, "tasks", ...others);
      assert.equal(distrustful.code, 1);
      assert.match(distrustful.stderr, /--ca FILE/);
      const ca = ["--ca", `${dir}/tls/ca.crt`];
      const trusting = await command(server, "tasks", ...others, ...ca);
      assert.equal(trusting.code, 0, trusting.stderr);
      assert.equal((await command(server, "tasks", ...others, "--ca", "/no/such/file")).code, 2);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("where clients must show a certificate, the owner's commands show one of their own", async () => {
  const dir = await Deno.makeTempDir({ prefix: "oa-tls-" });
  try {
    const certificates = await TestCertificates.create(dir);
    await certificates.serve();
    const tls = { ...certificates.files, client_ca: certificates.ca_file, client_certs: "require" };
    await withServer({ config: { server: { tls }, security: { auth: "required" } } }, async (server) => {
      const asked = await own(server, "tasks");
      assert.equal(asked.code, 0, asked.stderr);
      // It shows who connects, and gives no rights.
      const { certificate } = JSON.parse(await Deno.readTextFile(`${server.data}/server.json`));
      assert.match(certificate.cert, /BEGIN CERTIFICATE/);
      assert.equal(
        (await command(server, "tasks", "--url", server.url, "--ca", certificates.ca_file)).code,
        1,
      );
      await until(() => server.stderr.includes("certificate_error"));
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("where clients must show a certificate, the commands that an agent starts reach the server, with the agent's rights", async () => {
  const dir = await Deno.makeTempDir({ prefix: "oa-tls-" });
  try {
    const certificates = await TestCertificates.create(dir);
    await certificates.serve();
    const tls = { ...certificates.files, client_ca: certificates.ca_file, client_certs: "require" };
    const [program, ...args] = testedProgram(START_PERMISSIONS);
    const asks = JSON.stringify([program, ...args, "tasks", "--json"]);
    const script = `const [program, ...args] = ${asks};` +
      `const run = (args) => new Deno.Command(program, { args, stdout: "inherit", stderr: "inherit" }).output();` +
      `await run(args); const { code } = await run([...args.slice(0, -2), "keys", "create", "mine", "--url", Deno.env.get("OPENCODE_AGENTS_TASK_URL")]);` +
      `console.log("keys create ended with", code);`;
    const config = {
      server: { tls },
      security: { auth: "required" },
      agents: { asks: { protocol: "command", command: [Deno.execPath(), "eval", script] } },
    };
    await withServer({ config }, async (server) => {
      const started = await own(server, "run", "look around", "--agent", "asks", "--id", "looks", "--follow");
      const { stdout } = await own(server, "result", "looks", "--json");
      assert.equal(started.code, 0, started.stdout + started.stderr);
      assert.match(stdout, /looks/);
      assert.match(stdout, /keys create ended with [1-9]/);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
