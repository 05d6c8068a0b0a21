/** One POST with a bound, for carriers that speak HTTP. */
import type { Carried, CarrierContext } from "./carrier.ts";

const ANSWER_MS = 5_000;

/** An answer of 2xx is a delivery; a redirect is none. Never rejects. */
export async function post(
  url: string,
  headers: Headers,
  body: string,
  { clock, signal }: CarrierContext,
): Promise<Carried> {
  const late = new AbortController();
  const timer = clock.after(ANSWER_MS, () => late.abort());
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: AbortSignal.any([signal, late.signal]),
    });
    await answer.body?.cancel();
    const { status, ok } = answer;
    if (ok) return { delivered: true, status };
    const isRedirect = status >= 300 && status < 400;
    return {
      delivered: false,
      status,
      error: isRedirect ? `it answered ${status}: redirects are not followed` : `it answered ${status}`,
    };
  } catch (error) {
    if (late.signal.aborted) {
      return { delivered: false, error: `it did not answer within ${ANSWER_MS / 1000} s` };
    }
    return { delivered: false, error: reasonOf(error as Error) };
  } finally {
    timer.cancel();
  }
}

/** Deno names the URL, which may hold a secret. The innermost cause says what has happened. */
function reasonOf(error: Error): string {
  let cause = error;
  while (cause.cause instanceof Error) cause = cause.cause;
  return cause.message.replace(/https?:\/\/[^\s)]+/g, "the url");
}
