/** Objects without the fields that have no value. */

/** Drops undefined fields, which neither JSON nor the protocol has. */
export function given<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
