import assert from "node:assert/strict";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import type { RunningProgram } from "../../src/host/processes/launched.ts";
import { createClassifier } from "../../src/monitor/classify.ts";

const classify = createClassifier(BUILT_IN_MAKES.recognizers);

/** `name | line` or `name | executable | line`; arguments are separated by spaces, `␣` is a space inside one. */
function program(text: string): RunningProgram {
  const parts = text.split(" | ");
  const line = parts.pop()!;
  const [name, executable] = parts as [string, string?];
  return {
    name,
    ...(executable ? { executable: executable.replaceAll("␣", " ") } : {}),
    argv: line.split(" ").map((argument) => argument.replaceAll("␣", " ")),
  };
}

const AGENTS: [type: string, agent: string, programs: string[]][] = [
  ["opencode", "opencode", [
    "opencode | /usr/local/bin/opencode | opencode",
    "opencode | /usr/local/bin/opencode | opencode run fix␣the␣bug",
    "opencode | opencode acp",
    "opencode | /home/a/.opencode/bin/opencode serve --port 4096",
    "opencode | opencode /home/a/project",
    "opencode | /srv/node_modules/opencode-linux-x64-baseline/bin/opencode acp",
    "node | node /srv/node_modules/.bin/opencode acp",
    "node | /usr/bin/node --max-old-space-size=4096 /srv/node_modules/opencode-ai/bin/opencode run x",
    "node | node -r ./hook.js /usr/local/bin/opencode",
    "bun | bun run /srv/opencode/opencode.ts-build/opencode run",
    "python | python opencode run --task task_456",
    "python3.12 | python3.12 -W ignore /opt/opencode.py run",
    "opencode.exe | C:\\tools\\opencode.exe run x",
    // Linux `ps` joins the arguments, and the path has a space.
    "opencode | /home/My Name/bin/opencode run x",
    // A symbolic link to something else, and a file that was replaced while it runs.
    "opencode | /usr/bin/sleep | /tmp/x/opencode 60",
    "MainThread | /usr/local/bin/opencode (deleted) | opencode",
    // A wrapper in shell: through its first line, and through `env`.
    "opencode | /bin/sh /usr/local/bin/opencode run x",
    "bash | bash -eu -o pipefail ./opencode serve",
  ]],
  ["claude", "claude", [
    "claude | claude",
    "claude | /usr/bin/node | claude",
    "claude | /home/a/.local/bin/claude --dangerously-skip-permissions",
    "claude | /home/a/.local/share/claude/versions/2.0.1 | claude -p hi",
    "node | node /usr/lib/node_modules/@anthropic-ai/claude-code/cli.js --resume",
    "node | node /usr/local/bin/claude",
    "claude.exe | C:\\Users\\a\\.local\\bin\\claude.exe",
    "claude | /Users/a/Library/Application␣Support/Claude/claude-code/2.0.1/claude -p",
    "claude | /home/a/.vscode/extensions/anthropic.claude-code-2.0.1/resources/native-binary/claude --output-format x",
    "Code Helper (Plugin) | /Applications/Code.app/Contents/Code␣Helper␣(Plugin) /Users/a/.vscode/extensions/anthropic.claude-code-1.0.1/resources/claude-code/cli.js -p",
  ]],
  ["anthropic_claude", "claude", [
    "claude | /srv/node_modules/@anthropic-ai/claude-agent-sdk-linux-x64/claude --output-format stream-json",
    "claude.exe | C:\\srv\\node_modules\\@anthropic-ai\\claude-agent-sdk-win32-x64\\claude.exe -p",
    "node | node /srv/node_modules/@anthropic-ai/claude-agent-sdk/cli.js --verbose",
    "node | node /srv/node_modules/.bin/claude-agent-acp",
    "node | node /srv/node_modules/@agentclientprotocol/claude-agent-acp/dist/index.js",
    "claude-agent-ac | /opt/claude-agent-acp",
  ]],
  ["cursor_claude", "claude", [
    "claude | /home/a/.cursor/extensions/anthropic.claude-code-2.0.1/resources/native-binary/claude -p",
    "claude | /home/a/.cursor-server/extensions/anthropic.claude-code-2/resources/native-binary/claude",
    "Cursor Helper (Plugin) | /Applications/Cursor.app/Contents/Frameworks/Cursor␣Helper␣(Plugin).app/Contents/MacOS/Cursor␣Helper␣(Plugin) /Users/a/.cursor/extensions/anthropic.claude-code-1.0.1/resources/claude-code/cli.js",
  ]],
  ["cursor_claude", "cursor", [
    "cursor-agent | /home/a/.local/bin/cursor-agent --use-system-ca /home/a/.local/share/cursor-agent/versions/2025.11.06-8fe8a63/index.js -p hi",
    "node | /home/a/.local/share/cursor-agent/versions/2025.11.06-8fe8a63/node --use-system-ca /home/a/.local/share/cursor-agent/versions/2025.11.06-8fe8a63/index.js",
  ]],
  ["claude_desktop", "claude", [
    "Claude | /Applications/Claude.app/Contents/MacOS/Claude",
    "Claude Helper (Renderer) | /Applications/Claude.app/Contents/Frameworks/Claude␣Helper␣(Renderer).app/Contents/MacOS/Claude␣Helper␣(Renderer) --type=renderer",
    "Claude Helper | /Applications/Claude.app/Contents/Frameworks/Claude Helper.app/Contents/MacOS/Claude Helper --type=gpu-process",
    "claude.exe | C:\\Users\\a\\AppData\\Local\\AnthropicClaude\\app-0.9.3\\claude.exe",
    "claude-desktop | /usr/bin/claude-desktop",
    "electron | /usr/bin/electron /usr/lib/claude-desktop/app.asar",
  ]],
  ["unknown", "codex", [
    "codex | /srv/node_modules/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex app-server",
    "node | node /usr/local/bin/codex exec hi",
    "node | node /usr/lib/node_modules/@openai/codex/bin/codex.js",
    "node | node /srv/node_modules/@agentclientprotocol/codex-acp/dist/index.js",
    "codex-acp | /srv/bin/codex-acp",
  ]],
  ["unknown", "gemini", [
    "node | node /usr/local/bin/gemini --acp",
    "node | /usr/bin/node --no-warnings=DEP0040 /usr/lib/node_modules/@google/gemini-cli/bundle/gemini.js -m x",
    "node | node /usr/lib/node_modules/@google/gemini-cli/dist/index.js",
  ]],
  ["unknown", "copilot", [
    "node | node /usr/local/bin/copilot --acp",
    "node | node /usr/lib/node_modules/@github/copilot/npm-loader.js -p hi",
    "copilot | /usr/lib/node_modules/@github/copilot-linux-x64/copilot --acp",
    "copilot | copilot",
  ]],
  ["unknown", "qwen", [
    "node | node /usr/local/bin/qwen --acp",
    "node | node /usr/lib/node_modules/@qwen-code/qwen-code/cli-entry.js fix␣it",
  ]],
  ["unknown", "kilo", [
    "kilo | /usr/lib/node_modules/@kilocode/cli-linux-x64/bin/kilo acp",
    "node | node /usr/lib/node_modules/@kilocode/cli/bin/kilo run x",
    "kilo | kilo",
  ]],
  ["unknown", "cline", [
    "node | node /usr/lib/node_modules/cline/bin/cline --acp",
    "cline | /usr/lib/node_modules/@cline/cli-linux-x64/bin/cline fix␣it",
  ]],
  ["unknown", "goose", ["goose | /home/a/.local/bin/goose acp", "goose | goose session --resume"]],
  ["unknown", "aider", [
    "aider | /opt/venv/bin/python /opt/venv/bin/aider --message x",
    "python3 | python3 /opt/aider/__main__.py",
  ]],
];

