/** A text that was written as Markdown. Its renderer loads with the first one; until then the text is shown as it is. */
import { signal } from "@preact/signals";
import { memo } from "preact/compat";
import { useEffect, useMemo } from "preact/hooks";
import { report } from "../data/report.ts";
import "./markdown.css";

const renderer = signal<typeof import("./markdown_html.ts") | undefined>(undefined);
let loading: Promise<void> | undefined;

function load(): void {
  loading ??= import("./markdown_html.ts").then((module) => void (renderer.value = module), (error) => {
    // The next text tries again.
    loading = undefined;
    report(error);
  });
}

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  useEffect(load, []);
  const html = renderer.value?.htmlOf;
  const shown = useMemo(() => html?.(text), [html, text]);
  return shown === undefined
    ? <div class="md md-raw" dir="auto">{text}</div>
    : <div class="md" dir="auto" dangerouslySetInnerHTML={{ __html: shown }} />;
});
