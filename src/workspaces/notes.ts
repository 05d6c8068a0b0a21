/** What is to be said of a workspace in its task's log. */
import type { SavedWork } from "../domain/workspace.ts";

export type Note = NonNullable<SavedWork["notes"]>[number];
