/** The headers that say what a browser may do with an answer. */

/** Names of the headers that every answer has. */
export const SECURITY_HEADERS = ["content-security-policy", "referrer-policy", "x-content-type-options"];

/** `allowed`: what a page may load and run, as directives. Without it, nothing. */
export function securityHeaders(allowed?: string): Record<string, string> {
  const directives = [
    "default-src 'none'",
    allowed,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-security-policy": directives.filter((each) => each !== undefined).join("; "),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
}

/** Gives an answer these headers, where it does not say itself what is allowed. */
export function secured(response: Response): void {
  for (const [name, value] of Object.entries(securityHeaders())) {
    if (!response.headers.has(name)) response.headers.set(name, value);
  }
}
