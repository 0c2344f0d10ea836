// All windows in which something is written, side by side at the bottom; those for which there is no room are folded. On a phone one at a time.
import { useEffect, useState } from "preact/hooks";
import { windows } from "../windows";
import { ComposeWindow } from "./ComposeWindow";
import { HeldToasts } from "./HeldToasts";
import "../compose.css";

const WIDTH = 560;
const PHONE = 720;

export function Dock() {
  const room = useRoom();
  const all = windows.value;
  const open = all.filter((one) => one.mode.value !== "small").sort((a, b) => b.turn - a.turn);
  const full = open[0]?.mode.value === "full";
  const visible = new Set(open.slice(0, full ? 1 : room));
  return (
    <>
      {full && <div class="compose-shade" />}
      <div class="compose-dock">
        {all.map((one) => (
          <ComposeWindow key={one.key} one={one} folded={!visible.has(one)} />
        ))}
      </div>
      <HeldToasts />
    </>
  );
}

function useRoom(): number {
  const count = () => (innerWidth < PHONE ? 1 : Math.max(1, Math.floor((innerWidth - 40) / WIDTH)));
  const [room, setRoom] = useState(count);
  useEffect(() => {
    const changed = () => setRoom(count());
    addEventListener("resize", changed);
    return () => removeEventListener("resize", changed);
  }, []);
  return room;
}
