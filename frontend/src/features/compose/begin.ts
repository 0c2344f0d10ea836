// Done once when somebody has signed in: windows of before, what can be called back, how much waits; links of mail in our own pages.
import { waitingHere } from "../../offline/keeper";
import { allWaiting } from "../../offline/store";
import { problem } from "../../state/toasts";
import { keptWindows } from "./kept";
import { outboxCount } from "./windows";

let begun = false;

export async function begin(): Promise<void> {
  if (begun) return;
  begun = true;
  document.addEventListener("click", mailLink);
  if (keptWindows().length) void import("./open").then(({ restore }) => restore()).catch(problem);
  if (await waitingHere()) outboxCount.value = (await allWaiting("outbox")).length;
  const { restoreHeld, scheduled } = await import("./pending");
  restoreHeld();
  await scheduled();
}

function mailLink(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.("a");
  if (!link || event.defaultPrevented || !/^mailto:/i.test(link.href)) return;
  event.preventDefault();
  void import("./open").then(({ openMailto }) => openMailto(link.href)).catch(problem);
}
