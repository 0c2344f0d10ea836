// The server is asked again, and what was missed comes in.
import { offline } from "../../offline/keeper";
import { look } from "../../state/session";
import { touchList } from "../../state/list";
import { catchUp } from "../../state/sync";

export async function askAgain(): Promise<void> {
  await look();
  if (offline.peek()) return;
  await catchUp();
  touchList();
}
