/** `deno task docs`: writes docs/configuration.md from the schema. A test fails if the file is out of date. */
import { BUILT_IN_MAKES } from "../src/agents/makes/built_in.ts";
import { type ConfigKey, configKeys } from "../src/protocol/config_reference.ts";

export const CONFIGURATION_DOCS = new URL("../docs/configuration.md", import.meta.url);

const HEAD = `# Configuration

<!-- Written by \`deno task docs\` from src/protocol/config.ts. -->

\`opencode-agents serve --config FILE\` reads a JSON file. Every key is optional. An unknown key is refused with its path
and the nearest known name, and the program exits with 2. \`serve --print-config\` shows the effective configuration with
secrets masked. A running server serves the file's JSON Schema at \`/config.schema.json\`. To make it known to an editor,
write

\`\`\`json
{ "$schema": "http://127.0.0.1:8080/config.schema.json" }
\`\`\`

\`--host\`, \`--port\` and \`--data\` override their keys. Durations are in milliseconds where the key ends in \`_ms\`, and for
\`default_timeout\`. The file is in UTF-8, or in UTF-16 with a byte order mark.

## Paths

A relative path starts from the folder of the file, or of the link to it that \`--config\` names; without a file, from the
current folder. \`~\` and \`~/x\` stand for the home folder of the account that runs the server. \`~name\` is refused: write
another account's folder in full. The same holds for \`working_dir\` of a task. A relative path in a flag or a variable
starts from the current folder.

The first word of \`agents.NAME.command\` is a path if it contains a slash: \`./bin/agent\` is beside the file. A bare name is
looked up on PATH. The other words reach the program as they are.

A folder in \`tasks.allowed_dirs\` that does not exist, and a \`tasks.working_dir\` outside these folders, are named in the log
at the start, and by \`doctor\`.
`;

/** The whole page. */
export function configurationDocs(): string {
  const groups = Map.groupBy(configKeys(BUILT_IN_MAKES.known), ({ key }) => key.split(".")[0]!);
  return HEAD + [...groups].map(([group, keys]) => `\n## ${group}\n\n${table(keys)}`).join("");
}

function table(keys: ConfigKey[]): string {
  const rows = keys.map(({ key, type, default: standard, description }) =>
    `| \`${key}\` | ${type} | ${standard === undefined ? "" : `\`${standard}\``} | ${description} |`
  );
  return ["| key | type | default | meaning |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

if (import.meta.main) await Deno.writeTextFile(CONFIGURATION_DOCS, configurationDocs());
