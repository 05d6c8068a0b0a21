/** Values of the store with the version that wrote them: `[3, value]`. A value without a version has version 1. */
import { ApiError } from "../domain/errors.ts";
import { VERSION } from "../domain/migrations/migrations.ts";
import { type Stored, StoredValueError } from "../domain/stored.ts";
import { decode, encode, type Encoded, encodeText } from "./json.ts";

/** A record that cannot be read, and why. */
export interface Damage {
  /** Such as `task 'build'`. */
  record: string;
  reason: string;
}

export function encodeStored(value: unknown): Uint8Array {
  return encode([VERSION, value]);
}

/** Encodes values that are stored together. Each is JSON already. */
export function encodeTexts(...texts: string[]): Uint8Array {
  return encodeText(`[${VERSION},${texts.join(",")}]`);
}

/** Decodes a stored value. Throws `DATABASE_ERROR` that names `record` if the bytes do not match `stored`. */
export function decodeStored<T>(stored: Stored<T>, record: string, bytes: Uint8Array): T {
  const [version, value] = decodeValues(record, bytes);
  return readStored(stored, record, value, version);
}

/** Decodes values that are stored together, after their version. Throws `DATABASE_ERROR` if they are no JSON. */
export function decodeValues(record: string, encoded: Encoded): [version: number, ...values: unknown[]] {
  let found: unknown;
  try {
    found = decode(encoded);
  } catch (error) {
    throw damaged([{ record, reason: (error as Error).message }]);
  }
  return Array.isArray(found) ? found as [number, ...unknown[]] : [1, found];
}

/** Reads a value that has been decoded. Throws as `decodeStored` does. */
export function readStored<T>(stored: Stored<T>, record: string, value: unknown, version: number): T {
  try {
    return stored.read(value, version);
  } catch (error) {
    if (!(error instanceof StoredValueError)) throw error;
    throw damaged([{ record, reason: `${stored.kind}: ${error.message}` }]);
  }
}

const SHOWN_MAX = 20;

/** The error for records that cannot be read. */
export function damaged(damages: readonly Damage[]): ApiError {
  const [first] = damages;
  const others = damages.length > 1 ? `, and ${damages.length - 1} more` : "";
  return new ApiError(
    "DATABASE_ERROR",
    `The store holds what this version cannot read: ${first?.record} (${first?.reason})${others}. ` +
      "No record was changed. Restore a backup with `opencode-agents restore FILE`.",
    { damages: damages.slice(0, SHOWN_MAX), damaged: damages.length },
  );
}

/** The damage that an error is about. Throws any other error. */
export function damagesOf(error: unknown): Damage[] {
  if (error instanceof ApiError && Array.isArray(error.details.damages)) {
    return error.details.damages as Damage[];
  }
  throw error;
}

/** Runs all parts, and throws one error for all damage that they found. Other errors are thrown at once. */
export async function readAll(parts: Iterable<() => void | Promise<void>>): Promise<void> {
  const damages: Damage[] = [];
  for (const read of parts) {
    try {
      const reading = read();
      // Most parts do not wait, and there may be hundreds of thousands.
      if (reading) await reading;
    } catch (error) {
      damages.push(...damagesOf(error));
    }
  }
  if (damages.length > 0) throw damaged(damages);
}
