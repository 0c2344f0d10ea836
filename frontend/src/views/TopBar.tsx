// The bar at the top: menu, name, search, and the account.
import { t } from "../i18n/words";
import { offline } from "../offline/keeper";
import { live } from "../state/sync";
import type { Drawer } from "./drawer";
import { Icon } from "./Icon";
import { Slot } from "./Slot";

export function TopBar({ drawer }: { drawer: Drawer }) {
  return (
    <header class="top">
      <button type="button" class="quiet only-narrow" aria-label={t("frame.menu")} aria-expanded={drawer.open} onClick={() => drawer.setOpen(!drawer.open)}>
        <Icon name="menu" />
      </button>
      <a class="brand" href="/mail/folder/inbox">
        <img src="/mail/icon.svg" width="26" height="26" alt="" />
        <span>Postroom</span>
      </a>
      <div class="middle">
        <Slot name="top.search" />
      </div>
      {!live.value && !offline.value && (
        <span class="offline" role="status">
          {t("frame.offline")}
        </span>
      )}
      <Slot name="top.end" />
    </header>
  );
}
