/** What the engine asks of a forge, and of git for it. */
import type { Feedback, ForgeKind, PullRequestFacts } from "./pull_request.ts";

/** Where pull requests of a repository are. */
export interface ForgePlace {
  forge: ForgeKind;
  /** HOST/OWNER/NAME; absent if the remote's address does not say. Then the forge's program finds it by the folder. */
  repository?: string;
  /** The folder in which the forge's program works. */
  folder: string;
}

export interface PullRequestOrder {
  branch: string;
  title: string;
  body: string;
  draft: boolean;
  /** Absent: the repository's default branch. */
  into?: string;
}

export interface PullRequestEdit {
  title?: string;
  body?: string;
}

/** A commit of this task, and the branch of the remote that gets it. */
export interface PushOrder {
  /** git's folder of the repository. */
  common_dir: string;
  remote: string;
  commit: string;
  branch: string;
}

/** Each method throws `ApiError` without secrets in it, and soon after `signal` aborts. */
export interface Remotes {
  /** The addresses as they are configured, and as git uses them. Throws `INVALID_FIELD_VALUE` for an unknown remote. */
  addressesOf(common_dir: string, remote: string): Promise<string[]>;
  /**
   * The name under which the commit can be pushed: `branch`, else with `-2`, `-3`, … if others have a branch of that name.
   */
  freeBranch(order: PushOrder, signal: AbortSignal): Promise<string>;
  /** Pushes without force. Throws `CHANGES_CONFLICT` if the remote refuses it, else `SERVICE_UNAVAILABLE`. */
  push(order: PushOrder, signal: AbortSignal): Promise<void>;
  /** The last commit of a local branch; undefined without one. */
  headOf(common_dir: string, branch: string): Promise<string | undefined>;
  /** The name that a branch has on the remote; undefined if that is not known. */
  remoteBranch(common_dir: string, remote: string, name: string): Promise<string | undefined>;
}

/** Each method throws `ApiError` `SERVICE_UNAVAILABLE`, and soon after `signal` aborts. */
export interface Forges {
  /** Throws if the forge's program is missing. */
  require(forge: ForgeKind): Promise<void>;
  /** The open pull request of the branch, if there is one. */
  find(place: ForgePlace, branch: string, signal: AbortSignal): Promise<PullRequestFacts | undefined>;
  /** Opens one. Returns its address. */
  create(place: ForgePlace, order: PullRequestOrder, signal: AbortSignal): Promise<string>;
  edit(place: ForgePlace, number: number, edit: PullRequestEdit, signal: AbortSignal): Promise<void>;
  look(place: ForgePlace, number: number, signal: AbortSignal): Promise<PullRequestFacts>;
  /** Failed checks and comments of others, the oldest first. */
  feedback(place: ForgePlace, pull: PullRequestFacts, signal: AbortSignal): Promise<Feedback[]>;
}
