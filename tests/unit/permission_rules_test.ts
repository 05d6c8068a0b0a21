/** Permission rules as a specification: what they allow, deny and leave to a person; pure. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesCommand } from "../../src/domain/command_glob.ts";
import { pathMatcher } from "../../src/domain/path_globs.ts";
import { heldTo } from "../../src/domain/permission_decision.ts";
import { type PermissionRule, PermissionRules } from "../../src/domain/permission_rule.ts";
import { type RuledCall, ruleDecision } from "../../src/domain/rule_decision.ts";
import { shellParts } from "../../src/domain/shell_parts.ts";

const ROOT = "/home/project";
const matchesPath = await pathMatcher(
  new Map([["/data/**", { base: "/real/data", rest: "**" }], ["/etc/passwd", {
    base: "/etc/passwd",
    rest: "",
  }]]),
  ROOT,
);

type Decision = PermissionRule["decision"] | undefined;

function decide(rules: PermissionRule[], call: Partial<RuledCall>): Decision {
  const whole = { agent: "opencode", kind: "other", paths: [], mentions: [], isTooMuch: false, ...call };
  return ruleDecision(rules, whole, matchesPath)?.decision;
}

const allow = (command: string): PermissionRule => ({ command, decision: "allow" });
const deny = (command: string): PermissionRule => ({ command, decision: "deny" });
const run = (command: string): Partial<RuledCall> => ({ kind: "execute", command });

Deno.test("the first rule that matches decides; without one nothing is decided", () => {
  const rules: PermissionRule[] = [
    { agent: "claude", decision: "deny" },
    { kind: "fetch", decision: "ask" },
    { kind: "read", decision: "allow" },
    { kind: "read", decision: "deny" },
  ];
  assert.equal(decide(rules, { kind: "read" }), "allow");
  assert.equal(decide(rules, { kind: "read", agent: "claude" }), "deny");
  assert.equal(decide(rules, { kind: "fetch" }), "ask");
  assert.equal(decide(rules, { kind: "edit" }), undefined);
  assert.equal(decide([], { kind: "edit" }), undefined);
});

for (
  const [glob, command, wanted] of [
    ["npm *", "npm test", true],
    ["npm *", "  npm test  ", true],
    ["npm *", "npm", false],
    ["npm *", "npmx test", false],
    ["npm test", "npm test", true],
    ["npm test", "npm test -- --all", false],
    ["npm {test,run build}", "npm run build", true],
    ["*", "anything at all / and more", true],
    ["git log?", "git log1", true],
    // Operators, redirections and substitutions, wherever they stand.
    ["*", "npm test; rm -rf /", false],
    ["*", "npm test && rm -rf /", false],
    ["*", "npm test & rm -rf /", false],
    ["*", "npm test | sh", false],
    ["*", "npm test > /etc/x", false],
    ["*", "npm test < /etc/x", false],
    ["*", "npm test\nrm -rf /", false],
    ["*", "npm test $(rm -rf /)", false],
    ["*", "npm test `rm -rf /`", false],
    ["*", 'npm test "$(rm -rf /)"', false],
    ["*", 'npm test "`rm -rf /`"', false],
    ["*", "npm test 'unclosed", false],
    ["*", 'npm test "unclosed', false],
    ["*", "npm test \\\nrm", false],
    ["*", "npm test\\", false],
    ["*", "echo $'\\''; rm -rf x #'", false],
    ["*", "diff <(rm x) y", false],
    // Quoted, they mean themselves.
    ["git commit *", "git commit -m 'a; b & c | d $(e) `f` > g < h'", true],
    ["git commit *", 'git commit -m "a; b & c | d > g"', true],
    ["git commit *", "git commit -m a\\;b", true],
    ["git commit *", "git commit -m '\n'", true],
    // What a program starts must be allowed too.
    ["*", "sudo npm test", true],
    ["npm *", "sudo npm test", false],
    ["sudo *", "sudo rm -rf /", false],
    ["env *", "env A=b rm x", false],
    ["timeout *", "timeout -k 5 10 rm x", false],
    ["xargs *", "xargs -n 1 rm", false],
    ["nohup *", "nohup rm x", false],
    ["sh *", "sh -c 'rm x'", false],
    ["*", "sh -c 'npm test'", true],
    ["*", "sh -c 'npm test; rm x'", false],
    ["*", "bash -lc 'npm test && rm x'", false],
    ["*", "sudo -u root sh -c 'npm test | sh'", false],
    ["*", "eval 'a; b'", false],
    ["*", "find . -exec sh -c 'a; b' ';'", false],
    // An option of which it is not known whether it takes a value.
    ["*", "sudo --strange npm test", false],
    ["*", "env -S 'rm x'", false],
    ["*", "bash --rcfile x -c y", false],
  ] as const
) {
  Deno.test(`allow '${glob}' ${wanted ? "allows" : "does not allow"}: ${JSON.stringify(command)}`, () => {
    assert.equal(decide([allow(glob)], run(command)), wanted ? "allow" : undefined);
  });
}

Deno.test("what a program starts may be allowed by a rule of its own, and is denied by an earlier one", () => {
  const both = [allow("timeout *"), allow("npm *")];
  assert.equal(decide(both, run("timeout 60 npm test")), "allow");
  assert.equal(decide(both, run("timeout 60 rm x")), undefined);
  assert.equal(decide([deny("npm publish*"), allow("*")], run("timeout 60 npm publish")), "deny");
  assert.equal(decide([allow("*"), deny("npm *")], run("timeout 60 npm publish")), "allow");
});

for (
  const [glob, command, wanted] of [
    ["rm *", "rm -rf x", true],
    ["rm *", "rm", true],
    ["rm *", "rmdir x", false],
    ["rm *", "npm test; rm x", true],
    ["rm *", "npm test && rm x", true],
    ["rm *", "npm test & rm x", true],
    ["rm *", "npm test || rm x", true],
    ["rm *", "npm test | rm x", true],
    ["rm *", "npm test\nrm x", true],
    ["rm *", "echo $(rm x)", true],
    ["rm *", 'echo "$(rm x)"', true],
    ["rm *", 'echo "$(date) y"; rm x', true],
    ["rm *", "echo `rm x`", true],
    ["rm *", "(rm x)", true],
    ["rm *", "{ rm x; }", true],
    ["rm *", "if true; then rm x; fi", true],
    ["rm *", "f() { rm x; }; f", true],
    ["rm *", ">/dev/null rm x", true],
    ["rm *", "2>&1 rm x", true],
    ["rm *", "A=b rm x", true],
    ["rm *", "'rm' x", true],
    ["rm *", "r\\m x", true],
    ["rm *", '"r"m x', true],
    ["rm *", "/bin/rm x", true],
    ["rm *", "sudo rm x", true],
    ["rm *", "sudo -u root rm x", true],
    ["rm *", "sudo --strange rm x", true],
    ["rm *", "env A=b rm x", true],
    ["rm *", "env -S 'rm x'", true],
    ["rm *", "timeout 5 rm x", true],
    ["rm *", "timeout 5 nohup rm x", true],
    ["rm *", "ls | xargs -n 1 rm", true],
    ["rm *", "sh -c 'rm x'", true],
    ["rm *", "bash -lc 'cd a && rm x'", true],
    ["rm *", "sh -c \"sh -c 'rm x'\"", true],
    ["rm *", "eval rm x", true],
    ["rm *", "find . -exec rm {} +", true],
    ["rm *", "cat <<E\nit's\nE\nrm x\necho it's", true],
    ["rm *", "# it's\nrm x\n# it's", true],
    ["rm *", "echo $'\\''; rm x #'", true],
    ["git push*", "cd x && git push --force", true],
    // What is only named.
    ["rm *", "echo rm x", false],
    ["rm *", "echo '; rm x'", false],
    ["rm *", 'git commit -m "then rm x"', false],
    ["rm *", "echo a > rm", false],
    ["rm *", "echo a # rm x", false],
  ] as const
) {
  Deno.test(`deny '${glob}' ${wanted ? "denies" : "leaves"}: ${JSON.stringify(command)}`, () => {
    assert.equal(decide([deny(glob)], run(command)), wanted ? "deny" : undefined);
    const asked = decide([{ command: glob, decision: "ask" }], run(command));
    assert.equal(asked, wanted ? "ask" : undefined);
  });
}

Deno.test("a command that is not known is asked about if a rule might mean it, and never allowed", () => {
  const rules = [deny("rm *"), { decision: "allow" } as const];
  assert.equal(decide(rules, { kind: "execute" }), "ask");
  assert.equal(decide([allow("*")], { kind: "execute" }), undefined);
  assert.equal(decide(rules, run(`echo ${"x".repeat(70_000)}`)), "ask");
  assert.equal(decide(rules, { kind: "read", paths: [`${ROOT}/a`] }), "allow");
});

Deno.test("a command of another kind of tool is denied, but not allowed by its text", () => {
  assert.equal(decide([deny("rm *")], { kind: "other", command: "rm x" }), "deny");
  assert.equal(decide([allow("view")], { kind: "edit", command: "view" }), undefined);
});

for (
  const [glob, path, allows, denies] of [
    ["src/**", "/home/project/src/a/b.ts", true, true],
    ["src/**", "/home/project/src", true, true],
    ["src/*", "/home/project/src/a/b.ts", false, true],
    ["src/**", "/home/project/lib/src/a", false, false],
    ["src/**", "/home/src/a", false, false],
    ["**", "/home/project/.env", true, true],
    ["**", "/home/other", false, false],
    ["*.pem", "/home/project/a.pem", true, true],
    ["*.pem", "/home/project/keys/a.pem", false, true],
    [".env", "/home/project/.env", true, true],
    [".env", "/home/project/sub/.env", false, true],
    ["secrets", "/home/project/secrets/key", false, true],
    ["./src/**", "/home/project/src/a", true, true],
    ["/data/**", "/real/data/x/y", true, true],
    ["/data/**", "/data/x", false, false],
    ["/etc/passwd", "/etc/passwd", true, true],
    ["/etc/passwd", "/etc/passwd2", false, false],
  ] as const
) {
  Deno.test(`path '${glob}' and ${path}`, () => {
    const call = { kind: "edit", paths: [path] };
    assert.equal(decide([{ path: glob, decision: "allow" }], call), allows ? "allow" : undefined);
    assert.equal(decide([{ path: glob, decision: "deny" }], call), denies ? "deny" : undefined);
  });
}

Deno.test("an allow needs all files, a deny any", () => {
  const paths = [`${ROOT}/src/a`, `${ROOT}/docs/b`];
  assert.equal(decide([{ path: "src/**", decision: "allow" }], { paths }), undefined);
  assert.equal(decide([{ path: "{src,docs}/**", decision: "allow" }], { paths }), "allow");
  assert.equal(decide([{ path: "docs/**", decision: "deny" }], { paths }), "deny");
  const mentions = [`${ROOT}/src/b`, `${ROOT}/.env`];
  const cat = { ...run("cat src/b .env"), paths: [`${ROOT}/src/b`], mentions };
  assert.equal(decide([{ path: "src/**", decision: "allow" }], cat), undefined);
  assert.equal(decide([{ path: ".env", decision: "deny" }, { decision: "allow" }], cat), "deny");
});

Deno.test("without a path, an earlier rule about paths that denies or asks makes it ask", () => {
  const last: PermissionRule = { decision: "allow" };
  for (const decision of ["deny", "ask"] as const) {
    assert.equal(decide([{ path: "secret/**", decision }, last], { kind: "fetch" }), "ask");
    assert.equal(decide([{ path: "secret/**", decision }], { kind: "fetch" }), "ask");
    assert.equal(decide([last, { path: "secret/**", decision }], { kind: "fetch" }), "allow");
    assert.equal(decide([{ path: "secret/**", kind: "edit", decision }, last], { kind: "fetch" }), "allow");
    assert.equal(decide([{ path: "secret/**", decision }, last], run("ls")), "ask");
  }
  const rules: PermissionRule[] = [{ path: "secret/**", decision: "ask" }, {
    kind: "fetch",
    decision: "deny",
  }];
  assert.equal(decide(rules, { kind: "fetch" }), "deny");
  assert.equal(decide([{ path: "src/**", decision: "allow" }, last], { kind: "fetch" }), "allow");
  assert.equal(
    decide([{ path: "src/**", decision: "allow" }], { kind: "fetch", isTooMuch: true }),
    undefined,
  );
});

Deno.test("an agent is held to asking where a rule differs from the policy", () => {
  const rules: PermissionRule[] = [{ agent: "codex", command: "rm *", decision: "deny" }];
  assert.equal(heldTo("allow", rules, "codex"), "ask");
  assert.equal(heldTo("allow", rules, "opencode"), "allow");
  assert.equal(heldTo("deny", rules, "codex"), "deny");
  assert.equal(heldTo("deny", [{ decision: "allow" }], "codex"), "ask");
  assert.equal(heldTo("allow", [], "codex"), "allow");
});

Deno.test("a rule is refused that has an unknown field, kind or decision, or too many choices", () => {
  const isValid = (rule: unknown) => PermissionRules.safeParse([rule]).success;
  assert.ok(isValid({ agent: "codex", kind: "execute", path: "a/**", command: "npm *", decision: "ask" }));
  assert.ok(!isValid({}));
  assert.ok(!isValid({ decision: "maybe" }));
  assert.ok(!isValid({ kind: "shell", decision: "allow" }));
  assert.ok(!isValid({ tool: "x", decision: "allow" }));
  assert.ok(!isValid({ path: "[", decision: "allow" }));
  assert.ok(!isValid({ command: "{a,b}".repeat(7), decision: "allow" }));
});

const word = fc.stringMatching(/^[a-z0-9./-]{1,8}$/);
const operator = fc.constantFrom(";", "&", "&&", "|", "||", "\n", "$(", "`", ">", "<", ">>");

Deno.test("no allow passes a command with an operator outside of quotes, wherever it is", () => {
  fc.assert(fc.property(fc.array(word, { minLength: 1 }), operator, fc.array(word), (before, sign, after) => {
    const command = `${before.join(" ")}${sign}${after.join(" ")}`;
    assert.equal(decide([allow("*")], run(command)), undefined);
    assert.equal(decide([allow("*")], run(`x "quoted" 'too' ${command}`)), undefined);
  }));
});

Deno.test("a deny finds its command behind any operator, in any substitution and behind any opener", () => {
  const opener = fc.constantFrom(
    "",
    "sudo ",
    "env A=1 ",
    "timeout 5 ",
    "xargs ",
    "nohup ",
    "sudo env B=2 nohup ",
  );
  fc.assert(
    fc.property(fc.array(word, { minLength: 1 }), operator, opener, word, (before, sign, start, argument) => {
      // After these comes the name of a file.
      fc.pre(!sign.includes(">") && sign !== "<");
      const command = `${before.join(" ")} ${sign} ${start}rm ${argument}`;
      assert.equal(decide([deny("rm *")], run(command)), "deny", command);
      assert.equal(decide([deny("rm *")], run(`sh -c '${command}'`)), "deny");
    }),
  );
});

Deno.test("what is in single quotes is one word, whatever it is", () => {
  fc.assert(fc.property(fc.string().filter((text) => !text.includes("'") && !text.includes("\0")), (text) => {
    const { parts, isPlain } = shellParts(`echo '${text}'`);
    assert.deepEqual([parts, isPlain], [[["echo", text]], true]);
  }));
});

Deno.test("a glob matches what its stars stand for, and takes no time about it", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z ]{0,5}$/), { minLength: 1 }), fc.string(), (parts, any) => {
      assert.ok(matchesCommand(parts.join("*"), parts.join(any)));
      assert.equal(matchesCommand(`${parts.join("*")}!`, `${parts.join(any.replaceAll("!", ""))}`), false);
    }),
  );
  assert.equal(matchesCommand("*a".repeat(400) + "b", "a".repeat(60_000)), false);
});

Deno.test("no text breaks the reading of commands, or of what they start", () => {
  const nasty = fc.array(fc.constantFrom(
    ...[
      "'",
      '"',
      "\\",
      "$(",
      "`",
      ")",
      "(",
      ";",
      "&",
      "|",
      "<",
      ">",
      "\n",
      " ",
      "#",
      "sh",
      "-c",
      "sudo",
      "rm",
      "env",
      "{",
    ],
  )).map((all) => all.join(""));
  fc.assert(fc.property(fc.oneof(fc.string(), nasty), (command) => {
    decide([deny("rm *"), allow("*")], run(command));
  }));
});
