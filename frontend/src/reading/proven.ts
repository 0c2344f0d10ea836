// Whether it is proven that a message comes from the address that it names: anybody can write any.
import { useEffect, useState } from "preact/hooks";
import { factsOf } from "../features/knowing/facts";
import { verdictOf } from "../features/knowing/verdict";
import type { Id } from "../jmap/records";

/** Undefined: not known yet. */
export function useProven(id: Id): boolean | undefined {
  const [found, setFound] = useState<{ id: Id; proven: boolean }>();
  useEffect(() => {
    let wanted = true;
    const tell = (proven: boolean) => wanted && setFound({ id, proven });
    factsOf(id).then(({ verdicts }) => tell(verdictOf(verdicts ?? []) === "proven"), () => tell(false));
    return () => void (wanted = false);
  }, [id]);
  return found?.id === id ? found.proven : undefined;
}
