/** Tokens of an identity provider instead of API keys. They are made here with the platform's own cryptography. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type TestApp, withApp } from "../fixtures/app.ts";

const SECRET = "a shared secret of forty characters, so";
Deno.env.set("OA_TEST_JWT_SECRET", SECRET);
const ISSUER = "https://id.example";
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const in_s = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

type Claims = Record<string, unknown>;
type Signer = (text: string) => Uint8Array;

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const hs: Signer = (text) => createHmac("sha256", SECRET).update(text).digest();
const signedBy = (key: KeyObject, hash: "sha256" | "sha384" | null = "sha256"): Signer => (text) =>
  sign(hash ?? undefined, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });

function token(claims: Claims = {}, header: Claims = { alg: "HS256" }, signer = hs): string {
  const all = { iss: ISSUER, sub: "ann", exp: in_s(600), permissions: ["read", "write"], ...claims };
  const text = `${encoded({ typ: "JWT", ...header })}.${encoded(all)}`;
  return `${text}.${Buffer.from(signer(text)).toString("base64url")}`;
}

const config = (jwt: Claims = {}) => ({
  security: {
    auth: "required",
    jwt: { issuer: ISSUER, algorithms: ["HS256"], secret_env: "OA_TEST_JWT_SECRET", ...jwt },
  },
  limits: { enabled: false },
});
const keyed = (jwt: Claims) => config({ secret_env: undefined, ...jwt });

/** What a request with this token is answered: the type, or the code and the reason. */
async function answered(
  app: TestApp,
  shown: string,
  message: object = { type: "list_tasks" },
  from: Record<string, string> = {},
) {
  const { reply } = await app.post(message, { ...bearer(shown), ...from });
  if (reply.type !== "error") return reply.type;
  const details = reply.details as { reason?: string } | undefined;
  return details?.reason === undefined ? reply.code : `${reply.code} ${details.reason}`;
}

Deno.test("a token gives its permissions until it expires, as Bearer and to authenticate; its subject is the actor", async () => {
  await withApp({ config: config() }, async (app) => {
    const shown = token({ name: "Ann" });
    const task = { id: "t", type: "testing", priority: "low", description: "t" };
    const { reply } = await app.post({ type: "start_task", task }, bearer(shown));
    assert.equal(reply.type, "task_started", JSON.stringify(reply));
    assert.deepEqual((reply.task as Claims).created_by, {
      kind: "jwt",
      id: "ann",
      name: "Ann",
      tenant: "default",
    });
    assert.equal(await answered(app, shown, { type: "list_keys" }), "PERMISSION_DENIED");
    assert.equal(await answered(app, token({ permissions: "read other" })), "task_list");
    assert.equal(await answered(app, token({ permissions: undefined })), "PERMISSION_DENIED");

    const socket = await app.connect();
    const exp = in_s(600);
    const opened = await socket.request({ type: "authenticate", token: token({ exp }) });
    assert.equal(opened.type, "authentication_success", JSON.stringify(opened));
    assert.deepEqual(opened.permissions, ["read", "write"]);
    assert.equal(Date.parse(opened.expires_at as string), exp * 1000, "the session ends with its token");
    assert.equal((await socket.request({ type: "list_tasks" })).type, "task_list");
    const session = (await app.post({ type: "list_tasks" }, bearer(opened.session_token as string))).reply;
    assert.equal(session.type, "task_list");
    const both = await socket.request({ type: "authenticate", token: shown, api_key: "x" });
    assert.equal(both.code, "INVALID_FIELD_VALUE");
    assert.equal((await socket.request({ type: "authenticate" })).code, "MISSING_REQUIRED_FIELD");
  });
});

Deno.test("a socket ends when its token does, however it showed it", async () => {
  await withApp({ config: config() }, async (app) => {
    const socket = new WebSocket(
      app.url.replace("http", "ws") + "/ws",
      { headers: bearer(token({ exp: in_s(3) })) } as never,
    );
    const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
    assert.equal((await closed).code, 1008);
  });
});

Deno.test("a wrong token is refused with its reason", async () => {
  const trusting = {
    ...config({ audience: "agents", tenant_claim: "org" }),
    server: { trusted_proxies: ["127.0.0.1"] },
  };
  await withApp({ config: trusting }, async (app) => {
    const fine = { aud: ["agents", "others"] };
    assert.equal(await answered(app, token(fine)), "task_list");
    assert.equal(
      await answered(app, token({ ...fine, exp: in_s(-20), nbf: in_s(20) })),
      "task_list",
      "leeway",
    );
    assert.equal(await answered(app, token({ ...fine, org: "default" })), "task_list");
    const [head, , signature] = token(fine).split(".");
    const forged = `${head}.${
      encoded({ iss: ISSUER, exp: in_s(600), aud: "agents", permissions: ["admin"] })
    }`;
    let places = 0;
    for (
      const [shown, reason] of [
        [token({ ...fine, exp: in_s(-100) }), "expired"],
        [token({ ...fine, nbf: in_s(100) }), "not_yet_valid"],
        [token({ ...fine, iss: "https://other.example" }), "issuer"],
        [token({ aud: "others" }), "audience"],
        [token(), "audience"],
        [`${forged}.${signature}`, "signature"],
        [token(fine, { alg: "HS256" }, () => createHmac("sha256", "other").digest()), "signature"],
        [token(fine, { alg: "HS384" }, hs), "algorithm"],
        [token(fine, { alg: "none" }, () => new Uint8Array()), "algorithm"],
        [token({ ...fine, exp: undefined }), "malformed"],
        [token({ ...fine, exp: "soon" }), "malformed"],
        [token(fine, { alg: "HS256", crit: ["x"], x: 1 }), "malformed"],
        ["eyJhIjoxfQ.eyJ.x", "malformed"],
        [token({ ...fine, org: "*" }), "tenant"],
        [token({ ...fine, org: "unknown" }), "tenant"],
      ] as [string, string][]
    ) {
      // Each from another place, since guesses from one are counted.
      const from = { "x-forwarded-for": `203.0.113.${++places}` };
      assert.equal(await answered(app, shown, undefined, from), `INVALID_AUTH_TOKEN ${reason}`, shown);
    }
    // An expired token is no guess: it says so however often it comes.
    assert.equal(await answered(app, token({ ...fine, exp: in_s(-100) })), "INVALID_AUTH_TOKEN expired");
    assert.equal(await answered(app, token(fine)), "task_list", "a valid token is always taken");
  });
});

