/**
 * Version 1: values written before they carried a version. A lease named the instance of the server that held it; since
 * version 2 it names a node and the attempt.
 */
import type { Migration } from "./migration.ts";

interface State1 {
  attempt: number;
  lease?: { instance?: string; fencing: number };
}

export const fromVersion1: Migration = {
  "task.state": (value) => {
    const state = value as State1;
    if (state?.lease?.instance === undefined) return state;
    const { instance, fencing } = state.lease;
    return { ...state, lease: { node: instance, attempt: state.attempt, fencing } };
  },
};
