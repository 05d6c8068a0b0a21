/** One step: kind of stored value → function that brings a value to the next version. Other kinds stay as they are. */
export type Migration = Record<string, (value: unknown) => unknown>;
