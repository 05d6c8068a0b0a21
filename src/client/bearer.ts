/** What `authenticate` takes: the tokens of identity providers (JWT) have a field of their own. */
export function credential(shown: string): { api_key: string } | { token: string } {
  return /^eyJ[\w-]*\./.test(shown) ? { token: shown } : { api_key: shown };
}

/** The header that shows a key, if there is one. */
export function bearer(api_key: string | undefined): Record<string, string> {
  return api_key === undefined ? {} : { authorization: `Bearer ${api_key}` };
}
