/** The completion scripts in the shells themselves, those that are here. */
import assert from "node:assert/strict";
import { command, Running } from "./fixtures/cli.ts";

async function isHere(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output())
      .success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function scriptFor(shell: string): Promise<string> {
  const { code, stdout, stderr } = await new Running(command(["completions", shell]), { stdin: "" }).ended;
  assert.equal(code, 0, stderr);
  return stdout;
}

/** What is typed, and words that are, and are not, among what is offered. */
const CASES: [string, string[], string[]][] = [
  ["re", ["result", "retry", "resume"], ["run", "reaper"]],
  ["run --ty", ["--type"], ["--timeout"]],
  ["run --type d", ["documentation", "deployment"], ["feature"]],
  ["kill --signal SIGK", ["SIGKILL"], ["SIGTERM"]],
  ["completions z", ["zsh"], ["bash"]],
  ["schedule --every w", ["weekly"], ["daily"]],
  ["tasks --status run", ["running"], ["failed"]],
];

function check(typed: string, offered: string[], wanted: string[], unwanted: string[]): void {
  for (const word of wanted) assert.ok(offered.includes(word), `${typed}: no ${word} in ${offered}`);
  for (const word of unwanted) assert.ok(!offered.includes(word), `${typed}: ${word} in ${offered}`);
}

Deno.test({
  name: "cli completions: bash",
  ignore: !await isHere("bash"),
  async fn() {
    const script = await scriptFor("bash");
    for (const [typed, wanted, unwanted] of CASES) {
      const words = ["opencode-agents", ...typed.split(" ")];
      const ask = `${script}\nCOMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}\n` +
        '_opencode_agents; printf "%s\\n" "${COMPREPLY[@]}"';
      const { stdout, stderr } = await new Running(["bash", "-uc", ask], { stdin: "" }).ended;
      assert.equal(stderr, "");
      check(typed, stdout.trim().split("\n"), wanted, unwanted);
    }
  },
});

Deno.test({
  name: "cli completions: fish",
  ignore: !await isHere("fish"),
  async fn() {
    const script = await scriptFor("fish");
    for (const [typed, wanted, unwanted] of CASES) {
      const ask = `${script}\ncomplete -C 'opencode-agents ${typed}'`;
      const { stdout, stderr } = await new Running(["fish", "--no-config", "-c", ask], { stdin: "" }).ended;
      assert.equal(stderr, "");
      check(typed, stdout.trim().split("\n").map((line) => line.split("\t")[0]!), wanted, unwanted);
    }
  },
});

Deno.test({
  name: "cli completions: zsh",
  ignore: !await isHere("zsh"),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "oa-zsh-" });
    try {
      await Deno.writeTextFile(`${folder}/_opencode-agents`, await scriptFor("zsh"));
      const shell = new Running(["script", "-qefc", "stty cols 200 rows 60; exec zsh -f -i", "/dev/null"], {
        env: { TERM: "dumb", ZDOTDIR: folder },
      });
      await shell.says(/[#%] /);
      await shell.type(
        `fpath=('${folder}' $fpath); autoload -U compinit; compinit -u -D; LISTMAX=0; echo SET UP\n`,
      );
      await shell.says(/\nSET UP/);
      for (const [typed, wanted] of CASES) {
        const before = shell.stdout.length;
        // Twice: what is common first, then the list.
        await shell.type(`opencode-agents ${typed}\t\t`);
        for (const word of wanted) {
          await shell.says(new RegExp(`^[^]{${before}}[^]*${word.replaceAll("-", "\\-")}`));
        }
        await shell.type("\x15");
      }
      await shell.type("exit\n");
      await shell.ended;
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("cli completions: the tree as JSON has every command with its options", async () => {
  const { stdout } = await new Running(command(["completions", "bash", "--json"]), { stdin: "" }).ended;
  const commands: { name: string; options: { flags: string[] }[] }[] = JSON.parse(stdout);
  const flagsOf = (name: string) =>
    commands.find((one) => one.name === name)!.options.flatMap(({ flags }) => flags);
  for (const { name } of commands) {
    if (!["serve", "demo-agent", "help"].includes(name)) assert.ok(flagsOf(name).includes("--json"), name);
  }
  assert.ok(flagsOf("run").includes("-f") && flagsOf("run").includes("--follow"));
});
