/**
 * Who may reach the API at all, as a specification (contract, section 6): a web page of another origin may not, nor
 * one whose name was rebound to our address; a program on this machine may.
 */
import assert from "node:assert/strict";
import { RawSocket } from "../fixtures/raw_socket.ts";
import { withApp } from "../fixtures/app.ts";
import type { Door } from "../fixtures/door.ts";
import { SCRIPTED } from "../fixtures/scripted_agents.ts";
import { withServer } from "../fixtures/server.ts";

const TASK = {
  type: "start_task",
  task: { id: "intruder", type: "testing", priority: "low", description: "print done" },
};

interface Entrance {
  name: string;
  /** The status of the answer to a request with these headers; `Host` is the server's own unless given. */
  knock(server: Door, headers: string[]): Promise<number>;
  opened: number;
}

const withHost = (server: Door, headers: string[]) =>
  headers.some((line) => line.startsWith("Host:"))
    ? headers
    : [`Host: ${new URL(server.url).host}`, ...headers];

async function statusOf(request: Promise<RawSocket>): Promise<number> {
  const raw = await request;
  raw.close();
  return raw.status;
}

const ENTRANCES: Entrance[] = [
  {
    name: "an upgrade",
    knock: (server, headers) => statusOf(RawSocket.upgrade(server.url, headers)),
    opened: 101,
  },
  {
    name: "POST /api",
    knock(server, headers) {
      const body = JSON.stringify(TASK);
      const lines = ["POST /api HTTP/1.1", ...withHost(server, headers), `Content-Length: ${body.length}`];
      return statusOf(RawSocket.request(server.url, lines, body));
    },
    opened: 200,
  },
  {
    name: "GET /health",
    knock: (server, headers) =>
      statusOf(RawSocket.request(server.url, ["GET /health HTTP/1.1", ...withHost(server, headers)])),
    opened: 200,
  },
];

async function taskExists(server: Door): Promise<boolean> {
  return (await server.post({ type: "get_task_status", task_id: "intruder" })).status === 200;
}

const config = {
  limits: { enabled: false },
  agents: { sh: SCRIPTED },
  tasks: { default_agent: "sh" },
};

Deno.test("which origins and hosts are accepted", async (t) => {
  await withApp({ config }, async (server) => {
    const { port } = new URL(server.url);
    const strangers = [
      ["Origin: http://evil.example"],
      [`Origin: http://evil.example:${port}`],
      [`Origin: http://127.0.0.1.evil.example:${port}`],
      [`Origin: http://evil.example/127.0.0.1:${port}`],
      ["Origin: http://localhost:1"],
      ["Origin: http://127.0.0.1"],
      ["Origin: null"],
      ["Origin: file://"],
      [`Origin: chrome-extension://127.0.0.1:${port}`],
      ["Origin: "],
      ["Host: evil.example"],
      [`Host: evil.example:${port}`],
      [`Host: 127.0.0.1.evil.example:${port}`],
      [`Host: localhost.evil.example:${port}`],
      [`Host: 192.168.1.1:${port}`],
      // DNS rebinding: both agree, and neither is ours.
      [`Host: evil.example:${port}`, `Origin: http://evil.example:${port}`],
    ];
    const friends = [
      [],
      [`Origin: http://127.0.0.1:${port}`],
      [`Origin: http://localhost:${port}`],
      [`Host: localhost:${port}`],
      [`Host: LOCALHOST:${port}`, `Origin: http://localhost:${port}`],
      ["Host: localhost"],
      [`Host: [::1]:${port}`],
      // Through a forwarded port, such as ssh -L.
      ["Host: localhost:9999", "Origin: http://localhost:9999"],
    ];
    for (const { name, knock } of ENTRANCES) {
      await t.step(`${name}: strangers are refused with 403, and change nothing`, async () => {
        for (const headers of strangers) assert.equal(await knock(server, headers), 403, headers.join(", "));
        assert.equal(await taskExists(server), false);
      });
    }
    for (const { name, knock, opened } of ENTRANCES) {
      await t.step(`${name}: our own page and programs come in`, async () => {
        for (const headers of friends) {
          const status = await knock(server, headers);
          // The second who starts the task is told that it exists.
          assert.ok([opened, name === "POST /api" ? 409 : opened].includes(status), `${headers}: ${status}`);
        }
      });
    }

    await t.step("a refusal says why, and what to configure", async () => {
      const { status, reply } = await server.post(TASK, { origin: "http://evil.example" });
      assert.deepEqual([status, reply.type, reply.code], [403, "error", "PERMISSION_DENIED"]);
      assert.match(reply.message as string, /http:\/\/evil\.example.*server\.allowed_origins/);
    });

    await t.step("no response allows other pages to read it", async () => {
      for (const origin of ["http://evil.example", server.url]) {
        const response = await fetch(`${server.url}/api`, {
          method: "OPTIONS",
          headers: { origin, "access-control-request-method": "POST" },
        });
        await response.body?.cancel();
        assert.equal(response.headers.get("access-control-allow-origin"), null);
      }
    });
  });
});

