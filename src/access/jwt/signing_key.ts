/** The key that tokens are verified with, as the configuration names it. */
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject } from "node:crypto";
import { ApiError } from "../../domain/errors.ts";
import { secretOf } from "../../domain/secret_variable.ts";
import type { JwtConfig } from "../../protocol/jwt_config.ts";

const SOURCES = ["secret_env", "public_key", "jwks_url"] as const;
const RSA_BITS_MIN = 2048;
const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

export type VerifyingKey = Uint8Array | KeyObject | URL;

/** What resolves relative names of files. */
export interface KeyFiles {
  env: Readonly<Record<string, string>>;
  /** Reads the file of this name. */
  read(path: string): Promise<string>;
}

/** Throws `CONFIGURATION_ERROR` for a key that is missing, that is not one, or that does not fit the algorithms. */
export async function verifyingKey(config: JwtConfig, { env, read }: KeyFiles): Promise<VerifyingKey> {
  const { secret_env, public_key, jwks_url, algorithms } = config;
  const given = SOURCES.filter((name) => config[name] !== undefined);
  if (given.length !== 1) {
    throw wrong("", `needs one of ${SOURCES.join(", ")}`, given.join(", "), "exactly one of them");
  }
  const shared = algorithms.filter((algorithm) => algorithm.startsWith("HS"));
  if (secret_env !== undefined) {
    if (shared.length < algorithms.length) {
      throw wrong(
        ".algorithms",
        "a shared secret verifies HS algorithms only",
        algorithms,
        "HS256, HS384, HS512",
      );
    }
    return Buffer.from(secretOf("security.jwt.secret_env", secret_env, env), "utf8");
  }
  if (shared.length > 0) {
    // Whoever has the public key could sign with it.
    throw wrong(
      ".algorithms",
      "HS algorithms need secret_env, never a public key",
      shared,
      "RS, PS, ES or EdDSA",
    );
  }
  return jwks_url !== undefined ? keySetUrl(jwks_url) : await publicKey(public_key!, algorithms, read);
}

function keySetUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || (url && LOOPBACK_HOSTS.includes(url.hostname))) return url;
  throw wrong(
    ".jwks_url",
    "the provider's keys are fetched over https, or over http on this machine",
    text,
    "an https URL",
  );
}

async function publicKey(
  text: string,
  algorithms: JwtConfig["algorithms"],
  read: KeyFiles["read"],
): Promise<KeyObject> {
  const pem = text.includes("-----BEGIN") ? text : await read(text).catch((error) => {
    throw wrong(
      ".public_key",
      `cannot be read: ${error.message}`,
      text,
      "a PEM text or the path of a file with one",
    );
  });
  let key: KeyObject;
  try {
    if (pem.includes("PRIVATE KEY")) throw new Error("it is a private key");
    key = createPublicKey(pem);
  } catch (error) {
    throw wrong(
      ".public_key",
      `no public key: ${(error as Error).message}`,
      undefined,
      "a PEM text or the path of a file with one",
    );
  }
  const unfit = algorithms.find((algorithm) => !fits(key, algorithm));
  if (unfit === undefined) return key;
  throw wrong(".algorithms", `${unfit} does not fit this ${key.asymmetricKeyType} key`, unfit, fitting(key));
}

/** The algorithms that a public key verifies, as JWA names them. */
function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: string): boolean {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails ?? {};
  if (/^[RP]S/.test(algorithm)) return asymmetricKeyType === "rsa" && modulusLength >= RSA_BITS_MIN;
  if (algorithm === "EdDSA") return asymmetricKeyType === "ed25519";
  return namedCurve === { ES256: "prime256v1", ES384: "secp384r1" }[algorithm];
}

function fitting(key: KeyObject): string {
  const some = ["RS256", "PS256", "ES256", "ES384", "EdDSA"].filter((algorithm) => fits(key, algorithm));
  return some.length === 0
    ? `an RSA key of ${RSA_BITS_MIN} bits or more, P-256, P-384 or Ed25519`
    : some.join(", ");
}

function wrong(path: string, why: string, value: unknown, expected: string): ApiError {
  const field = `security.jwt${path}`;
  return new ApiError("CONFIGURATION_ERROR", `${field}: ${why}`, { field, value, expected });
}
