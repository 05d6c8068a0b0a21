/** Where one path is inside another, by their texts. */
import { isAbsolute, join, relative } from "node:path";

/** Both absolute. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(join("..", "/")));
}
