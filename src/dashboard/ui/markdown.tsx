/** A text that was written as Markdown. Its renderer loads with the first one; until then the text is shown as it is. */
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { lazyModule } from "./lazy_module.ts";
import "./markdown.css";

const useRenderer = lazyModule(() => import("./markdown_html.ts"));

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const html = useRenderer()?.htmlOf;
  const shown = useMemo(() => html?.(text), [html, text]);
  return shown === undefined
    ? <div class="md md-raw" dir="auto">{text}</div>
    : <div class="md" dir="auto" dangerouslySetInnerHTML={{ __html: shown }} />;
});
