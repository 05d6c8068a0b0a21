/** How a process ended, in words. Pure. */
import { constants } from "node:os";

export interface ExitStatus {
  code: number;
  signal: string | null;
}

/** From this number on, a shell's exit code is that of a signal which ended its command. */
export const SIGNALLED = 128;

/** Such as `Exit code 3`, `Killed by SIGSEGV` or `Exit code 137 (SIGKILL)`: a shell passes a signal on as a code. */
export function exitText({ code, signal }: ExitStatus): string {
  return signal === null ? `Exit code ${codeText(code)}` : `Killed by ${signal}`;
}

/** The code, with the signal that it stands for. */
export function codeText(code: number): string {
  const passed_on = Object.entries(constants.signals).find(([, number]) => number === code - SIGNALLED);
  return passed_on === undefined ? String(code) : `${code} (${passed_on[0]})`;
}
