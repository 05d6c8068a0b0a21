/** The levels of the log in rising order: a plain list, for those who want no schema with it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error", "fatal"] as const;
