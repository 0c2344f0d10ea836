// The frame of a signed-in page: top bar, mailboxes, and beside them a list with its conversation, or a page. On a phone one at a time.
import { useEffect, useMemo, useRef } from "preact/hooks";
import { commands, features, routes } from "../features/present";
import { language, t } from "../i18n/words";
import type { Session } from "../jmap/records";
import { Keyboard } from "../keys/keyboard";
import { listReady, listShown, openList, source } from "../state/list";
import { loadMailboxes, loadRoles, structure } from "../state/mailboxes";
import { follow, go, match, place } from "../state/route";
import { cursor, unmarkAll } from "../state/selection";
import { startSync, stopSync } from "../state/sync";
import { showThread } from "../state/thread";
import { problem } from "../state/toasts";
import { useDrawer } from "./drawer";
import { ListPane } from "./ListPane";
import { PageView } from "./PageView";
import { ReadingPane } from "./ReadingPane";
import { Sidebar } from "./Sidebar";
import { Slot } from "./Slot";
import { TopBar } from "./TopBar";

export function Frame({ session }: { session: Session }) {
  useStart(session);
  useKeys();
  const { path, query } = place.value;
  const drawer = useDrawer(path);
  const known = structure.value;
  const found = known.length ? resolve(path) : null;
  const thread = found?.values["thread"];
  useEffect(() => {
    if (!found && known.length) return go("/folder/inbox", true);
    const list = found?.route.list?.(found.values, query);
    if (list) {
      if (list.key !== source.peek()?.key) {
        cursor.value = -1;
        unmarkAll();
      }
      void openList(list);
    }
    listShown.value = found?.route.list !== undefined;
    if (found?.route.list) void showThread(thread);
  }, [path, query.toString(), known, language.value]);
  const page = found?.route.page;
  return (
    <div class={`frame${drawer.open ? " drawer" : ""}${thread ? " reading" : ""}${page ? " paged" : ""}`} onClick={follow}>
      <a class="skip" href="#list">
        {t("frame.skip")}
      </a>
      <TopBar drawer={drawer} />
      <Sidebar />
      <div class="shade" onClick={() => drawer.setOpen(false)} />
      {page && found ? <PageView key={found.route.pattern} load={page} values={found.values} query={query} /> : <Mail />}
      <Slot name="overlay" />
    </div>
  );
}

function Mail() {
  return (
    <main class="mail">
      <ListPane />
      <ReadingPane />
    </main>
  );
}

// The list first: what it shows is looked at, while thousands of mailboxes come.
async function loadAll(): Promise<void> {
  await loadRoles().catch(() => {}); // the same is asked for once more
  const { path, query } = place.peek();
  const found = resolve(path);
  const list = found?.route.list?.(found.values, query);
  if (list) await openList(list);
  await loadMailboxes();
}

function resolve(path: string) {
  for (const route of routes()) {
    const values = match(route.pattern, path);
    if (values) return { route, values };
  }
  return null;
}

function useStart(session: Session): void {
  useEffect(() => {
    const begin = async () => {
      await Promise.all([loadAll(), startSync(session)]);
    };
    void begin().catch(problem);
    return stopSync;
  }, [session.username]);
  const ready = listReady.value;
  const started = useRef(false);
  useEffect(() => {
    if (!ready || started.current) return;
    started.current = true;
    for (const feature of features()) void Promise.resolve(feature.start?.()).catch(problem);
  }, [ready]);
}

function useKeys(): void {
  const keyboard = useMemo(() => new Keyboard(commands()), []);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && keyboard.press(event)) event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [keyboard]);
}
