/** Why tokens of an identity provider are refused. The library that reads them is loaded only where they are taken. */
import { ApiError } from "../../domain/errors.ts";

/** Why a token is refused. */
export type JwtReason =
  | "expired"
  | "not_yet_valid"
  | "signature"
  | "issuer"
  | "audience"
  | "algorithm"
  | "malformed"
  | "tenant";

/** A token that nobody with the provider's key has signed: it may be a guess. */
const GUESSES = new Set<JwtReason>(["signature", "malformed", "algorithm"]);

export class JwtRefusal extends ApiError {
  readonly isGuess: boolean;

  constructor(reason: JwtReason) {
    super("INVALID_AUTH_TOKEN", WORDS[reason], { reason });
    this.isGuess = GUESSES.has(reason);
  }
}

const WORDS: Record<JwtReason, string> = {
  expired: "This token has expired: get a new one from its issuer",
  not_yet_valid: "This token is not valid yet",
  signature: "This token is not signed by a key that this server trusts",
  issuer: "This token is of another issuer",
  audience: "This token is for another audience",
  algorithm: "This token is signed by an algorithm that this server does not take",
  malformed: "This is no token that this server can read: it needs the claims exp and iss",
  tenant: "This token is of a tenant that this server does not have",
};

/** Whether a text has the form of a JWT: three parts, the first of which begins a JSON object. */
export function isJwt(text: string): boolean {
  return /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(text);
}
