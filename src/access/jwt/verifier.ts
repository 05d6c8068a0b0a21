/** Identifies clients by the signed tokens of an identity provider (RFC 7519). */
import { errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";
import { type Clock, dateOf } from "../../clock/clock.ts";
import { Permission } from "../../domain/access_key.ts";
import type { Actor } from "../../domain/actor.ts";
import { DEFAULT_TENANT } from "../../domain/tenant_id.ts";
import type { JwtConfig } from "../../protocol/jwt_config.ts";
import type { Identity } from "../identity.ts";
import { KeySet } from "./key_set.ts";
import { type JwtReason, JwtRefusal } from "./refusal.ts";
import { type KeyFiles, type VerifyingKey, verifyingKey } from "./signing_key.ts";

/** How long a token is taken that is admitted after its end, within the leeway. */
const LATE_MS = 1000;

export class JwtVerifier {
  readonly #config: JwtConfig;
  readonly #clock: Clock;
  readonly #key: JWTVerifyGetKey;

  readonly #isTenant: (name: string) => boolean;

  private constructor(
    config: JwtConfig,
    clock: Clock,
    key: VerifyingKey,
    isTenant: (name: string) => boolean,
  ) {
    this.#config = config;
    this.#isTenant = isTenant;
    this.#clock = clock;
    this.#key = key instanceof URL ? new KeySet(key.href, clock).find : () => key;
  }

  /** `isTenant`: whether the server has a tenant. Throws `CONFIGURATION_ERROR` for a key that cannot verify these tokens. */
  static async open(
    config: JwtConfig,
    clock: Clock,
    { isTenant = (name) => name === DEFAULT_TENANT, ...files }: KeyFiles & {
      isTenant?(name: string): boolean;
    },
  ): Promise<JwtVerifier> {
    return new JwtVerifier(config, clock, await verifyingKey(config, files), isTenant);
  }

  /** The identity that a token gives until it expires. Rejects with a `JwtRefusal`. */
  async identify(token: string): Promise<Identity> {
    const payload = await this.#verified(token).catch((error) => {
      throw new JwtRefusal(reasonOf(error));
    });
    const now_ms = this.#clock.now();
    const end_ms = payload.exp! * 1000;
    return {
      actor: this.#actorOf(payload),
      permissions: permissionsOf(payload[this.#config.permissions_claim]),
      expires_ms: end_ms > now_ms ? end_ms : now_ms + LATE_MS,
    };
  }

  async #verified(token: string): Promise<JWTPayload> {
    const { issuer, audience, algorithms, leeway_seconds } = this.#config;
    const options = {
      issuer,
      audience,
      algorithms,
      clockTolerance: leeway_seconds,
      requiredClaims: ["exp", "iss"],
      currentDate: dateOf(this.#clock.now()),
    };
    try {
      return (await jwtVerify(token, this.#key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      // A token without a `kid`: any of the keys of its kind may have signed it.
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, options)).payload;
        } catch (error) {
          if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }

  #actorOf({ sub, name, ...claims }: JWTPayload): Actor {
    const { tenant_claim } = this.#config;
    const tenant = tenant_claim === undefined ? DEFAULT_TENANT : claims[tenant_claim] ?? DEFAULT_TENANT;
    if (typeof tenant !== "string" || !this.#isTenant(tenant)) throw new JwtRefusal("tenant");
    return { kind: "jwt", id: sub, name: typeof name === "string" ? name : undefined, tenant };
  }
}

function reasonOf(error: unknown): JwtReason {
  if (error instanceof errors.JWTExpired) return "expired";
  if (error instanceof errors.JOSEAlgNotAllowed) return "algorithm";
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return "signature";
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === "check_failed") {
    return ({ iss: "issuer", aud: "audience", nbf: "not_yet_valid" } as const)[error.claim] ?? "malformed";
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud") return "audience";
  if (error instanceof errors.JOSEError) return "malformed";
  throw error;
}

/** A list of permissions, or words with blanks between them. Others than ours are left out. */
function permissionsOf(claim: unknown): Permission[] {
  const words = typeof claim === "string" ? claim.split(/\s+/) : Array.isArray(claim) ? claim : [];
  return Permission.options.filter((permission) => words.includes(permission));
}
