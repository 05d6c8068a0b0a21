/** The outcome of a run of `deno test`, read from its closing line. */

export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** `ok | 3 passed (2 steps) | 0 failed | 1 ignored (5ms)`, the form in which `deno test` ends. */
const CLOSING_LINE =
  /^(?:ok|FAILED) \| (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed(?: \(\d+ steps?\))?(?: \| (\d+) ignored)?/;

/** The count in a test run's closing line; undefined for any other line. */
export function closingCount(line: string): Count | undefined {
  const found = CLOSING_LINE.exec(line);
  if (!found) return undefined;
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) };
}

/** The outcome of one test process. A process that fails without a closing line counts as one failure. */
export function countOf(output: string, succeeded: boolean): Count {
  const counts = output.split("\n").map(closingCount).filter((count) => count !== undefined);
  const count = counts.at(-1);
  if (count === undefined) return { passed: 0, failed: 1, skipped: 0 };
  return !succeeded && count.failed === 0 ? { ...count, failed: 1 } : count;
}

/** The whole run's count: all tests, plus one for each check (formatting, lint, types). */
export function totalCount(tests: Count[], checks_ok: boolean[]): Count {
  const checks = checks_ok.map((ok) => ({ passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 }));
  return [...tests, ...checks].reduce((sum, one) => ({
    passed: sum.passed + one.passed,
    failed: sum.failed + one.failed,
    skipped: sum.skipped + one.skipped,
  }), { passed: 0, failed: 0, skipped: 0 });
}

/** The last line of `deno task test`. */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
