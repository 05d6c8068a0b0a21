/**
 * A browser started under LANG=C reports the language `en-US@posix`, which its own `Intl` refuses. uPlot uses it as soon
 * as it is loaded, so this must be imported first, or the whole page stays empty.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  // A RangeError: no such language.
  Object.defineProperty(navigator, "language", { value: "en-US" });
}
