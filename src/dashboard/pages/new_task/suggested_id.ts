/** A suggested id by the API's rules: letters, digits, `_`, `-`, no reserved prefix. */
const LENGTH_MAX = 40;
const RESERVED = /^(?:system|internal)_/;

/** `isTaken`: whether a task already has this id. Empty without a description. */
export function suggestedId(description: string, isTaken: (id: string) => boolean): string {
  if (description.trim() === "") return "";
  const words = description.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().match(/[a-z0-9]+/g) ?? [];
  let id = words.shift()?.slice(0, LENGTH_MAX) ?? "task";
  for (const word of words) {
    if (id.length + 1 + word.length > LENGTH_MAX) break;
    id += `_${word}`;
  }
  if (RESERVED.test(id)) id = `task_${id}`;
  return freeId(id, isTaken);
}

/** The id itself, or the first of `ID_2`, `ID_3`, … that no task has. */
export function freeId(id: string, isTaken: (id: string) => boolean): string {
  if (!isTaken(id)) return id;
  const base = id.replace(/_\d{1,4}$/, "").slice(0, 90);
  for (let number = 2;; number++) if (!isTaken(`${base}_${number}`)) return `${base}_${number}`;
}
