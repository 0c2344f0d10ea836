// Meaning everything that the list matches, not only what has been fetched of it.
import { countAll, meanEverything } from "../../state/bulk";
import { source } from "../../state/list";
import { markAllKnown } from "../../state/selection";

export async function meanAll(): Promise<void> {
  const shown = source.peek()?.key;
  const total = await countAll();
  if (source.peek()?.key !== shown || !total) return;
  markAllKnown();
  meanEverything(total);
}
