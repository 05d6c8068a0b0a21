/** What a process may be doing: a plain list, for those who want no schema with it. */
export const PROCESS_STATUSES = ["running", "sleeping", "stopped", "zombie", "dead"] as const;
