/** What one version changed: kind of stored value → the value as the next version has it. Kinds that are not named stay. */
export type Migration = Record<string, (value: unknown) => unknown>;