const NO_AGENTS = [
  "sh | sh -c opencode␣run␣x",
  "bash | bash -c claude",
  "bash | bash -lc opencode␣run",
  "sh | sh -s opencode",
  "sh | sh watch.sh opencode",
  "opencode | -bash",
  // A script of another language bears its name as its own.
  "claude | /usr/bin/perl | /usr/bin/perl /usr/local/bin/claude",
  "claude | /usr/bin/perl /usr/local/bin/claude",
  "vim | vim opencode",
  "nano | nano /usr/local/bin/claude",
  "code | /usr/share/code/code /home/a/claude",
  "cursor | /usr/share/cursor/cursor /home/a/project",
  "grep | grep opencode",
  "tail | tail -f /var/log/opencode.log",
  "sudo | sudo opencode run x",
  "timeout | timeout 60 claude -p x",
  "env | env A=b opencode",
  "npm exec openco | npm␣exec␣opencode␣run␣x",
  "node | node /usr/bin/npx opencode run x",
  "node | node server.js opencode",
  "node | node -e run('opencode') opencode",
  "node | node --title opencode server.js",
  "python3 | python3 -m http.server opencode",
  "python3 | python3 -c x opencode",
  "deno | deno run -A --config /srv/deno.json /srv/opencode-agents.ts serve",
  "opencode-agents | /usr/local/bin/opencode-agents serve",
  "opencode-agents | /usr/local/bin/opencode-agents run --agent claude x",
  "opencode-web | /usr/bin/opencode-web",
  "claude-monitor | python3 /usr/bin/claude-monitor",
  "opencode | opencode --version",
  "opencode | opencode auth login",
  // Other programs of these names: for AWS, for migrations of databases, an editor.
  "copilot | copilot svc deploy --name api",
  "goose | goose -dir migrations up",
  "goose | goose up",
  "kilo | kilo main.c",
  "copilot | copilot login",
  "qwen | node /usr/local/bin/qwen mcp list",
  "cline | cline auth",
  "node | node /srv/copilot/index.js",
  "vim | vim aider",
  "ps | ps axww -o args",
  "kthreadd | ",
];

for (const [type, agent, programs] of AGENTS) {
  for (const text of programs) {
    Deno.test(`classify: ${type} (${agent}): ${text}`, () => {
      assert.deepEqual(classify(program(text)), {
        type,
        agent,
        is_opencode: type === "opencode",
        is_claude_desktop: type === "claude_desktop",
      });
    });
  }
}

for (const text of NO_AGENTS) {
  Deno.test(`classify: no agent: ${text}`, () => {
    assert.deepEqual(classify(program(text)), {
      type: "unknown",
      is_opencode: false,
      is_claude_desktop: false,
    });
  });
}

Deno.test("classify: a process without arguments is not an agent", () => {
  assert.equal(classify({ name: "opencode", argv: [] }).agent, undefined);
});