Deno.test("public keys of every kind verify what their private keys have signed", async () => {
  const kinds = [
    ["RS256", generateKeyPairSync("rsa", { modulusLength: 2048 }), "sha256"],
    ["ES256", generateKeyPairSync("ec", { namedCurve: "P-256" }), "sha256"],
    ["ES384", generateKeyPairSync("ec", { namedCurve: "P-384" }), "sha384"],
    ["EdDSA", generateKeyPairSync("ed25519"), null],
  ] as const;
  for (const [alg, { publicKey, privateKey }, hash] of kinds) {
    const public_key = publicKey.export({ type: "spki", format: "pem" }) as string;
    await withApp({ config: keyed({ algorithms: [alg], public_key }) }, async (app) => {
      assert.equal(await answered(app, token({}, { alg }, signedBy(privateKey, hash))), "task_list", alg);
      // The oldest trick: the public key as a shared secret.
      const tricked = token(
        {},
        { alg: "HS256" },
        (text) => createHmac("sha256", public_key).update(text).digest(),
      );
      assert.equal(await answered(app, tricked), "INVALID_AUTH_TOKEN algorithm");
    });
  }
});

/** An identity provider that publishes these keys. */
class Provider {
  keys: Claims[] = [];
  asked = 0;
  status = 200;
  readonly #server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    this.asked++;
    return Response.json({ keys: this.keys }, { status: this.status });
  });

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/keys`;
  }

  add(kid: string): Signer {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.keys.push({ ...publicKey.export({ format: "jwk" }), kid, alg: "ES256", use: "sig" });
    return signedBy(privateKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("a provider's keys are fetched by their id, and not again for each unknown one", async () => {
  await using provider = new Provider();
  const signer = provider.add("one");
  const shown = (kid: string | undefined, by = signer) => token({}, { alg: "ES256", kid }, by);
  await withApp({ config: keyed({ algorithms: ["ES256"], jwks_url: provider.url }) }, async (app) => {
    assert.equal(await answered(app, shown("one")), "task_list");
    assert.equal(await answered(app, shown(undefined)), "task_list", "without an id, any key of its kind");
    const later = provider.add("two");
    for (let i = 0; i < 3; i++) {
      assert.equal(await answered(app, shown("two", later)), "INVALID_AUTH_TOKEN signature");
    }
    assert.equal(provider.asked, 1, "at most once a minute");
  });
});

Deno.test("a configuration that could not verify, or would let in others, is refused", async () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = (key: KeyObject, type: "spki" | "pkcs8") => key.export({ type, format: "pem" }) as string;
  const public_key = pem(ec.publicKey, "spki");
  for (
    const [jwt, message] of [
      [{}, /needs one of/],
      [{ public_key, secret_env: "OA_TEST_JWT_SECRET" }, /needs one of/],
      [{ algorithms: ["HS256"], public_key }, /never a public key/],
      [{ algorithms: ["ES256", "HS256"], secret_env: "OA_TEST_JWT_SECRET" }, /HS algorithms only/],
      [{ algorithms: ["HS256"], secret_env: "OA_TEST_NOT_SET" }, /OA_TEST_NOT_SET is not set/],
      [{ algorithms: ["RS256"], public_key }, /RS256 does not fit this ec key/],
      [{ algorithms: ["RS256"], public_key: pem(rsa.publicKey, "spki") }, /RS256 does not fit/],
      [{ algorithms: ["ES256"], public_key: pem(ec.privateKey, "pkcs8") }, /private key/],
      [{ algorithms: ["ES256"], public_key: "/no/such/key.pem" }, /cannot be read/],
      [{ algorithms: ["ES256"], jwks_url: "http://id.example/keys" }, /https/],
      [{ algorithms: ["none"], public_key }, /algorithms/],
    ] as [Claims, RegExp][]
  ) {
    const refused = withApp({ config: keyed(jwt) }, () => Promise.resolve());
    await assert.rejects(refused, (error: { code?: string; message: string }) => {
      assert.equal(error.code, "CONFIGURATION_ERROR", error.message);
      assert.match(error.message, message);
      return true;
    });
  }
});
