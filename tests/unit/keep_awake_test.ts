/** The program that keeps the machine awake: held while it is needed, and ended with the server. */
import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { awakeProgram, KeepAwake } from "../../src/host/keep_awake.ts";
import { until } from "../fixtures/until.ts";

async function recorded(test: (records: LogRecord[]) => Promise<void>): Promise<void> {
  const records: LogRecord[] = [];
  await configure({
    sinks: { list: (record) => void records.push(record) },
    loggers: [
      { category: ["opencode-agents"], sinks: ["list"], lowestLevel: "info" },
      { category: ["logtape", "meta"], lowestLevel: null },
    ],
  });
  try {
    await test(records);
  } finally {
    await reset();
  }
}

/** Leaves a file once it runs, and `file` once it has ended, as it does when its stdin is closed. */
function holding(file: string): readonly string[] {
  return [
    "sh",
    "-c",
    'exec 3<&0; trap "echo ended >\\"$0\\"; exit" TERM; echo >"$0.begun"; cat <&3 & wait; echo ended >"$0"',
    file,
  ];
}

const exists = (file: string) => Deno.stat(file).then(() => true, () => false);

Deno.test("a program is held while something runs, and ended when nothing does", () =>
  recorded(async (records) => {
    const dir = await Deno.makeTempDir({ prefix: "oa-awake-" });
    const awake = new KeepAwake({ command: holding(`${dir}/ended`), env: Deno.env.toObject() });
    awake.set(true);
    awake.set(true);
    assert.equal(awake.isHolding, true);
    await until(() => exists(`${dir}/ended.begun`));
    assert.equal(await exists(`${dir}/ended`), false);
    awake.set(false);
    assert.equal(awake.isHolding, false);
    await until(() => exists(`${dir}/ended`));
    assert.deepEqual(records, []);
    await Deno.remove(dir, { recursive: true });
  }));

Deno.test("if it cannot be had, the log says so once", () =>
  recorded(async (records) => {
    for (const command of [undefined, ["/no/such/program"], ["false"]]) {
      const awake = new KeepAwake({ command, env: Deno.env.toObject() });
      records.length = 0;
      awake.set(true);
      await until(() => !awake.isHolding && records.length > 0);
      awake.set(true);
      awake.set(false);
      awake.set(true);
      assert.equal(awake.isHolding, false);
      assert.equal(records.length, 1);
      assert.match(records[0]!.message.join(""), /cannot be kept awake while tasks run: /);
    }
  }));

Deno.test("each platform has its program, which ends with the server", () => {
  assert.equal(awakeProgram("linux", 7)?.at(-1), "cat");
  assert.deepEqual(awakeProgram("darwin", 7)?.slice(-2), ["-w", "7"]);
  assert.equal(awakeProgram("windows", 7), undefined);
});
