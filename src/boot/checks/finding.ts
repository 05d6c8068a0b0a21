/** One result of `doctor`. */
export interface Finding {
  what: string;
  /** `bad`: serve would not start. `warn`: it would, but something will not work. */
  state: "ok" | "warn" | "bad";
  found: string;
  advice?: string;
  details?: Record<string, unknown>;
}
