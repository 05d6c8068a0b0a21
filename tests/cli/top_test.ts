/** `top` in a real pseudo-terminal, driven by keys. */
import assert from "node:assert/strict";
import { withCli } from "./fixtures/cli.ts";

/** The alternate screen is left and the cursor shown. */
// deno-lint-ignore no-control-regex
const RESTORED = /\x1b\[\?25h\x1b\[\?1049l[^\x1b]*$/;

Deno.test("cli top: the board is live, keys act, and the terminal is restored", () =>
  withCli(async (bench) => {
    await bench.run(["run", "echo from long; sleep 60", "--id", "long"]);
    await bench.taskIs("long", /running/);
    const top = bench.inTerminal(["top"], 100, 30);
    await top.says("\x1b[?1049h\x1b[?25l");
    await top.says(/> long\s+running/);
    await top.says("from long");

    await bench.run(["run", "demo:ask=2 demo:steps=3 demo:delay=10", "--agent", "demo", "--id", "asks"]);
    await top.says(/ASKS: Edit/);
    // It needs somebody, so it stands above the selected one.
    await top.type("k");
    await top.says(/> asks/);
    await top.type("a");
    await top.says("+++ b/demo.md");
    await top.says("y allow once");
    // The same key again allows nothing.
    await top.type("aaa");
    await top.type("y");
    await top.says("allowed what task asks asked for");
    await bench.taskIs("asks", /completed/);
    await top.says(/asks\s+completed/);

    await top.type("\x1b[A\x1b[A");
    await top.type("p");
    await bench.taskIs("long", /paused/);
    await top.says(/long\s+paused/);
    await top.type("p");
    await bench.taskIs("long", /running/);
    await top.type("c");
    await top.says("cancel task long? y/n");
    await top.type("n");
    await top.says("nothing was done");
    await top.type("cy");
    await bench.taskIs("long", /cancelled/);
    await top.says("task long cancelled");
    await top.type("r");
    await bench.taskIs("long", /running/);
    await top.type("p");
    await bench.taskIs("long", /paused/);
    await top.type("\r");
    await top.says("── long, paused");
    await top.type("q");
    await top.type("q");
    assert.equal((await top.ended).code, 0);
    assert.match(top.stdout, RESTORED);
  }));

Deno.test("cli top: Ctrl-C quits, also after the server was lost", () =>
  withCli(async (bench) => {
    await bench.run(["run", "sleep 60", "--id", "long"]);
    const top = bench.inTerminal(["top", "--url", bench.server.url], 100, 24);
    await top.says(/> long/);
    await bench.server.stop("SIGKILL");
    await top.says("connection lost, trying again");
    await top.type("\x03");
    assert.equal((await top.ended).code, 0);
    assert.match(top.stdout, RESTORED);
  }));

Deno.test("cli top: without a server, it says so on the normal screen", () =>
  withCli(async (bench) => {
    const top = bench.inTerminal(["top", "--url", "http://127.0.0.1:1"], 100, 24);
    assert.equal((await top.ended).code, 1);
    assert.match(top.stdout, /CONNECTION_LOST/);
    assert.ok(!top.stdout.includes("\x1b[?1049h"));
  }));
