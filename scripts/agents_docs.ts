/** `deno task docs`: writes the table of what each agent does into docs/agents.md. A test fails if it is out of date. */
import { ANSWERS } from "../tests/matrix/answers.ts";
import { SCENARIOS } from "../tests/matrix/scenarios.ts";

export const AGENTS_DOCS = new URL("../docs/agents.md", import.meta.url);

const BEGIN = "<!-- Written by `deno task docs` from tests/matrix. -->";
const END = "<!-- The end of what is written. -->";

/** `page` with the table as the tests play it. Throws if the page has no place for it. */
export function withTable(page: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/agents.md has no '${BEGIN}' before '${END}'`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${table()}\n\n${page.slice(end)}`;
}

function table(): string {
  const agents = Object.keys(ANSWERS) as (keyof typeof ANSWERS)[];
  const rows = SCENARIOS.map((
    { name, title },
  ) => [title, ...agents.map((agent) => [ANSWERS[agent][name] ?? ""].flat().join(", or "))]);
  const lines = [["", ...agents], ["---", ...agents.map(() => "---")], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (import.meta.main) {
  await Deno.writeTextFile(AGENTS_DOCS, withTable(await Deno.readTextFile(AGENTS_DOCS)));
}
