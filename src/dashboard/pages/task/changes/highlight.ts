/** Colors for the lines of a diff, by the language of the file. Loaded only with the first diff. */
import { common, createLowlight } from "lowlight";
import type { Row } from "./diff_rows.ts";

const lowlight = createLowlight(common);

/** A piece of a line and the class that colors it, if any. */
export interface Piece {
  text: string;
  class?: string;
}

/** Files with more characters stay as they are: coloring them would hold up the page. */
const LONGEST = 200_000;

const NAMES: Record<string, string> = { dockerfile: "bash", "cargo.lock": "ini" };

function languageOf(path: string): string | undefined {
  const name = path.split("/").at(-1)!.toLowerCase();
  const language = NAMES[name] ?? name.split(".").at(-1)!;
  return lowlight.registered(language) ? language : undefined;
}

/** The pieces of each row, by its index. Undefined if the language is unknown. */
export function highlighted(path: string, rows: readonly Row[]): Map<number, Piece[]> | undefined {
  const language = languageOf(path);
  if (language === undefined) return undefined;
  const pieces = new Map<number, Piece[]>();
  // The old text and the new one are each a text of their own; a gap may hide the end of a comment, so it ends both.
  for (const kinds of [["removed", "context"], ["added", "context"]]) {
    let block: number[] = [];
    const color = () => {
      const texts = block.map((index) => (rows[index] as { text: string }).text);
      const text = texts.join("\n");
      if (text.length > 0 && text.length <= LONGEST) {
        const lines = linesOf(lowlight.highlight(language, text).children as Node[]);
        block.forEach((index, at) => pieces.set(index, lines[at] ?? []));
      }
      block = [];
    };
    rows.forEach((row, index) => {
      if (row.kind === "gap") color();
      else if (kinds.includes(row.kind)) block.push(index);
    });
    color();
  }
  return pieces;
}

type Node =
  | { type: "text"; value: string }
  | { type: "element"; properties: { className?: string[] }; children: Node[] };

/** The tree flattened to lines. The innermost class of a piece counts. */
function linesOf(nodes: readonly Node[]): Piece[][] {
  const lines: Piece[][] = [[]];
  const walk = (node: Node, name: string | undefined) => {
    if (node.type === "element") {
      const own = node.properties.className?.[0] ?? name;
      for (const child of node.children) walk(child, own);
      return;
    }
    node.value.split("\n").forEach((text, index) => {
      if (index > 0) lines.push([]);
      if (text !== "") lines.at(-1)!.push({ text, class: name });
    });
  };
  for (const node of nodes) walk(node, undefined);
  return lines;
}
