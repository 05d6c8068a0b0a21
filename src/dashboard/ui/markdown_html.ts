/**
 * Markdown as HTML that is safe to show. Agents and strangers write it: raw HTML is shown as text, images are links, and
 * only links to the web stay links.
 */
import DOMPurify from "dompurify";
import { Marked, Renderer, type Tokens } from "marked";

const TAGS = ["p", "br", "hr", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "h3"];
const MORE_TAGS = ["table", "thead", "tbody", "tr", "th", "td", "a", "input", "span", "div"];
const ATTRIBUTES = [
  "href",
  "class",
  "type",
  "checked",
  "disabled",
  "start",
  "align",
  "title",
  "aria-label",
  "role",
  "tabindex",
];

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);

const markdown = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    image({ href, text }: Tokens.Image) {
      return `<a href="${escaped(href)}">${escaped(text || href)}</a>`;
    },
    // The page's own headings stand above: those of a message must not skip a level.
    heading({ tokens, depth }: Tokens.Heading) {
      return `<h3 class="md-h${depth}">${this.parser.parseInline(tokens)}</h3>`;
    },
    /** A wide one scrolls in itself, by keys too. */
    table(token: Tokens.Table) {
      const table = Renderer.prototype.table.call(this, token);
      return `<div class="md-wide" role="region" aria-label="Table" tabindex="0">${table}</div>`;
    },
    checkbox({ checked }: Tokens.Checkbox) {
      return `<span aria-label="${checked ? "done" : "open"}">${checked ? "☑" : "☐"}</span> `;
    },
  },
});

const purify = DOMPurify(globalThis as unknown as Window & typeof globalThis);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A" || !node.hasAttribute("href")) return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

export function htmlOf(text: string): string {
  return purify.sanitize(markdown.parse(text, { async: false }), {
    ALLOWED_TAGS: [...TAGS, ...MORE_TAGS],
    ALLOWED_ATTR: ATTRIBUTES,
    ADD_URI_SAFE_ATTR: ["tabindex"],
    ALLOW_DATA_ATTR: false,
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:)/i,
  });
}
