/** The graph in words: each task with its dependencies and its dependents. */
import { Crosshair } from "lucide-preact";
import { Fragment } from "preact";
import { Link } from "wouter-preact";
import type { Task } from "../../../../domain/task.ts";
import { ProgressBar, StatusBadge } from "../../../ui/status.tsx";
import { VirtualList } from "../../../ui/virtual_list.tsx";
import type { Dependencies } from "./dependencies.ts";
import { failedOf } from "./graph_view.tsx";

const ROW_PX = 96;

export interface GraphListProps {
  tasks: readonly Task[];
  all: Dependencies;
  hrefOf: (id: string) => string;
}

export function GraphList({ tasks, all, hrefOf }: GraphListProps) {
  return (
    <VirtualList
      class="graph-list"
      label="Tasks and what they wait for"
      count={tasks.length}
      estimated_height={ROW_PX}
      keyOf={(index) => tasks[index]!.id}
      row={(index) => <Row task={tasks[index]!} all={all} hrefOf={hrefOf} />}
    />
  );
}

function Row({ task, all, hrefOf }: { task: Task; all: Dependencies; hrefOf: (id: string) => string }) {
  const { id, description, status } = task;
  const failed = failedOf(task, all);
  return (
    <div class="graph-row">
      <div class="graph-row-head">
        <Link class="clip" href={`/tasks/${id}`}>{description}</Link>
        <StatusBadge status={status} />
        <Link
          class="button icon-button"
          href={hrefOf(id)}
          aria-label={`Show only what is connected to ${id}`}
        >
          <Crosshair size={16} aria-hidden="true" />
        </Link>
      </div>
      {status === "running" && <ProgressBar task={task} />}
      {failed && <p class="graph-row-failed">It failed because {failed} did not complete.</p>}
      <Names name="Waits for" none="Waits for nothing" ids={all.waitsFor.get(id)} all={all} />
      <Names name="Waited for by" none="Nothing waits for it" ids={all.waitedForBy.get(id)} all={all} />
    </div>
  );
}

interface NamesProps {
  name: string;
  none: string;
  ids?: readonly string[] | undefined;
  all: Dependencies;
}

function Names({ name, none, ids = [], all }: NamesProps) {
  if (ids.length === 0) return <p class="muted">{none}</p>;
  return (
    <p class="muted">
      {name} {ids.map((id, i) => (
        <Fragment key={id}>
          {i > 0 && ", "}
          <Link href={`/tasks/${id}`}>{id}</Link> ({all.tasks.get(id)?.status})
        </Fragment>
      ))}
    </p>
  );
}
