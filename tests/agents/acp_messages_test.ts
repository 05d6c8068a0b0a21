/** The first prompt of an attempt that delivers a message: in its session, in a new one, and when it may have been told already. */
import assert from "node:assert/strict";
import { BUILT_IN_MAKES } from "../../src/agents/makes/built_in.ts";
import { Replay } from "../../src/agents/acp/replay.ts";
import type { EarlierWork, RunRequest } from "../../src/domain/run_request.ts";
import { acpRequest, frank, ran } from "./fixtures/acp_run.ts";
import { type Bench, withSupervisor } from "./fixtures/harness.ts";

const LOADS = { loadSession: true, promptCapabilities: { embeddedContext: true } };
const RESUMES = { sessionCapabilities: { resume: {} } };
const WORKED: EarlierWork = {
  plan: [],
  steps: ["Edit a.ts: completed"],
  files: ["a.ts"],
  answer: "Made a.ts.",
};
const NEXT = { text: "Now make b.ts", mayBeTold: false };
const session = { session_id: "s1" };

interface Told {
  capabilities?: Record<string, unknown>;
  /** What the session replays. */
  replays?: unknown[];
  profile?: string;
}

/** Runs an agent that is asked for this. Returns the blocks that it was sent. */
async function sent(
  { folder, ...bench }: Bench,
  changes: Omit<Partial<RunRequest>, "agent" | "task">,
  { capabilities = LOADS, replays = ["make a.ts"], profile }: Told = {},
) {
  const command = frank(capabilities, `told=${JSON.stringify(replays)}`);
  const run = await ran(
    { folder, ...bench },
    acpRequest(folder, command, "make a.ts", { attempt: 2, ...changes, agent: { profile } }),
  );
  assert.equal(run.outcome.status, "completed", run.outcome.failure?.message);
  const { blocks } = JSON.parse(run.outcome.output);
  return { blocks, texts: blocks.map(({ text }: { text: string }) => text) as string[], run };
}

Deno.test("messages: in its session, the agent gets the message and nothing else", () =>
  withSupervisor(async (bench) => {
    const { blocks, run } = await sent(bench, { resume: session, earlier: WORKED, message: NEXT });
    assert.deepEqual(blocks, [{ type: "text", text: "Now make b.ts" }]);
    assert.deepEqual(run.all("session").map(({ resumed }) => resumed), [true]);
  }));

Deno.test("messages: a new session is told the first prompt, what was done, the last answer and the message", () =>
  withSupervisor(async (bench) => {
    const wanted = { resume: { session_id: "gone" }, earlier: WORKED, message: NEXT };
    const { texts, run } = await sent(bench, wanted);
    const [first, done, message] = texts;
    assert.equal(first, "make a.ts");
    assert.match(done!, /^That is what you were asked first\. You have worked on it in an earlier session/);
    assert.doesNotMatch(done!, /half done/);
    assert.match(done!, /Files that were changed\n- a\.ts/);
    assert.match(done!, /The last words\nMade a\.ts\.$/);
    assert.equal(message, "Now make b.ts");
    assert.deepEqual(run.all("session").map(({ resumed }) => resumed), [false]);
    assert.match(run.logs("warn")[0]!, /^The earlier session cannot be resumed, a new one begins/);

    const asked = await sent(bench, {
      ...wanted,
      earlier: { ...WORKED, asked: ["Make it\nblue", "Or red"] },
    });
    assert.match(asked.texts[1]!, /What you were asked after that\n- Make it blue\n- Or red\n/);

    const failed = await sent(bench, { ...wanted, earlier: { ...WORKED, stopped: "it was killed" } });
    assert.match(
      failed.texts[1]!,
      /ended before its work was done: it was killed\. Its work may be half done/,
    );
  }));

Deno.test("messages: a session that is empty gets the first prompt too", () =>
  withSupervisor(async (bench) => {
    const wanted = { resume: session, earlier: WORKED, message: NEXT };
    const { texts } = await sent(bench, wanted, { replays: [] });
    assert.deepEqual([texts[0], texts.at(-1)], ["make a.ts", "Now make b.ts"]);
  }));

Deno.test("messages: an agent that forgets turns gets the first prompt again if its session does not have it", () =>
  withSupervisor(async (bench) => {
    const wanted = { resume: session, earlier: WORKED, message: NEXT };
    const told = { replays: ["<session_context>a folder</session_context>"] };
    const { texts } = await sent(bench, wanted, { ...told, profile: "gemini" });
    assert.deepEqual([texts[0], texts.at(-1)], ["make a.ts", "Now make b.ts"]);
    assert.deepEqual((await sent(bench, wanted, told)).texts, ["Now make b.ts"]);
  }));