Deno.test("configured names and origins are accepted, and only those", async () => {
  const server_config = {
    allowed_origins: ["https://dashboard.example"],
    allowed_hosts: ["agents.example", "other.example:81"],
  };
  await withApp({ config: { ...config, server: server_config } }, async (server) => {
    const expected: [string[], boolean][] = [
      [["Origin: https://dashboard.example"], true],
      [["Origin: http://dashboard.example"], false],
      [["Origin: https://dashboard.example:444"], false],
      [["Host: agents.example"], true],
      [["Host: agents.example:1234"], true],
      [["Host: other.example:81"], true],
      [["Host: other.example:82"], false],
      [["Host: sub.agents.example"], false],
      [["Host: agents.example", "Origin: http://agents.example"], true],
      [["Host: agents.example", "Origin: http://other.example"], false],
    ];
    for (const { name, knock, opened } of ENTRANCES.filter(({ name }) => name !== "POST /api")) {
      for (const [headers, comesIn] of expected) {
        assert.equal(await knock(server, headers), comesIn ? opened : 403, `${name}: ${headers}`);
      }
    }
    // A browser asks first, and keeps an answer from its page that does not name the page's origin.
    const ask = async (method: string, origin: string) => {
      const { status, headers, body } = await fetch(`${server.url}/api`, {
        method,
        headers: { origin, "access-control-request-method": "POST" },
        ...(method === "POST" ? { body: '{"type":"ping"}' } : {}),
      });
      await body?.cancel();
      return [status, headers.get("access-control-allow-origin")];
    };
    const [own, allowed, foreign] = [server.url, "https://dashboard.example", "https://evil.example"];
    assert.deepEqual(await ask("OPTIONS", allowed), [204, allowed]);
    assert.deepEqual(await ask("POST", allowed), [200, allowed]);
    assert.deepEqual(await ask("POST", own), [200, null]);
    assert.deepEqual(await ask("OPTIONS", foreign), [403, null]);
  });
});

Deno.test("--insecure listens on all addresses, but still refuses pages of other origins and names", async () => {
  await withServer({ config, args: ["--host", "0.0.0.0", "--insecure"] }, async (server) => {
    const { port } = new URL(server.url);
    server.url = `http://127.0.0.1:${port}`;
    for (const { name, knock, opened } of ENTRANCES.filter(({ name }) => name !== "POST /api")) {
      for (
        const headers of [[], [`Host: 192.168.1.1:${port}`], [
          `Host: 192.168.1.1:${port}`,
          `Origin: http://192.168.1.1:${port}`,
        ]]
      ) {
        assert.equal(await knock(server, headers), opened, `${name}: ${headers}`);
      }
      for (const headers of [[`Host: evil.example:${port}`], ["Origin: http://evil.example"]]) {
        assert.equal(await knock(server, headers), 403, `${name}: ${headers}`);
      }
    }
  });
});

Deno.test("it listens on no other address", async () => {
  await withApp({ config }, async (server) => {
    const { port } = new URL(server.url);
    const others = Deno.networkInterfaces().filter(({ address, family }) =>
      family === "IPv4" && !address.startsWith("127.")
    );
    for (const { address } of others) {
      await assert.rejects(
        Deno.connect({ hostname: address, port: Number(port) }),
        Deno.errors.ConnectionRefused,
      );
    }
  });
});
