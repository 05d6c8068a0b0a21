import assert from "node:assert/strict";
import fc from "fast-check";
import { ClientAddresses } from "../../src/access/client_addresses.ts";
import { PlainAddresses } from "../../src/access/plain_addresses.ts";

const NONE = { trusted_proxies: [], ip_whitelist: [], ip_blacklist: [] };

Deno.test("the client is the peer, or, behind trusted proxies, the last address that is not a trusted proxy", () => {
  const addresses = new ClientAddresses({ ...NONE, trusted_proxies: ["10.0.0.0/8", "::1", "fd00::/8"] });
  const cases: [peer: string, forwarded: string | null, client: string][] = [
    ["192.0.2.1", null, "192.0.2.1"],
    ["192.0.2.1", "198.51.100.7", "192.0.2.1"],
    ["10.1.2.3", "198.51.100.7", "198.51.100.7"],
    ["::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"],
    ["::1", "2001:db8::5", "2001:db8::5"],
    ["::1", "2001:DB8:0:0::5", "2001:db8::5"],
    ["::ffff:a01:203", "198.51.100.7", "198.51.100.7"],
    ["10.1.2.3", "0x7f.1", "10.1.2.3"],
    ["fd12::1", " 198.51.100.7 ", "198.51.100.7"],
    // What stands before the last stranger, the stranger may have written.
    ["10.1.2.3", "127.0.0.1, 198.51.100.7", "198.51.100.7"],
    ["10.1.2.3", "127.0.0.1, 198.51.100.7, 10.9.9.9", "198.51.100.7"],
    ["10.1.2.3", null, "10.1.2.3"],
    ["10.1.2.3", "", "10.1.2.3"],
    ["10.1.2.3", "unknown", "10.1.2.3"],
    ["10.1.2.3", "198.51.100.7, _hidden, 10.9.9.9", "10.9.9.9"],
    ["10.1.2.3", "10.4.4.4, 10.5.5.5", "10.4.4.4"],
    // Some proxies add a port, brackets or a zone.
    ["10.1.2.3", "198.51.100.7:49152", "198.51.100.7"],
    ["10.1.2.3", "[2001:db8::5]", "2001:db8::5"],
    ["10.1.2.3", "[2001:db8::5]:443", "2001:db8::5"],
    ["10.1.2.3", '"[2001:db8::5]:443"', "2001:db8::5"],
    ["10.1.2.3", "fe80::7%eth0", "fe80::7"],
    ["10.1.2.3", "[fe80::7%25eth0]:80", "fe80::7"],
    ["10.1.2.3", "[::ffff:198.51.100.7]:80", "198.51.100.7"],
    ["10.1.2.3", "198.51.100.7, 10.9.9.9:8080", "198.51.100.7"],
    ["fe80::1%eth0", "198.51.100.7", "fe80::1"],
    ["10.1.2.3", "198.51.100.7:port", "10.1.2.3"],
    ["10.1.2.3", "[198.51.100.7", "10.1.2.3"],
  ];
  for (const [peer, forwarded, client] of cases) {
    assert.equal(addresses.clientOf(peer, forwarded), client, `${peer} says ${forwarded}`);
  }
});

Deno.test("without trusted proxies nothing that a client writes changes its address", () => {
  const addresses = new ClientAddresses(NONE);
  fc.assert(fc.property(fc.ipV4(), fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (peer, forwarded) => {
    assert.equal(addresses.clientOf(peer, forwarded), peer);
    assert.equal(addresses.refusal(peer), undefined);
  }));
});

Deno.test("lists: addresses and networks of both families; an address on both lists is refused", () => {
  const addresses = new ClientAddresses({
    ...NONE,
    ip_whitelist: ["127.0.0.1", "192.168.1.0/24", "2001:db8::/32"],
    ip_blacklist: ["192.168.1.66", "2001:db8:bad::/48"],
  });
  for (const ip of ["127.0.0.1", "192.168.1.1", "192.168.1.255", "2001:db8::1"]) {
    assert.equal(addresses.refusal(ip), undefined, ip);
  }
  for (const ip of ["127.0.0.2", "192.168.2.1", "2001:db9::1", "::1", "", "no address"]) {
    assert.match(addresses.refusal(ip) ?? "", /ip_whitelist/, ip);
  }
  for (const ip of ["192.168.1.66", "2001:db8:bad::5"]) {
    assert.match(addresses.refusal(ip) ?? "", /ip_blacklist/, ip);
  }
  const mapped = new ClientAddresses({ ...NONE, ip_blacklist: ["::ffff:10.0.0.0/104", "::ffff:192.0.2.1"] });
  for (const ip of ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.1"]) assert.ok(mapped.refusal(ip), ip);
  assert.equal(mapped.refusal("11.1.2.3"), undefined);
  const all_but = new ClientAddresses({ ...NONE, ip_blacklist: ["10.0.0.0/8"] });
  assert.equal(all_but.refusal("127.0.0.1"), undefined);
  assert.match(all_but.refusal("10.255.0.1") ?? "", /ip_blacklist/);
});

Deno.test("without rules, the address of a peer is named as with them, and nobody's word about it is taken", () => {
  const ruled = new ClientAddresses(NONE);
  const plain = new PlainAddresses();
  for (const peer of ["127.0.0.1", "::1", "::ffff:10.1.2.3", "2001:db8::1", "fe80::1", "192.0.2.7"]) {
    assert.equal(plain.clientOf(peer), ruled.clientOf(peer, "203.0.113.9"), peer);
    assert.equal(plain.refusal(), ruled.refusal(peer), peer);
  }
});

Deno.test("no way to write a forwarded address gets it past the lists", () => {
  const proxied = new ClientAddresses({
    trusted_proxies: ["10.0.0.0/8"],
    ip_whitelist: [],
    ip_blacklist: ["198.51.100.0/24", "2001:db8::/32", "fe80::/10"],
  });
  const port = fc.option(fc.integer({ min: 0, max: 65535 }), { nil: undefined });
  const written = fc.tuple(
    fc.constantFrom("198.51.100.7", "2001:db8::5", "2001:DB8:0::5", "fe80::7%eth0", "::ffff:198.51.100.7"),
    port,
    fc.boolean(),
    fc.boolean(),
  ).map(([address, port, isBracketed, isQuoted]) => {
    const isV6 = address.includes(":");
    const host = isV6 && (isBracketed || port !== undefined) ? `[${address}]` : address;
    const text = port === undefined ? host : `${host}:${port}`;
    return isQuoted ? `"${text}"` : text;
  });
  fc.assert(fc.property(written, (entry) => {
    assert.match(proxied.refusal(proxied.clientOf("10.1.2.3", entry)) ?? "", /ip_blacklist/, entry);
  }));
});
