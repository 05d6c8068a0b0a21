/**
 * A browser started under LANG=C names its language `en-US@posix`, which its own `Intl` refuses. uPlot asks as soon as
 * it is loaded, so this is to be imported before it: the whole page would stay empty.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  // A RangeError: no such language.
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
