/** A record's value as it lies in the store: `[version, value]`, which the model reads without the product's help. */
const decoder = new TextDecoder();

export function storedValue(bytes: Uint8Array): unknown {
  const [, value] = JSON.parse(decoder.decode(bytes)) as [number, unknown];
  return value;
}
