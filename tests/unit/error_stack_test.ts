/** Which errors show their stack in the log. */
import assert from "node:assert/strict";
import { unexpectedStack } from "../../src/boot/error_stack.ts";
import { ApiError } from "../../src/domain/errors.ts";

Deno.test("a bug shows its stack, an expected error does not", () => {
  const bug = new TypeError("x is not a function");
  assert.equal(unexpectedStack(bug), bug.stack);
  assert.equal(unexpectedStack(new ApiError("TASK_NOT_FOUND", "There is no task 'x'")), undefined);
});

Deno.test("the stack of an error for want of a file is never written out, since Deno would end the process", () => {
  const read: string[] = [];
  const outOfFiles = (fields: { message: string; code?: string }) =>
    Object.defineProperty(Object.assign(new Error(fields.message), fields), "stack", {
      get: () => read.push(fields.message) && "a stack",
    });
  for (
    const fields of [
      { message: "Too many open files (os error 24): remove 'x'", code: "EMFILE" },
      { message: "Too many open files in system (os error 23)", code: "ENFILE" },
      { message: "Http: Error: Too many open files (os error 24)" },
    ]
  ) assert.equal(unexpectedStack(outOfFiles(fields)), undefined);
  assert.deepEqual(read, []);
  assert.equal(
    unexpectedStack(outOfFiles({ message: "No such file (os error 2)", code: "ENOENT" })),
    "a stack",
  );
});
