/** Values as they lie in the store, which the model reads without the product's help. */
const decoder = new TextDecoder();

/** The value of `[version, value]`, or the state of a record with its spec: `[version, state, spec]`. */
export function storedValue(bytes: Uint8Array): unknown {
  const [, value] = JSON.parse(decoder.decode(bytes)) as [number, unknown];
  return value;
}

/** The spec of a record that is stored whole; undefined if its spec is stored apart. */
export function storedSpec(bytes: Uint8Array): unknown {
  const [, , spec] = JSON.parse(decoder.decode(bytes)) as [number, unknown, unknown];
  return spec;
}
