/** What a run of `deno test` came to, read from its closing line. */

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** `ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms)`, the form in which `deno test` ends. */
const CLOSING_LINE =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/;

/** The count that this line of a test run closes with; undefined when it is any other line. */
export function closingCount(line: string): Count | undefined {
  const found = CLOSING_LINE.exec(line);
  if (!found) return undefined;
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) };
}

/** What one test process came to. One that failed without saying so in a closing line counts as a failure. */
export function countOf(output: string, succeeded: boolean): Count {
  const counts = output.split("\n").map(closingCount).filter((count) => count !== undefined);
  const count = counts.at(-1);
  if (count === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return !succeeded && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** The whole run's count: the tests, and each check (formatting, lint, types) as one more. */
export function totalCount(tests: Count[], checks_ok: boolean[]): Count {
  const checks = checks_ok.map((ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }));
  return [...tests, ...checks].reduce((sum, one) => ({
    passed: sum.passed + one.passed,
    failed: sum.failed + one.failed,
    skipped: sum.skipped + one.skipped,
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** The line that `deno task test` ends with. */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
