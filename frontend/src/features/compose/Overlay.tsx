// The windows, loaded when there is the first one.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { problem } from "../../state/toasts";
import { held, windows } from "./windows";

export function Overlay() {
  const [found, setFound] = useState<{ Dock: ComponentType } | null>(null);
  const wanted = windows.value.length > 0 || held.value.length > 0;
  useEffect(() => {
    if (wanted && !found) import("./parts/Dock").then(({ Dock }) => setFound({ Dock }), problem);
  }, [wanted]);
  return found && wanted ? <found.Dock /> : null;
}
