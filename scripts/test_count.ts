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

/**
 * The whole run's count: the tests, and each check (formatting, lint, types) as one more. A runner that failed
 * without saying so in a closing line is a failure too.
 */
export function totalCount(tests: Count | undefined, runner_ok: boolean, checks_ok: boolean[]): Count {
  const total = tests ? { ...tests } : { passed: 0, failed: 0, skipped: 0 };
  if (total.failed === 0 && (!runner_ok || !tests)) total.failed = 1;
  for (const ok of checks_ok) ok ? total.passed++ : total.failed++;
  return total;
}

/** The line that `deno task test` ends with. */
export function summary({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed` + (skipped > 0 ? `, ${skipped} skipped` : "");
}
