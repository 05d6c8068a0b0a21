/** Bodies that are announced and do not come. */
import assert from "node:assert/strict";
import { ApiError } from "../../src/domain/errors.ts";
import { readText } from "../../src/doors/http/body.ts";
import { withApp } from "../fixtures/app.ts";
import { RawSocket } from "../fixtures/raw_socket.ts";

for (const transport of ["fast", "hardened"]) {
  Deno.test(`a body that says it is too large is refused before it comes, over the ${transport} transport`, () =>
    withApp({ config: { server: { transport } } }, async (server) => {
      const head = ["POST /api HTTP/1.1", `Host: ${new URL(server.url).host}`, "Content-Length: 1000000000"];
      const raw = await RawSocket.request(server.url, head, '{"type":');
      assert.equal(raw.status, 400);
      // It waits a little for the rest of the body, then closes the connection.
      if (transport === "hardened") await raw.ended();
      raw.close();
    }));
}

Deno.test("a client that goes in the middle of its body is an expected failure", async () => {
  let parts = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (parts++ === 0) controller.enqueue(new TextEncoder().encode('{"type":'));
      else controller.error(new Error("aborted"));
    },
  });
  await assert.rejects(
    readText(new Request("http://x", { method: "POST", body }), 1000),
    (error) =>
      error instanceof ApiError && error.code === "INVALID_JSON" && /aborted/.test(`${error.details.reason}`),
  );
});
