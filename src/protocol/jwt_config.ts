/** `security.jwt`: the tokens of an identity provider that clients may show instead of API keys. */
import * as z from "zod";
import { HttpUrl, text } from "../domain/scalars.ts";

const JWT_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "EdDSA",
] as const;

export const JwtConfig = z.strictObject({
  issuer: text(1, 1000).describe("What the claim `iss` must be."),
  audience: text(1, 1000).optional().describe(
    "What the claim `aud` must be or contain. Default: it is not looked at.",
  ),
  algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).describe(
    "How tokens may be signed: all HS, or none of them.",
  ),
  secret_env: text(1, 200).optional().describe("The variable with the shared secret, for HS algorithms."),
  public_key: text(1, 20_000).optional().describe(
    "The public key: a PEM text, or the path of a file with one.",
  ),
  jwks_url: HttpUrl.optional().describe(
    "Where the provider publishes its public keys. http on this machine only. They are fetched again within a minute.",
  ),
  leeway_seconds: z.int().min(0).max(600).default(30).describe(
    "By how much the clocks of the provider and of the server may differ when a token is admitted.",
  ),
  permissions_claim: text(1, 200).default("permissions").describe(
    "The claim with the permissions: a list, or words with blanks between them. A token without it may do nothing.",
  ),
  tenant_claim: text(1, 200).optional().describe(
    "The claim with the tenant. Default: every token is of `default`.",
  ),
});
export type JwtConfig = z.infer<typeof JwtConfig>;
