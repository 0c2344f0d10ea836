// The windows, loaded when there is the first one.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { problem } from "../../state/toasts";
import { held, redirecting, windows } from "./windows";

export function Overlay() {
  const [found, setFound] = useState<{ Dock: ComponentType } | null>(null);
  const wanted = windows.value.length > 0 || held.value.length > 0;
  useEffect(() => {
    if (wanted && !found) import("./parts/Dock").then(({ Dock }) => setFound({ Dock }), problem);
  }, [wanted]);
  return (
    <>
      {found && wanted ? <found.Dock /> : null}
      <Redirect />
    </>
  );
}

function Redirect() {
  const id = redirecting.value;
  const [found, setFound] = useState<{ Dialog: ComponentType<{ id: string }> } | null>(null);
  useEffect(() => {
    if (id !== null && !found) import("./parts/RedirectDialog").then(({ RedirectDialog }) => setFound({ Dialog: RedirectDialog }), problem);
  }, [id !== null]);
  return found && id !== null ? <found.Dialog key={id} id={id} /> : null;
}
