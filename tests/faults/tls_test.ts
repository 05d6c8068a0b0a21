/** TLS as clients of all kinds meet it, and certificates that change, break and expire while the server runs. */
import { SUBPROTOCOLS } from "../../src/protocol/api_version.ts";
import assert from "node:assert/strict";
import type { Trust } from "../../src/cli/trust.ts";
import { networkWith } from "../../src/cli/trusting_network.ts";
import { connect } from "../../src/client/client.ts";
import { HttpClient } from "../../src/client/http.ts";
import { type Clock, systemClock } from "../../src/clock/clock.ts";
import { CertificateWatch } from "../../src/doors/tls/certificate_watch.ts";
import { openHardenedTransport } from "../../src/doors/transport/hardened_transport.ts";
import { Tls } from "../../src/protocol/config.ts";
import { type TestApp, withApp } from "../fixtures/app.ts";
import { TestCertificates } from "../fixtures/certificates.ts";
import { until } from "../fixtures/until.ts";

async function withCertificates(test: (certificates: TestCertificates) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "oa-tls-" });
  try {
    await test(await TestCertificates.create(dir));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** An application with TLS and this more in `server.tls`. */
function withTls(
  more: (certificates: TestCertificates) => Record<string, unknown>,
  test: (app: TestApp, certificates: TestCertificates) => Promise<void>,
): Promise<void> {
  return withCertificates(async (certificates) => {
    await certificates.serve();
    const config = {
      server: { transport: "auto", tls: { ...certificates.files, ...more(certificates) } },
      security: { auth: "required" },
      limits: { enabled: false },
    };
    await withApp({ config }, (app) => test(app, certificates));
  });
}

async function run(program: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return { code, out: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

async function isThere(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await run(program, ...args)).code === 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

const HAS_OPENSSL = await isThere("openssl", "version");

const handshake = (app: TestApp, ...args: string[]) =>
  run("openssl", "s_client", "-connect", app.url.replace("https://", ""), ...args);

Deno.test({
  name: "by default only TLS 1.3 is spoken",
  ignore: !HAS_OPENSSL,
  fn: () =>
    withTls(() => ({}), async (app, { ca_file }) => {
      const newest = await handshake(app, "-tls1_3", "-CAfile", ca_file);
      assert.match(newest.out, /Verify return code: 0 \(ok\)/);
      assert.notEqual((await handshake(app, "-tls1_2")).code, 0);
      await until(() => app.stderr.includes("certificate_error from 127.0.0.1"));
    }),
});

Deno.test({
  name: "TLS 1.2, where it is allowed, has only ECDHE and AEAD",
  ignore: !HAS_OPENSSL,
  fn: () =>
    withTls(() => ({ min_version: "TLSv1.2" }), async (app) => {
      assert.equal((await handshake(app, "-tls1_3")).code, 0);
      assert.match((await handshake(app, "-tls1_2")).out, /Cipher is ECDHE-ECDSA-\S*(GCM|POLY1305)/);
      for (const cipher of ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "AES128-GCM-SHA256"]) {
        assert.notEqual((await handshake(app, "-tls1_2", "-cipher", cipher)).code, 0, cipher);
      }
      assert.notEqual((await handshake(app, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")).code, 0);
    }),
});

const CLIENTS: Record<string, (url: string, ca: string) => [program: string, ...args: string[]]> = {
  curl: (url, ca) => ["curl", "-sS", "--cacert", ca, `${url}/health`],
  node: (url, ca) => [
    "node",
    "-e",
    `require("https").get("${url}/health", { ca: require("fs").readFileSync("${ca}") }, (r) => r.pipe(process.stdout))`,
  ],
  python3: (url, ca) => [
    "python3",
    "-c",
    "import ssl,urllib.request as u;" +
    `print(u.urlopen("${url}/health", context=ssl.create_default_context(cafile="${ca}")).read().decode())`,
  ],
};

for (const [name, command] of Object.entries(CLIENTS)) {
  Deno.test({
    name: `${name} speaks to it, if it trusts the authority`,
    ignore: !await isThere(name, "--version"),
    fn: () =>
      withTls(() => ({}), async (app, { ca_file }) => {
        const [program, ...args] = command(app.url, ca_file);
        const { code, out } = await run(program, ...args);
        assert.equal(code, 0, out);
        assert.match(out, /"overall_status"/);
      }),
  });
}

Deno.test("the typed client trusts an authority, over both HTTP and WebSocket; without it there is no connection", () =>
  withTls(() => ({}), async (app, { ca }) => {
    const options = { ca, api_key: app.owner_token };
    assert.equal((await new HttpClient(app.url, options).request("ping")).type, "pong");
    const client = await connect(app.url, options);
    assert.equal((await client.request("ping")).type, "pong");
    client.close();
    const distrustful = new HttpClient(app.url, { api_key: app.owner_token });
    await assert.rejects(distrustful.request("ping"), ({ code, details }) => {
      assert.equal(code, "CONNECTION_LOST");
      assert.match(details.reason, /certificate/);
      return true;
    });
  }));

Deno.test("a fingerprint trusts that certificate alone, and nothing is sent to another", () =>
  withTls(() => ({}), async (app, certificates) => {
    const { fingerprint } = await certificates.client("another");
    const asked = async (trust: Trust) => {
      const network = networkWith(() => trust);
      const api_key = app.owner_token;
      assert.equal((await new HttpClient(app.url, { network, api_key }).request("ping")).type, "pong");
      const client = await connect(app.url, { network, api_key });
      assert.equal((await client.request("ping")).type, "pong");
      client.close();
    };
    await asked({ fingerprint: await servedBy(certificates) });
    await asked({ ca: certificates.ca });
    await assert.rejects(asked({ fingerprint }), /No connection/);
    await assert.rejects(
      connect(app.url, { network: networkWith(() => ({ fingerprint })) }),
      /another certificate/,
    );
  }));

async function servedBy({ files }: TestCertificates): Promise<string> {
  const { X509Certificate } = await import("node:crypto");
  return new X509Certificate(await Deno.readTextFile(files.cert)).fingerprint256;
}

/** One request to `/api` with a certificate and a key, if given. */
async function asked(
  app: TestApp,
  { ca }: TestCertificates,
  certificate: Trust["certificate"],
  type: string,
  key?: string,
): Promise<Record<string, unknown>> {
  const network = networkWith(() => ({ ca, certificate }));
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const body = JSON.stringify({ type });
  return await (await network.fetch(`${app.url}/api`, { method: "POST", body, headers })).json();
}

Deno.test("a certificate's subject has the rights that are named for it; a key that is shown as well decides", () =>
  withTls(
    ({ ca_file }) => ({
      client_ca: ca_file,
      client_certs: "request",
      client_permissions: { alice: ["read"] },
    }),
    async (app, certificates) => {
      const alice = await certificates.client("alice");
      const bob = await certificates.client("bob");
      assert.equal((await asked(app, certificates, alice, "list_tasks")).type, "task_list");
      assert.equal((await asked(app, certificates, alice, "list_keys")).code, "PERMISSION_DENIED");
      assert.equal((await asked(app, certificates, bob, "list_tasks")).code, "PERMISSION_DENIED");
      assert.equal((await asked(app, certificates, undefined, "list_tasks")).code, "AUTHENTICATION_REQUIRED");
      assert.equal((await asked(app, certificates, bob, "list_keys", app.owner_token)).type, "key_list");
      assert.equal(
        (await asked(app, certificates, alice, "list_tasks", "sk-wrong")).code,
        "INVALID_AUTH_TOKEN",
      );
      const stranger = await (await TestCertificates.create(app.dir)).client("alice");
      assert.equal((await asked(app, certificates, stranger, "list_tasks")).code, "AUTHENTICATION_REQUIRED");
      const socket = await connect(app.url, {
        network: networkWith(() => ({ ca: certificates.ca, certificate: alice })),
      });
      assert.equal((await socket.request("list_tasks")).type, "task_list");
      const { sessions } = await new HttpClient(app.url, { ca: certificates.ca, api_key: app.owner_token })
        .request("list_sessions");
      const session = sessions.find(({ actor }) => actor.kind === "certificate");
      assert.equal(session?.actor.name, "alice");
      socket.close();
    },
  ));

Deno.test("without a certificate there is no connection, where one is required", () =>
  withTls(
    ({ ca_file }) => ({
      client_ca: ca_file,
      client_certs: "require",
      client_permissions: { alice: ["read"] },
    }),
    async (app, certificates) => {
      const alice = await certificates.client("alice");
      await assert.rejects(asked(app, certificates, undefined, "list_tasks", app.owner_token));
      assert.equal((await asked(app, certificates, alice, "list_tasks")).type, "task_list");
      await until(() => app.stderr.includes("certificate_error from 127.0.0.1"));
    },
  ));

Deno.test("a server that speaks TLS answers nobody who does not", () =>
  withTls(() => ({}), async (app) => {
    await assert.rejects(fetch(app.url.replace("https", "http")).then((answer) => answer.body?.cancel()));
    await until(() => app.stderr.includes("certificate_error"));
  }));

/** A clock whose `every` is called by hand, and whose time can be set. */
function handClock(): { clock: Clock; tick(): void; at(now_ms: number): void } {
  const ticks: (() => void)[] = [];
  let now_ms: number | undefined;
  const clock = Object.create(systemClock, {
    now: { value: () => now_ms ?? systemClock.now() },
    every: {
      value: (_ms: number, then: () => void) => {
        ticks.push(then);
        return { cancel() {} };
      },
    },
  }) as Clock;
  return { clock, tick: () => ticks.forEach((tick) => tick()), at: (ms) => now_ms = ms };
}

Deno.test("changed files are taken up without closing connections; a broken pair leaves the last good one", () =>
  withCertificates(async (certificates) => {
    const first = await certificates.serve();
    const { clock, tick } = handClock();
    const watch = await CertificateWatch.open({
      clock,
      tls: Tls.parse(certificates.files),
      host: "127.0.0.1",
      note() {},
    });
    watch.start();
    const transport = await openHardenedTransport({
      subprotocol: SUBPROTOCOLS.v1,
      clock: systemClock,
      host: "127.0.0.1",
      port: 0,
      max_message_bytes: 1000,
      tls: watch,
      answer(request, { upgrade }) {
        if (!request.headers.has("upgrade")) return new Response("here");
        const { socket, response } = upgrade();
        socket.onmessage = (event: never) => socket.send((event as { data: string }).data);
        return response;
      },
    });
    const url = `https://127.0.0.1:${transport.port}/`;
    const reached = async (fingerprint: string) => {
      try {
        return await (await networkWith(() => ({ fingerprint })).fetch(url, {})).text() === "here";
      } catch {
        return false;
      }
    };
    const open = networkWith(() => ({ fingerprint: first.fingerprint })).socket(
      url.replace("https", "wss"),
      ["opencode-agents.v1"],
      {},
    );
    await until(() => open.readyState === WebSocket.OPEN);
    const echoed = (text: string) =>
      new Promise<void>((resolve) => {
        open.onmessage = ({ data }: MessageEvent) => data === text && resolve();
        open.send(text);
      });
    await echoed("before");

    await Deno.writeTextFile(certificates.files.key, (await certificates.client("x")).key);
    tick();
    await until(() => watch.findings().some(({ code }) => code === "CERTIFICATE_UNUSABLE"));
    assert.ok(await reached(first.fingerprint));

    const second = await certificates.serve();
    tick();
    await until(() => watch.fingerprint === second.fingerprint);
    assert.deepEqual(watch.findings(), []);
    await until(() => reached(second.fingerprint));
    assert.ok(!await reached(first.fingerprint));
    await echoed("after");

    const closed = new Promise<void>((resolve) => open.onclose = () => resolve());
    open.close();
    await closed;
    await watch.stop();
    await transport.shutdown();
  }));

Deno.test("a certificate that expires soon, or has expired, serves, and is a health issue and an alert", () =>
  withCertificates(async (certificates) => {
    await certificates.serve(13);
    const { clock, tick, at } = handClock();
    const noted: unknown[] = [];
    const watch = await CertificateWatch.open({
      clock,
      tls: Tls.parse(certificates.files),
      host: "127.0.0.1",
      note: (ip, { reason }) => noted.push([ip, reason]),
    });
    watch.start();
    const found = () => watch.findings().map(({ code, severity }) => [code, severity]);
    assert.deepEqual(found(), [["CERTIFICATE_EXPIRES_SOON", "warning"]]);
    assert.equal(noted.length, 1);
    at(Date.now() + 14 * 86_400_000);
    tick();
    await until(() => noted.length === 2);
    assert.deepEqual(found(), [["CERTIFICATE_EXPIRED", "critical"]]);
    assert.ok(watch.context.cert);
    await watch.stop();
  }));
