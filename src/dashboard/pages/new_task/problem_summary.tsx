/** All problems, each with a link to its field. */
import type { RefObject } from "preact";
import { duration } from "../../../protocol/formats.ts";
import { now } from "../../ui/time.tsx";
import { elementId, nameOf, type Problem, problems } from "./problems.ts";

export function ProblemSummary({ box }: { box: RefObject<HTMLDivElement> }) {
  const all = problems.value;
  if (all.length === 0) return null;
  return (
    <div ref={box} class="notice notice-error problem-summary" role="alert" tabIndex={-1}>
      <strong>
        {all.length === 1 ? "Not sent. Fix this:" : `Not sent. Fix these ${all.length}:`}
      </strong>
      <ul>
        {all.map((problem) => (
          <li key={`${problem.field} ${problem.message}`}>
            <Line problem={problem} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Line({ problem }: { problem: Problem }) {
  const { field, message, code, again_at } = problem;
  const name = nameOf(field);
  return (
    <>
      {name === undefined ? <span>{message}</span> : (
        <>
          <a
            href={`#${elementId(field!)}`}
            onClick={(event) => {
              // A real link would change the hash, which holds the page's address.
              event.preventDefault();
              document.getElementById(elementId(field!))?.focus();
            }}
          >
            {name}
          </a>
          : {message}
        </>
      )} {code && <code>{code}</code>}
      {again_at !== undefined && (
        <strong>
          {" "}
          {again_at > now.value
            ? `Try again in ${duration(1000 * Math.ceil((again_at - now.value) / 1000))}.`
            : "You can try again now."}
        </strong>
      )}
    </>
  );
}
