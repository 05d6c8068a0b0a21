/** A fact in a list of them: its name and its value. */
import type { ComponentChildren } from "preact";

/** Shows nothing without a value. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (!children && children !== 0) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}
