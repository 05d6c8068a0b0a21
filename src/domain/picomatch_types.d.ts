/** The used part of picomatch's types, which it does not publish. */
export default function picomatch(
  globs: readonly string[],
  options?: { dot?: boolean },
): (path: string) => boolean;
