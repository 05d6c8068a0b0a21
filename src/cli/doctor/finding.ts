/** What `doctor` found out about one thing. */

export interface Finding {
  area: "config" | "permissions" | "store" | "port" | "agent" | "tool";
  subject: string;
  /** `fail`: the server would not work. `warn`: something that it offers would not. */
  level: "ok" | "warn" | "fail";
  message: string;
  /** What to do about it. */
  advice?: string;
  details?: Record<string, unknown>;
}