Deno.test("messages: one that the agent was told before its turn was interrupted is not told again", () =>
  withSupervisor(async (bench) => {
    const message = { ...NEXT, mayBeTold: true };
    const wanted = { resume: session, earlier: { ...WORKED, stopped: "the server was ended" }, message };
    const told = await sent(bench, wanted, { replays: ["make a.ts", "Now make b.ts"] });
    assert.equal(told.texts.length, 1);
    assert.match(told.texts[0]!, /^Continue where you stopped\. .*the server was ended/);

    const untold = await sent(bench, wanted, { replays: ["make a.ts", "Now make b.ts, or c.ts"] });
    assert.deepEqual(untold.texts, ["Now make b.ts"]);
    assert.deepEqual(untold.run.logs("warn"), []);
  }));

Deno.test("messages: what came into the interrupted turn is told again if the agent has not had it", () =>
  withSupervisor(async (bench) => {
    const steered = [{ text: "rather red" }, { text: "and wide" }];
    const earlier = { ...WORKED, stopped: "the server was ended" };
    const resume = session;
    const goesOn = await sent(bench, { resume, earlier, steered }, { replays: ["make a.ts", "rather red"] });
    assert.match(goesOn.texts[0]!, /^Continue where you stopped/);
    assert.deepEqual(goesOn.texts.slice(1), ["and wide"]);
    const message = { ...NEXT, mayBeTold: true };
    const untold = await sent(bench, { resume, earlier, steered, message });
    assert.deepEqual(untold.texts, ["Now make b.ts", "rather red", "and wide"]);
    const lost = await sent(bench, { resume: { session_id: "gone" }, earlier, steered, message });
    assert.deepEqual(lost.texts.slice(2), ["Now make b.ts", "rather red", "and wide"]);
  }));

Deno.test("messages: the same words as before are another message", () =>
  withSupervisor(async (bench) => {
    const message = { text: "go on", mayBeTold: true, copies: 1 };
    const wanted = { resume: session, earlier: WORKED, message };
    const untold = await sent(bench, wanted, { replays: ["make a.ts", "go on"] });
    assert.deepEqual(untold.texts, ["go on"]);
    const told = await sent(bench, wanted, { replays: ["make a.ts", "go on", ["go ", "on"]] });
    assert.match(told.texts[0]!, /^Continue where you stopped/);
  }));

Deno.test("messages: without a replay one is told at least once, and the log says so", () =>
  withSupervisor(async (bench) => {
    const message = { ...NEXT, mayBeTold: true };
    const wanted = { resume: session, earlier: WORKED, message };
    const { texts, run } = await sent(bench, wanted, { capabilities: RESUMES });
    assert.deepEqual(texts, ["Now make b.ts"]);
    assert.match(run.logs("warn").join("\n"), /^The last message is told again/);
    const first = await sent(bench, { ...wanted, message: NEXT }, { capabilities: RESUMES });
    assert.deepEqual(first.run.logs("warn"), []);
  }));

Deno.test("messages: attachments of the message go with it, those of the task only to a new session", () =>
  withSupervisor(async (bench) => {
    const path = `${bench.folder}/kept`;
    await Deno.writeTextFile(path, "some notes");
    const of = (name: string) => ({ id: name, name, mime_type: "text/plain", bytes: 10, path });
    const wanted = {
      resume: session,
      earlier: WORKED,
      attachments: [of("first.txt")],
      message: { ...NEXT, attachments: [of("second.txt")] },
    };
    const names = ({ blocks }: { blocks: { resource?: { uri: string } }[] }) =>
      blocks.flatMap(({ resource }) => resource?.uri.split("/").at(-1) ?? []);
    assert.deepEqual(names(await sent(bench, wanted)), ["second.txt"]);
    const lost = { ...wanted, resume: { session_id: "gone" } };
    assert.deepEqual(names(await sent(bench, lost)), ["first.txt", "second.txt"]);
  }));

Deno.test("replay: a text is recognized in pieces and with more around it, but not a short one inside of another", () => {
  const replay = new Replay(BUILT_IN_MAKES.all.find(({ name }) => name === "generic")!);
  const tell = (text: string, messageId?: string) =>
    replay.take({ sessionUpdate: "user_message_chunk", messageId, content: { type: "text", text } });
  const long = "Make the button on the settings page as wide as the others are.";
  tell("yes please", "1");
  tell("yes", "2");
  tell("in\n  pieces", "2");
  tell(`<context>\n${long}\n</context>`, "3");
  replay.take({ sessionUpdate: "agent_message_chunk", content: { type: "text", text: "yes" } });
  const times = ["yes", "please", "in pieces", long, "", "never said"].map((text) => replay.timesTold(text));
  assert.deepEqual(times, [1, 0, 1, 1, 0, 0]);
  assert.equal(replay.count, 5);
  replay.forget();
  assert.deepEqual([replay.count, replay.timesTold("yes")], [0, 0]);
});
