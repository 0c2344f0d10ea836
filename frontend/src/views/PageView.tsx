// A feature's page, fetched when it is opened.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Route, Values } from "../features/feature";
import { problem } from "../state/toasts";

type Load = NonNullable<Route["page"]>;
type Shown = ComponentType<{ values: Values; query: URLSearchParams }>;

export function PageView({ load, values, query }: { load: Load; values: Values; query: URLSearchParams }) {
  const [found, setFound] = useState<{ Page: Shown } | null>(null);
  useEffect(() => {
    load().then((module) => setFound({ Page: module.default }), problem);
  }, [load]);
  return (
    <main class="page" id="list" tabIndex={-1}>
      {found && <found.Page values={values} query={query} />}
    </main>
  );
}
