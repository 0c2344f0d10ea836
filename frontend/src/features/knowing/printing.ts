// One message on paper: everything else is left out by the sheet (styles/print.css).
import type { Id } from "../../jmap/records";

export function printMessage(id: Id): void {
  const message = document.getElementById(`message-${id}`);
  message?.classList.add("printed");
  document.documentElement.classList.add("printing");
  const done = () => {
    message?.classList.remove("printed");
    document.documentElement.classList.remove("printing");
  };
  addEventListener("afterprint", done, { once: true });
  print();
}
