import assert from "node:assert/strict";
import { openFastTransport } from "../../src/doors/transport/fast_transport.ts";
import { isFromHere } from "../../src/doors/transport/tls_listener.ts";
import { openHardenedTransport } from "../../src/doors/transport/hardened_transport.ts";
import { transportFor } from "../../src/doors/transport/transports.ts";
import { ApiError } from "../../src/domain/errors.ts";

Deno.test("auto: fast if only this machine can connect, hardened otherwise", async () => {
  for (const host of ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"]) {
    assert.equal(await transportFor({ host, transport: "auto" }), openFastTransport, host);
    assert.equal(await transportFor({ host, transport: "hardened" }), openHardenedTransport, host);
  }
  for (const host of ["0.0.0.0", "::", "192.168.1.5", "fd00::1", "example.org", "127.example.org"]) {
    assert.equal(await transportFor({ host, transport: "auto" }), openHardenedTransport, host);
    assert.equal(await transportFor({ host, transport: "fast" }), openFastTransport, host);
  }
});

Deno.test("an old Deno: auto falls back, and requesting hardened by name is an error", async () => {
  for (const version of ["2.4.2", "2.7.14", "1.46.3"]) {
    assert.equal(await transportFor({ host: "0.0.0.0", transport: "auto" }, version), openFastTransport);
    await assert.rejects(
      transportFor({ host: "0.0.0.0", transport: "hardened" }, version),
      (error) =>
        error instanceof ApiError && error.code === "CONFIGURATION_ERROR" && error.message.includes("2.8"),
    );
  }
  for (const version of ["2.8.0", "2.10.1", "3.0.0"]) {
    assert.equal(await transportFor({ host: "0.0.0.0", transport: "auto" }, version), openHardenedTransport);
  }
});

Deno.test("the certificate of this machine's own programs is taken from its own addresses alone", () => {
  const from = (remoteAddress: string | undefined, localAddress: string) =>
    isFromHere({ remoteAddress, localAddress });
  for (
    const [remote, local] of [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["10.0.0.5", "10.0.0.5"]] as const
  ) {
    assert.ok(from(remote, local), remote);
  }
  for (const remote of ["10.0.0.6", "fe80::1", "::ffff:10.0.0.6", "", undefined]) {
    assert.ok(!from(remote, "10.0.0.5"), remote);
  }
});
