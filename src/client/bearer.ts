/** The header that shows a key, if there is one. */
export function bearer(api_key: string | undefined): Record<string, string> {
  return api_key === undefined ? {} : { authorization: `Bearer ${api_key}` };
}
