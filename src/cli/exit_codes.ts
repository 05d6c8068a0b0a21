/** The exit codes of the program. Above 128 they are those that a shell reports for a program that a signal has ended. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  hung_up: 129,
  cancelled: 130,
  unread: 141,
  terminated: 143,
} as const;
