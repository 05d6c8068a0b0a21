/** The change of one file, as an agent reported it: kept in the details of log entries and permission requests. */
export interface FileDiff {
  /** Relative to the working folder if it is inside. */
  path: string;
  /** Lines. */
  added: number;
  /** Absent if the agent did not report the previous content. */
  removed?: number;
  /** Unified; absent if the texts cannot be shown. */
  patch?: string;
  /** What is missing in the patch, and why. */
  note?: string;
}
